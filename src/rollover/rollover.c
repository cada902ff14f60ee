#include "rollover/rollover.h"

#include <stdio.h>

enum { CACHES = 2 }; /* TTLs: a cache that asked just before, and one that asked it */

static bool is_under_way(const struct rollover *r)
{
	return r->state == ROLLOVER_PLANNED || r->state == ROLLOVER_SEEN ||
	       r->state == ROLLOVER_RIPE || r->state == ROLLOVER_SWITCHED;
}

bool rollover_plan(struct rollover *r, const uint8_t *current, const uint8_t *next, int64_t now_s)
{
	if (is_under_way(r) || memcmp(current, next, ROLLOVER_DIGEST_LEN) == 0)
		return false;
	*r = (struct rollover){ .state = ROLLOVER_PLANNED,
		                .planned_s = now_s,
		                .why = "not looked at yet" };
	memcpy(r->current, current, ROLLOVER_DIGEST_LEN);
	memcpy(r->next, next, ROLLOVER_DIGEST_LEN);
	return true;
}

bool rollover_abort(struct rollover *r)
{
	if (!is_under_way(r) || r->state == ROLLOVER_SWITCHED)
		return false;
	*r = (struct rollover){};
	return true;
}

/* The time since the last sight, as far as it counts. */
static void watch(struct rollover *r, int64_t now_s)
{
	int64_t gap_s = now_s - r->looked_s;
	bool is_first = !r->looked_s;
	r->looked_s = now_s;
	if (is_first || gap_s <= 0)
		return;
	r->watched_s += gap_s < ROLLOVER_GAP_MAX_S ? gap_s : ROLLOVER_GAP_MAX_S;
}

static void lose(struct rollover *r, const char *why)
{
	r->state = ROLLOVER_PLANNED;
	r->seen_s = 0;
	r->watched_s = 0;
	r->ttl_s = 0;
	snprintf(r->why, sizeof(r->why), "%s", why ? why : "it is not everywhere");
}

static void ttl_note(struct rollover *r, uint32_t ttl_s)
{
	uint32_t counted_s = ttl_s ? ttl_s : ROLLOVER_TTL_ZERO_S;
	uint32_t bounded_s = counted_s < ROLLOVER_TTL_MAX_S ? counted_s : ROLLOVER_TTL_MAX_S;
	if (bounded_s > r->ttl_s)
		r->ttl_s = bounded_s;
}

static void see_everywhere(struct rollover *r, const struct rollover_sight *sight, int64_t now_s)
{
	ttl_note(r, sight->ttl_s);
	r->why[0] = '\0';
	if (r->state == ROLLOVER_PLANNED) {
		r->state = ROLLOVER_SEEN;
		r->seen_s = now_s;
		r->looked_s = now_s;
		r->watched_s = 0;
		return;
	}
	watch(r, now_s);
	if (r->state == ROLLOVER_SEEN && !rollover_wait_s(r))
		r->state = ROLLOVER_RIPE;
}

bool rollover_see(struct rollover *r, const struct rollover_sight *sight, int64_t now_s)
{
	enum rollover_state before = r->state;
	switch (r->state) {
	case ROLLOVER_PLANNED:
	case ROLLOVER_SEEN:
	case ROLLOVER_RIPE:
		if (sight->is_everywhere)
			see_everywhere(r, sight, now_s);
		else
			lose(r, sight->why);
		break;
	case ROLLOVER_SWITCHED:
		ttl_note(r, sight->ttl_s);
		watch(r, now_s);
		if (!rollover_wait_s(r))
			r->state = ROLLOVER_OVER;
		break;
	case ROLLOVER_NONE:
	case ROLLOVER_OVER:
	case ROLLOVER_STATE_COUNT:
		break;
	}
	return r->state != before;
}

bool rollover_switch(struct rollover *r, int64_t now_s)
{
	if (r->state != ROLLOVER_RIPE)
		return false;
	r->state = ROLLOVER_SWITCHED;
	r->switched_s = now_s;
	r->looked_s = now_s;
	r->watched_s = 0;
	return true;
}

bool rollover_serve(struct rollover *r, const uint8_t *spki, int64_t now_s)
{
	bool is_next = memcmp(spki, r->next, ROLLOVER_DIGEST_LEN) == 0;
	if (!is_under_way(r) || is_next == (r->state == ROLLOVER_SWITCHED)) {
		if (is_under_way(r) && !is_next) /* renewed beside the plan, with its own record */
			memcpy(r->current, spki, ROLLOVER_DIGEST_LEN);
		return false;
	}
	if (!is_next) {
		lose(r, "another key was put in force again");
		memcpy(r->current, spki, ROLLOVER_DIGEST_LEN);
		return true;
	}
	r->state = ROLLOVER_RIPE;
	return rollover_switch(r, now_s);
}

bool rollover_allows(const struct rollover *r, const uint8_t *spki)
{
	if (!is_under_way(r) || memcmp(spki, r->next, ROLLOVER_DIGEST_LEN) != 0)
		return true;
	return r->state == ROLLOVER_RIPE || r->state == ROLLOVER_SWITCHED;
}

int64_t rollover_wait_s(const struct rollover *r)
{
	if (r->state != ROLLOVER_SEEN && r->state != ROLLOVER_SWITCHED)
		return 0;
	int64_t wait_s = CACHES * (int64_t)r->ttl_s - r->watched_s;
	return wait_s > 0 ? wait_s : 0;
}

const char *rollover_state_name(enum rollover_state state)
{
	static const char *const names[] = {
		[ROLLOVER_NONE] = "none",         [ROLLOVER_PLANNED] = "planned",
		[ROLLOVER_SEEN] = "seen",         [ROLLOVER_RIPE] = "ripe",
		[ROLLOVER_SWITCHED] = "switched", [ROLLOVER_OVER] = "over",
	};
	_Static_assert(sizeof(names) / sizeof(names[0]) == ROLLOVER_STATE_COUNT);
	return state < ROLLOVER_STATE_COUNT ? names[state] : "";
}
