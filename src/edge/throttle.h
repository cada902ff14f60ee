/*
 * Failed logins slow a user from an address, never an address alone: behind one NAT are many
 * users, and who guesses at one of them must not stop the others; nor does he stop the user, who
 * comes from elsewhere. Counted by worker; what others counted is heard. Bounded: where no place is
 * left, the pair with the fewest failures gives up its own. Pure: the caller gives the time.
 */
#ifndef EDGE_THROTTLE_H
#define EDGE_THROTTLE_H

#include "edge/limits.h"

#include <stdbool.h>

struct edge_throttle;

struct edge_throttle_pair {
	const char *user; /* never empty; case does not count */
	struct edge_limits_key address;
};

/* Embedded in who tells other workers and nodes. Nothing is waited for. */
struct edge_guesses {
	void (*tell)(struct edge_guesses *g, struct edge_throttle_pair pair, bool has_failed);
};

enum { EDGE_THROTTLE_DELAY_MAX_MS = 30000, EDGE_THROTTLE_FORGET_MS = 3600 * 1000 };

[[nodiscard]] int edge_throttle_new(struct edge_throttle **ret_throttle);
void edge_throttle_free(struct edge_throttle *t);

/*
 * A login failed. Returns how long its answer is to be held back: nothing for the first
 * delay_after, then 1 s, 2 s, 4 s ... and EDGE_THROTTLE_DELAY_MAX_MS at most. An hour without
 * failures is forgotten. delay_after 0: never.
 */
uint32_t edge_throttle_failed(struct edge_throttle *t, struct edge_throttle_pair pair,
                              unsigned delay_after, uint64_t now_ms);

/* He is not asked for a password from there: it failed refuse_after times or more (0: never), last
 * within refuse_for_ms. */
bool edge_throttle_refuses(struct edge_throttle *t, struct edge_throttle_pair pair,
                           unsigned refuse_after, uint32_t refuse_for_ms, uint64_t now_ms);

/* So often it failed at other workers and nodes, this one included. */
void edge_throttle_heard(struct edge_throttle *t, struct edge_throttle_pair pair, unsigned failures,
                         uint64_t now_ms);

/* The user is in: what was before is forgotten. */
void edge_throttle_succeeded(struct edge_throttle *t, struct edge_throttle_pair pair);

#endif
