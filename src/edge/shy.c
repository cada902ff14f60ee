#include "edge/shy.h"

#include "base/hash.h"

#include <string.h>

static size_t index_of(const struct edge_shy *shy, struct edge_limits_key address)
{
	return hash_place(hash_bytes(HASH_START ^ shy->seed, &address, sizeof(address)),
	                  EDGE_SHY_PLACES);
}

static bool is_at(const struct edge_shy_place *p, struct edge_limits_key address)
{
	return p->hang_ups && !memcmp(&p->address, &address, sizeof(address));
}

bool edge_shy_hung_up(struct edge_shy *shy, struct edge_limits_key address, uint64_t now_ms)
{
	struct edge_shy_place *p = &shy->places[index_of(shy, address)];
	if (!is_at(p, address) || now_ms - p->last_ms >= EDGE_SHY_FORGET_MS)
		*p = (struct edge_shy_place){ .address = address };
	p->last_ms = now_ms;
	return ++p->hang_ups == EDGE_SHY_AFTER;
}

void edge_shy_went_on(struct edge_shy *shy, struct edge_limits_key address)
{
	struct edge_shy_place *p = &shy->places[index_of(shy, address)];
	if (is_at(p, address) && p->hang_ups < EDGE_SHY_AFTER)
		p->hang_ups = 0;
}

bool edge_shy_is(const struct edge_shy *shy, struct edge_limits_key address, uint64_t now_ms)
{
	const struct edge_shy_place *p = &shy->places[index_of(shy, address)];
	return is_at(p, address) && p->hang_ups >= EDGE_SHY_AFTER &&
	       now_ms - p->last_ms < EDGE_SHY_FORGET_MS;
}
