#include "store/ledger_judge.h"

#include "store/ledger_refusals.h"

#include <string.h>

static struct ledger_part *part_of(struct ledger_past *past, enum store_seal seal)
{
	switch (seal) {
	case STORE_SEAL_PLAIN:
		return &past->plain;
	case STORE_SEAL_LEGACY:
		return &past->legacy;
	case STORE_SEAL_SEALED:
	case STORE_SEAL_AUTHENTICATED:
		return &past->sealed;
	case STORE_SEAL_NONE:
	case STORE_SEAL_LOCAL:
	case STORE_SEAL_COUNT:
		break;
	}
	return NULL;
}

void ledger_past_add(struct ledger_past *past, const struct ledger_habit *habit, uint64_t hello)
{
	struct ledger_part *part = part_of(past, habit->seal);
	uint64_t sessions = habit->sessions - habit->refused;
	if (habit->hello && !sessions && habit->last_s > past->refused_s)
		past->refused_s = habit->last_s;
	if (!part || !sessions || (part == &past->sealed && habit->hello == hello))
		return;
	if (!part->sessions || habit->first_s < part->first_s)
		part->first_s = habit->first_s;
	if (habit->last_s > part->last_s)
		part->last_s = habit->last_s;
	part->sessions += sessions;
}

static bool is_weaker(const struct ledger_part *sealed, const struct ledger_part *weak)
{
	if (sealed->sessions < STORE_LEDGER_EVENT_SESSIONS)
		return false;
	return weak->sessions * LEDGER_WEAK_SHARE <= sealed->sessions ||
	       sealed->last_s <= weak->first_s;
}

static bool was_refused_before(const struct ledger_past *past, int64_t now_s)
{
	return past->refused_s && past->refused_s > past->sealed.last_s &&
	       now_s - past->refused_s <= LEDGER_REFUSALS_S;
}

unsigned ledger_judge_client(const struct ledger_seen *seen, const struct ledger_past *past,
                             bool was_refused)
{
	const struct store_record *r = seen->record;
	bool is_partner = r->leg == STORE_LEG_INBOUND && !seen->is_user;
	unsigned kinds = 0;
	if (r->seal == STORE_SEAL_PLAIN && (was_refused || was_refused_before(past, r->ended_s)))
		kinds |= 1u << STORE_EVENT_FELL_TO_PLAIN;
	if (r->seal == STORE_SEAL_PLAIN && is_partner && is_weaker(&past->sealed, &past->plain))
		kinds |= 1u << STORE_EVENT_LOST_TLS;
	if (r->seal == STORE_SEAL_LEGACY && is_partner && is_weaker(&past->sealed, &past->legacy))
		kinds |= 1u << STORE_EVENT_OLDER;
	return kinds;
}

static bool is_without_tls(const struct ledger_seen *seen)
{
	if (seen->record->seal == STORE_SEAL_PLAIN)
		return true;
	return seen->record->seal == STORE_SEAL_NONE &&
	       (!strcmp(seen->outcome, "no-tls") || !strcmp(seen->outcome, "tls-failed"));
}

static bool is_sealed(enum store_seal seal)
{
	return seal == STORE_SEAL_SEALED || seal == STORE_SEAL_AUTHENTICATED;
}

/* Where DANE or a pin proved the name, nobody needs a public CA. */
static bool has_lost_ca(const struct store_record *r)
{
	return r->was_trusted && !r->is_trusted &&
	       (r->seal == STORE_SEAL_SEALED || r->seal == STORE_SEAL_LEGACY);
}

unsigned ledger_judge_far(const struct ledger_seen *seen, enum store_seal seal_before)
{
	const struct store_record *r = seen->record;
	unsigned kinds = 0;
	if (r->sealed_before && is_without_tls(seen))
		kinds |= 1u << STORE_EVENT_LOST_TLS;
	if (r->seal == STORE_SEAL_LEGACY && is_sealed(seal_before))
		kinds |= 1u << STORE_EVENT_OLDER;
	if (has_lost_ca(r))
		kinds |= 1u << STORE_EVENT_LOST_CA;
	return kinds;
}
