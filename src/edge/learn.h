/*
 * What the backends offer, learnt before a client asks (DESIGN 6). When a world comes into force
 * each address of each backend is asked: in silence first where it has to expect a PROXY header
 * (DECISIONS 2), then with a LOCAL one, EHLO or its like, and QUIT; by the conversation itself
 * (conv_learn). An address that fails is asked again, after a minute at most; the others every
 * hour. One worker asks, the others are told.
 */
#ifndef EDGE_LEARN_H
#define EDGE_LEARN_H

#include "edge/edge.h"

struct edge_learner;

/* About one address of one backend, by their numbers in the world. */
struct edge_learnt {
	size_t backend, address;
	const char *caps; /* as struct conv_caps; "" for a blind one */
	bool is_blind;    /* it expects no PROXY header */
	bool has_plus;    /* it offers mechanisms bound to its own TLS, and nobody said it may */
};
typedef void edge_learnt_fn(void *owner, const struct edge_learnt *what);

/* Begins to ask at once; fn is told each answer, from a later turn of the loop. Refs world. */
[[nodiscard]] int edge_learner_new(struct edge_learner **ret_learner, struct edge_pool *pool,
                                   struct edge_world *world, edge_learnt_fn *fn, void *owner);
/* Ends what is under way. Never from inside fn; before the pool goes. */
void edge_learner_free(struct edge_learner *l);

/* What the worker that asks has learnt. Numbers that the world does not have are ignored. */
void edge_learn_take(struct edge_world *w, const struct edge_learnt *what);
/* What the world before knew of the same addresses of the same backends stays known. */
void edge_learn_inherit(struct edge_world *w, const struct edge_world *before);

#endif
