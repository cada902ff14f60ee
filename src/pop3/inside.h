/* What edge.c, client.c and backend.c have of each other; nobody else includes this. */
#ifndef POP3_INSIDE_H
#define POP3_INSIDE_H

#include "pop3/edge.h"

static inline struct pop3_edge *pop3_edge_of(struct conv_login *l)
{
	return (struct pop3_edge *)l;
}

[[nodiscard]] int pop3_client_feed(struct conv_login *l, struct slice input, size_t *ret_used,
                                   enum conv_todo *ret_todo);

/* The line that waited for the backend. */
[[nodiscard]] int pop3_client_run(struct conv_login *l, struct slice line,
                                  enum conv_todo *ret_todo);

[[nodiscard]] int pop3_backend_reply(struct conv_login *l, struct slice line,
                                     enum conv_todo *ret_todo);

[[nodiscard]] int pop3_backend_sealed(struct conv_login *l, enum conv_todo *ret_todo);

#endif
