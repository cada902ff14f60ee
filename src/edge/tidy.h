/*
 * Gives memory back to the kernel behind a burst: handshakes and sessions that ended leave holes
 * between those that stay, and malloc() keeps them. Not while much goes on: then they are used
 * again.
 */
#ifndef EDGE_TIDY_H
#define EDGE_TIDY_H

#include "io/loop.h"

struct edge_tidy {
	struct io_loop *loop;
	struct io_deadline look;
	unsigned churn;      /* since the memory was given back */
	unsigned churn_then; /* at the last look */
};

void edge_tidy_init(struct edge_tidy *t, struct io_loop *loop);
void edge_tidy_deinit(struct edge_tidy *t);

/* A handshake or a session is over. */
void edge_tidy_note(struct edge_tidy *t);

#endif
