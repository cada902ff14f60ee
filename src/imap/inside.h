/* What edge.c, client.c and backend.c have of each other; nobody else includes this. */
#ifndef IMAP_INSIDE_H
#define IMAP_INSIDE_H

#include "imap/edge.h"

/* The one place where the state changes; arms the deadline of the new one. */
void imap_edge_enter(struct imap_edge *e, enum imap_state state);

/*
 * "* BYE text" to the client, unless it is in a handshake; then the end. 0 or -ENOMEM.
 *
 * text: ours or printable; without CRLF
 */
[[nodiscard]] int imap_edge_bye(struct imap_edge *e, enum conv_outcome outcome, const char *text,
                                enum conv_todo *ret_todo);

/* The same for a fault of the backend's: "[UNAVAILABLE]" (RFC 5530 3). */
[[nodiscard]] int imap_edge_lost(struct imap_edge *e, enum conv_outcome outcome,
                                 enum conv_todo *ret_todo);

/* The end, without a word. Returns 0. */
int imap_edge_close(struct imap_edge *e, enum conv_outcome outcome, enum conv_todo *ret_todo);

/* Forgets the client's command, and wipes it. */
void imap_edge_command_drop(struct imap_edge *e);

[[nodiscard]] int imap_client_feed(struct imap_edge *e, struct slice input, size_t *ret_used,
                                   enum conv_todo *ret_todo);

/* The backend is ready: greets the client if that is still to be done, runs what waited. */
[[nodiscard]] int imap_client_ready(struct imap_edge *e, enum conv_todo *ret_todo);

/* The words of CAPABILITY for this client now. */
void imap_client_caps(const struct imap_edge *e, char *ret_caps, size_t cap);

[[nodiscard]] int imap_backend_feed(struct imap_edge *e, struct slice input, size_t *ret_used,
                                    enum conv_todo *ret_todo);

/* TLS towards it is up: what it said before is forgotten, its capabilities are asked again. */
[[nodiscard]] int imap_backend_sealed(struct imap_edge *e, enum conv_todo *ret_todo);

#endif
