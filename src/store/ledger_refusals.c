#include "store/ledger_refusals.h"

#include "base/hash.h"

static struct ledger_refusal *set_of(struct ledger_refusals *r, uint64_t address)
{
	return r->sets[hash_place(address, LEDGER_REFUSALS_SETS)];
}

static struct ledger_refusal *find(struct ledger_refusals *r, uint64_t address)
{
	struct ledger_refusal *set = set_of(r, address);
	for (int i = 0; i < LEDGER_REFUSALS_WAYS; i++)
		if (set[i].at_s && set[i].address == address)
			return &set[i];
	return NULL;
}

static struct ledger_refusal *oldest(struct ledger_refusal *set)
{
	struct ledger_refusal *found = set;
	for (int i = 1; i < LEDGER_REFUSALS_WAYS; i++)
		if (set[i].at_s < found->at_s)
			found = &set[i];
	return found;
}

void ledger_refusals_note(struct ledger_refusals *r, uint64_t address, int64_t at_s)
{
	struct ledger_refusal *at = find(r, address);
	if (!at)
		at = oldest(set_of(r, address));
	*at = (struct ledger_refusal){ .address = address, .at_s = at_s };
}

void ledger_refusals_forget(struct ledger_refusals *r, uint64_t address)
{
	struct ledger_refusal *at = find(r, address);
	if (at)
		*at = (struct ledger_refusal){};
}

bool ledger_refusals_has(const struct ledger_refusals *r, uint64_t address, int64_t now_s)
{
	const struct ledger_refusal *at = find((struct ledger_refusals *)r, address);
	return at && now_s - at->at_s <= LEDGER_REFUSALS_S && now_s >= at->at_s;
}
