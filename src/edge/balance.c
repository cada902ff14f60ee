#include "edge/balance.h"

#include "base/hash.h"

/* Each bit of the hash depends on each of the word (the finaliser of MurmurHash3): FNV alone gives
 * names that differ in their last letter weights that are alike. */
static uint64_t mix(uint64_t word)
{
	word ^= word >> 33;
	word *= 0xff51afd7ed558ccdu;
	word ^= word >> 33;
	word *= 0xc4ceb9fe1a85ec53u;
	return word ^ word >> 33;
}

uint64_t edge_balance_key(const void *bytes, size_t len)
{
	return mix(hash_bytes(HASH_START, bytes, len));
}

uint64_t edge_balance_user_key(const char *user)
{
	return mix(hash_name(HASH_START, user));
}

/* The highest wins. */
static uint64_t weight_of(const struct edge_candidate *c, uint64_t key)
{
	return mix(key ^ mix(hash_name(HASH_START, c->name)));
}

static bool is_better(enum conf_balance how, uint64_t key, const struct edge_candidate *a,
                      const struct edge_candidate *b)
{
	if (a->is_down != b->is_down)
		return b->is_down;
	if (how == CONF_BALANCE_ORDER)
		return false; /* who stands first stays */
	if (how == CONF_BALANCE_LEAST && a->open != b->open)
		return a->open < b->open;
	return weight_of(a, key) > weight_of(b, key);
}

size_t edge_balance_pick(enum conf_balance how, uint64_t key, const struct edge_candidate *list,
                         size_t count)
{
	size_t best = count;
	for (size_t i = 0; i < count; i++)
		if (!list[i].was_tried &&
		    (best == count || is_better(how, key, &list[i], &list[best])))
			best = i;
	return best;
}
