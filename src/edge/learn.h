/*
 * What the backends offer, learnt before a client asks (DESIGN 6). When a world comes into force
 * each address of each backend is asked: in silence first where it has to expect a PROXY header
 * (DECISIONS 2), then with a LOCAL one, EHLO or its like, and QUIT; by the conversation itself
 * (conv_learn). The same is the look at its health: again every health_interval, sooner after one
 * that failed. Where that is never, an address that fails is asked again, after a minute at most,
 * the others every hour. One worker asks, the others are told.
 */
#ifndef EDGE_LEARN_H
#define EDGE_LEARN_H

#include "edge/edge.h"
#include "edge/health.h"

struct edge_learner;

/* About one address of one backend, by their numbers in the world. */
struct edge_learnt {
	size_t backend, address;
	const char *caps; /* as struct conv_caps; "" for a blind one */
	bool is_blind;    /* it expects no PROXY header */
	bool has_plus;    /* it offers mechanisms bound to its own TLS, and nobody said it may */
};
/* One look at an address. */
struct edge_looked {
	size_t backend, address;
	enum edge_health_state state; /* by this look and those before */
	bool is_refusing;             /* down, but it answers, with an error */
	uint32_t connect_us;          /* until its connection stood; 0: it did not */
	const char *error;            /* of this look; "": it is well */
};

/* Who is told, from a later turn of the loop. */
struct edge_learner_fns {
	void (*learnt)(void *owner, const struct edge_learnt *what);
	void (*looked)(void *owner, const struct edge_looked *what);
};

/* Begins to ask at once. Refs world. */
[[nodiscard]] int edge_learner_new(struct edge_learner **ret_learner, struct edge_pool *pool,
                                   struct edge_world *world, const struct edge_learner_fns *fns,
                                   void *owner);
/* Ends what is under way. Never from inside fns; before the pool goes. */
void edge_learner_free(struct edge_learner *l);

/* What the worker that asks has learnt. Numbers that the world does not have are ignored. */
void edge_learn_take(struct edge_world *w, const struct edge_learnt *what);
void edge_look_take(struct edge_world *w, const struct edge_looked *what);
/* What the world before knew of the same addresses of the same backends stays known. */
void edge_learn_inherit(struct edge_world *w, const struct edge_world *before);

#endif
