/*
 * The places at far ends that this worker has or wants (policy/place.h), as resolver is told of
 * them. A new resolver is told again: which are held, and which are asked for.
 */
#ifndef WORKER_PLACES_H
#define WORKER_PLACES_H

#include "base/slice.h"
#include "policy/place.h"

struct proc_peer;

struct worker_places {
	struct policy_place ring; /* this is its head */
	uint32_t number;
};

void worker_places_init(struct worker_places *ps);
/* resolver: NULL, it is not there. */
void worker_places_ask(struct worker_places *ps, struct proc_peer *resolver,
                       struct policy_place *p);
void worker_places_give(struct worker_places *ps, struct proc_peer *resolver,
                        struct policy_place *p);
void worker_places_tell_again(const struct worker_places *ps, struct proc_peer *resolver);
/* PROC_MSG_PLACED. 0 or -EPROTO. */
[[nodiscard]] int worker_places_on_placed(struct worker_places *ps, struct slice payload);

#endif
