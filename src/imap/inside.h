/* What edge.c, client.c and backend.c have of each other; nobody else includes this. */
#ifndef IMAP_INSIDE_H
#define IMAP_INSIDE_H

#include "imap/edge.h"

static inline struct imap_edge *imap_edge_of(struct conv_login *l)
{
	return (struct imap_edge *)l;
}

/* Forgets the client's command, and wipes it. */
void imap_edge_command_drop(struct imap_edge *e);

[[nodiscard]] int imap_client_feed(struct conv_login *l, struct slice input, size_t *ret_used,
                                   enum conv_todo *ret_todo);

/* The command that waited for the backend. */
[[nodiscard]] int imap_client_run(struct conv_login *l, struct slice text,
                                  enum conv_todo *ret_todo);

/* The words of CAPABILITY for this client now. */
void imap_client_caps(const struct imap_edge *e, char *ret_caps, size_t cap);

[[nodiscard]] int imap_backend_reply(struct conv_login *l, struct slice line,
                                     enum conv_todo *ret_todo);

/* Its capabilities are asked again. */
[[nodiscard]] int imap_backend_sealed(struct conv_login *l, enum conv_todo *ret_todo);

#endif
