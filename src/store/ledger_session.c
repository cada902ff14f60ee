/* One session: what is learnt from it, and by whom it is remembered. */
#include "store/ledger_inside.h"

#include "base/err.h"

static void time_note(struct store_ledger *l, int64_t now_s)
{
	l->has_news = true;
	if (!l->began_s)
		l->began_s = now_s;
}

int store_ledger_lost(struct store_ledger *l, uint64_t count, int64_t now_s)
{
	time_note(l, now_s);
	l->lost += count;
	return 0;
}

static void refusal_note(struct store_ledger *l, const struct ledger_seen *seen)
{
	if (seen->is_refused)
		ledger_refusals_note(&l->refusals, seen->address_hash, seen->record->ended_s);
	else if (seen->record->seal >= STORE_SEAL_LEGACY && seen->record->seal != STORE_SEAL_LOCAL)
		ledger_refusals_forget(&l->refusals, seen->address_hash);
}

static bool is_weak(enum store_seal seal)
{
	return seal == STORE_SEAL_PLAIN || seal == STORE_SEAL_LEGACY;
}

/* The first that went wrong stands; a negative before LEDGER_FULL. */
static int worse(int r, int next)
{
	return r < 0 || !next ? r : next;
}

static int client_note(struct store_ledger *l, const struct ledger_seen *seen, bool *ret_is_new)
{
	const struct store_record *record = seen->record;
	struct ledger_past past = {};
	int r = 0;
	if (is_weak(record->seal) && !seen->is_user && *seen->who)
		r = ledger_name_past(l, seen, &past);
	bool was_refused = ledger_refusals_has(&l->refusals, seen->address_hash, record->ended_s);
	unsigned kinds = ledger_judge_client(seen, &past, was_refused);
	refusal_note(l, seen);
	r = worse(r, ledger_events_note(l, seen, kinds, &past));
	return worse(r, ledger_name_note(l, seen, ret_is_new));
}

static int far_note(struct store_ledger *l, const struct ledger_seen *seen, bool *ret_is_new)
{
	enum store_seal seal_before = STORE_SEAL_NONE;
	int r = ledger_far_note(l, seen, &seal_before, ret_is_new);
	return worse(r, ledger_events_note(l, seen, ledger_judge_far(seen, seal_before), NULL));
}

/* By whom it is remembered. */
static int who_note(struct store_ledger *l, const struct ledger_seen *seen, bool *ret_is_new)
{
	switch (seen->record->leg) {
	case STORE_LEG_INBOUND:
	case STORE_LEG_USER:
		return client_note(l, seen, ret_is_new);
	case STORE_LEG_OUTBOUND:
		return far_note(l, seen, ret_is_new);
	case STORE_LEG_INTERNAL:
	case STORE_LEG_COUNT:
		break;
	}
	return 0;
}

static bool is_notable(const struct ledger_seen *seen, bool is_new)
{
	const struct store_record *r = seen->record;
	return is_new || is_weak(r->seal) || r->seal == STORE_SEAL_NONE || seen->is_failed ||
	       r->login_failures;
}

int store_ledger_session(struct store_ledger *l, const struct store_record *record)
{
	struct ledger_seen *seen = &l->seen;
	bool is_new = false;
	time_note(l, record->ended_s);
	ledger_seen_make(seen, &l->words, l->client_address, record);
	bool is_full = ledger_sums_add(&l->sums, seen);
	ledger_hello_touch(l, record);
	int r = who_note(l, seen, &is_new);
	is_full |= r == LEDGER_FULL;
	if (l->keep == STORE_KEEP_ALL || is_notable(seen, is_new))
		is_full |= ledger_row_note(l, seen);
	l->lost += is_full;
	return r < 0 ? err_up(r) : 0;
}
