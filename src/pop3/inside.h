/* What edge.c, client.c and backend.c have of each other; nobody else includes this. */
#ifndef POP3_INSIDE_H
#define POP3_INSIDE_H

#include "pop3/edge.h"

/* The one place where the state changes; arms the deadline of the new one. */
void pop3_edge_enter(struct pop3_edge *e, enum pop3_state state);

/* The end, without a word. Returns 0. */
int pop3_edge_close(struct pop3_edge *e, enum conv_outcome outcome, enum conv_todo *ret_todo);

/* "-ERR text" to the client, unless it is in a handshake; then the end. 0 or -ENOMEM. */
[[nodiscard]] int pop3_edge_bye(struct pop3_edge *e, enum conv_outcome outcome, const char *text,
                                enum conv_todo *ret_todo);

/* The same for a fault of the backend's: "[SYS/TEMP]" (RFC 3206 4). */
[[nodiscard]] int pop3_edge_lost(struct pop3_edge *e, enum conv_outcome outcome,
                                 enum conv_todo *ret_todo);

[[nodiscard]] int pop3_client_feed(struct pop3_edge *e, struct slice input, size_t *ret_used,
                                   enum conv_todo *ret_todo);

/* The backend is ready: greets the client if that is still to be done, runs what waited. */
[[nodiscard]] int pop3_client_ready(struct pop3_edge *e, enum conv_todo *ret_todo);

[[nodiscard]] int pop3_backend_feed(struct pop3_edge *e, struct slice input, size_t *ret_used,
                                    enum conv_todo *ret_todo);

/* TLS towards it is up: what it said before is forgotten. */
[[nodiscard]] int pop3_backend_sealed(struct pop3_edge *e, enum conv_todo *ret_todo);

#endif
