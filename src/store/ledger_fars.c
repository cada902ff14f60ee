/* Where mail went. */
#include "store/ledger_inside.h"

#include "base/err.h"

#include <string.h>

struct far {
	struct ledger_entry entry;
	const char *relay, *version, *cipher, *kex, *policy, *result, *outcome; /* words */
	bool is_stored;
	enum store_seal seal_before; /* with what is in the file */
	int64_t first_s, last_s;
	uint64_t sessions, failed, messages, bytes; /* to be added to it */
	enum store_seal seal;                       /* of these; NONE: there was none */
	char address[STORE_TEXT_MAX + 1];
	char domain[STORE_TEXT_MAX + 1];
	char mx[STORE_TEXT_MAX + 1];
};

static uint64_t hash_of(const struct store_ledger *l, const struct ledger_seen *seen)
{
	return ledger_hash(l, ledger_hash(l, ledger_hash(l, 0, seen->edge), seen->domain),
	                   seen->mx);
}

static bool is_of(const struct far *f, const struct ledger_seen *seen)
{
	return f->relay == seen->edge && !strcmp(f->domain, seen->domain) &&
	       !strcmp(f->mx, seen->mx);
}

static struct far *find(const struct store_ledger *l, const struct ledger_seen *seen)
{
	struct far *f = ledger_table_find(&l->fars, hash_of(l, seen));
	while (f && !is_of(f, seen))
		f = ledger_table_next(f);
	return f;
}

static struct far *far_add(struct store_ledger *l, const struct ledger_seen *seen, bool is_stored,
                           enum store_seal seal_before)
{
	struct far *f = ledger_table_add(&l->fars, hash_of(l, seen), sizeof(*f));
	if (!f)
		return NULL;
	f->relay = seen->edge;
	f->is_stored = is_stored;
	f->seal_before = seal_before;
	f->first_s = f->last_s = seen->record->ended_s;
	f->version = f->cipher = f->kex = ledger_word_none;
	memcpy(f->domain, seen->domain, sizeof(f->domain));
	memcpy(f->mx, seen->mx, sizeof(f->mx));
	return f;
}

static void far_count(struct far *f, const struct ledger_seen *seen)
{
	const struct store_record *r = seen->record;
	f->sessions++;
	f->failed += seen->is_failed;
	f->messages += r->messages;
	f->bytes += r->bytes_in + r->bytes_out;
	f->first_s = f->first_s < r->ended_s ? f->first_s : r->ended_s;
	f->last_s = f->last_s > r->ended_s ? f->last_s : r->ended_s;
	f->policy = seen->policy;
	f->result = seen->result;
	f->outcome = seen->outcome;
	if (*seen->address)
		memcpy(f->address, seen->address, sizeof(f->address));
	if (r->seal == STORE_SEAL_NONE)
		return;
	f->seal = f->seal_before = r->seal;
	f->version = seen->version;
	f->cipher = seen->cipher;
	f->kex = seen->kex;
}

static int stored_seal_read(struct store_ledger *l, const struct ledger_seen *seen,
                            enum store_seal *ret_seal)
{
	struct ledger_binder b = ledger_bind(l, LEDGER_FAR_GET);
	int64_t number = STORE_SEAL_NONE;
	ledger_bind_text(&b, seen->domain);
	ledger_bind_text(&b, seen->mx);
	ledger_bind_text(&b, seen->edge);
	int r = ledger_number(&b, &number);
	*ret_seal = (enum store_seal)number;
	return r;
}

int ledger_far_note(struct store_ledger *l, const struct ledger_seen *seen,
                    enum store_seal *ret_seal, bool *ret_is_new)
{
	struct far *f = find(l, seen);
	int r = 0;
	*ret_is_new = false;
	if (f) {
		*ret_seal = f->seal_before;
	} else {
		r = stored_seal_read(l, seen, ret_seal);
		*ret_is_new = r == LEDGER_NO_ROW;
		f = far_add(l, seen, !*ret_is_new, *ret_seal);
	}
	if (!f)
		return r < 0 ? err_up(r) : LEDGER_FULL;
	far_count(f, seen);
	return r == LEDGER_NO_ROW ? 0 : err_up(r);
}

static int far_write(struct store_ledger *l, const struct far *f)
{
	struct ledger_binder b = ledger_bind(l, LEDGER_FAR_PUT);
	ledger_bind_text(&b, f->domain);
	ledger_bind_text(&b, f->mx);
	ledger_bind_text(&b, f->relay);
	ledger_bind_text(&b, f->address);
	ledger_bind_number(&b, f->first_s);
	ledger_bind_number(&b, f->last_s);
	ledger_bind_number(&b, (int64_t)f->sessions);
	ledger_bind_number(&b, (int64_t)f->failed);
	ledger_bind_number(&b, (int64_t)f->messages);
	ledger_bind_number(&b, (int64_t)f->bytes);
	ledger_bind_number(&b, f->seal);
	ledger_bind_text(&b, f->version);
	ledger_bind_text(&b, f->cipher);
	ledger_bind_text(&b, f->kex);
	ledger_bind_text(&b, f->policy);
	ledger_bind_text(&b, f->result);
	ledger_bind_text(&b, f->outcome);
	return err_up(ledger_run(l, &b, NULL));
}

int ledger_fars_write(struct store_ledger *l)
{
	for (const struct ledger_entry *e = l->fars.first; e; e = e->next) {
		const struct far *f = (const struct far *)e;
		int r = far_write(l, f);
		if (r)
			return err_up(r);
		l->fars_kept.count += !f->is_stored;
	}
	return err_up(ledger_bound_keep(l, &l->fars_kept, LEDGER_FAR_OVER));
}
