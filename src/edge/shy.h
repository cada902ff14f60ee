/*
 * Senders that hang up as soon as a session ticket comes (some old SMTP software does). After three
 * times in a row they get none for a day (DECISIONS 24). Bounded: an address pushes out the one
 * that was in its place. Pure: the caller gives the time.
 */
#ifndef EDGE_SHY_H
#define EDGE_SHY_H

#include "edge/limits.h"

#include <stdbool.h>

enum {
	EDGE_SHY_PLACES = 1024,
	EDGE_SHY_AFTER = 3, /* hang-ups */
	EDGE_SHY_FORGET_MS = 24 * 3600 * 1000,
};

struct edge_shy_place {
	struct edge_limits_key address;
	unsigned hang_ups; /* in a row; 0: free */
	uint64_t last_ms;
};

struct edge_shy {
	uint64_t seed; /* random, so that nobody outside can choose addresses of one place */
	struct edge_shy_place places[EDGE_SHY_PLACES];
};

/* It hung up right after its ticket. True: from now on it gets none. */
bool edge_shy_hung_up(struct edge_shy *shy, struct edge_limits_key address, uint64_t now_ms);
/* It got a ticket and went on: it is not shy. */
void edge_shy_went_on(struct edge_shy *shy, struct edge_limits_key address);
[[nodiscard]] bool edge_shy_is(const struct edge_shy *shy, struct edge_limits_key address,
                               uint64_t now_ms);

#endif
