/* What edge.c, client.c and backend.c have of each other; nobody else includes this. */
#ifndef SIEVE_INSIDE_H
#define SIEVE_INSIDE_H

#include "sieve/edge.h"

static inline struct sieve_edge *sieve_edge_of(struct conv_login *l)
{
	return (struct sieve_edge *)l;
}

/* Capabilities, and the OK that ends them. */
[[nodiscard]] int sieve_client_greet(struct conv_login *l);

[[nodiscard]] int sieve_client_feed(struct conv_login *l, struct slice input, size_t *ret_used,
                                    enum conv_todo *ret_todo);

/* The command that waited for the backend. */
[[nodiscard]] int sieve_client_run(struct conv_login *l, struct slice unit,
                                   enum conv_todo *ret_todo);

[[nodiscard]] int sieve_backend_reply(struct conv_login *l, struct slice unit,
                                      enum conv_todo *ret_todo);

/* Its capabilities come again, unasked. */
[[nodiscard]] int sieve_backend_sealed(struct conv_login *l, enum conv_todo *ret_todo);

#endif
