/*
 * What the files of the edge conversation share. client.c: commands. auth.c: AUTH. backend.c:
 * bringing up the backend, and its replies. message.c: the text. edge.c: the rest.
 *
 * Each returns 0, SMTP_EDGE_LATER where said, or -ENOMEM.
 */
#ifndef SMTP_PARTS_H
#define SMTP_PARTS_H

#include "smtp/edge.h"

/* The input was not taken: replies are owed, or the backend has to be opened (in *ret_todo). */
enum { SMTP_EDGE_LATER = 1 };

struct smtp_command {
	struct slice line; /* without CRLF */
	struct slice verb;
	struct slice args;
	bool has_more; /* input behind the line */
};

/* edge.c */

void smtp_edge_turn(struct smtp_edge *e, enum smtp_edge_state state);
void smtp_edge_arm(struct smtp_edge *e);
/* Nothing is owed, begun or half said: the session may end here. */
bool smtp_edge_is_safe(const struct smtp_edge *e);
/* A line to the client; no CRLF. */
[[nodiscard]] int smtp_edge_say(struct smtp_edge *e, const char *line);
/* The same for a client that does wrong: counted, errors_max ends the session. LATER if replies
 * are owed. */
[[nodiscard]] int smtp_edge_refuse(struct smtp_edge *e, const char *line, enum conv_todo *ret_todo);
/* The session ends, without a word but QUIT to the backend where that is polite. */
[[nodiscard]] int smtp_edge_end(struct smtp_edge *e, enum conv_outcome outcome,
                                enum conv_todo *ret_todo);
/* A line to the client, and the end. */
[[nodiscard]] int smtp_edge_quit(struct smtp_edge *e, enum conv_outcome outcome, const char *line,
                                 enum conv_todo *ret_todo);
/* "421 WHY", where %s is the edge's name: smtp_edge_421(e, outcome, "4.4.2", "timeout", ...). */
[[nodiscard]] int smtp_edge_421(struct smtp_edge *e, enum conv_outcome outcome,
                                const char *enhanced, const char *why, enum conv_todo *ret_todo);
/* What the edge offers now. */
[[nodiscard]] int smtp_edge_offer(struct smtp_edge *e, const struct conv_caps *caps);
/* AUTH may be tried. */
bool smtp_edge_has_auth(const struct smtp_edge *e);
/* The way up to the backend is one for REQUIRETLS (RFC 8689 2): whether that has it is asked
 * besides. */
bool smtp_edge_may_require_tls(const struct smtp_edge *e);
bool smtp_edge_may_mail(const struct smtp_edge *e);
bool smtp_edge_has_starttls(const struct smtp_edge *e);
void smtp_edge_forget_mail(struct smtp_edge *e);
/* "503 5.5.1 Send EHLO first", or LHLO. LATER if replies are owed. */
[[nodiscard]] int smtp_edge_wants_hello(struct smtp_edge *e, enum conv_todo *ret_todo);

/* client.c */

/* A line of the client. LATER: nothing was taken. */
[[nodiscard]] int smtp_client_line(struct smtp_edge *e, struct slice input, size_t *ret_used,
                                   enum conv_todo *ret_todo);

/* auth.c */

[[nodiscard]] int smtp_auth_begin(struct smtp_edge *e, const struct smtp_command *c,
                                  enum conv_todo *ret_todo);
/* Any other line in COMMAND; empty: a known verb. Behind a refused AUTH it may be a credential. */
void smtp_auth_stray(struct smtp_edge *e, struct slice line);
[[nodiscard]] int smtp_auth_response(struct smtp_edge *e, struct slice line,
                                     enum conv_todo *ret_todo);
[[nodiscard]] int smtp_auth_reply(struct smtp_edge *e, enum conv_todo *ret_todo);

/* credential.c: open = "auth" (conv/credential.h), where login and mail are for one backend */

#define SMTP_LOGIN_WRONG "535 5.7.8 Error: authentication failed"

/* No backend is there yet, and it is the credential that will open it. */
bool smtp_credential_is_wanted(const struct smtp_edge *e);
/* e->auth has begun, and seen the response; empty: none came along. */
[[nodiscard]] int smtp_credential_begin(struct smtp_edge *e, struct slice response,
                                        enum conv_todo *ret_todo);
[[nodiscard]] int smtp_credential_response(struct smtp_edge *e, struct slice line,
                                           enum conv_todo *ret_todo);
/* The backend is ready, and waits for it. */
[[nodiscard]] int smtp_credential_replay(struct smtp_edge *e);
/* It asked for the response. */
[[nodiscard]] int smtp_credential_send(struct smtp_edge *e);
/* No backend came of it. */
[[nodiscard]] int smtp_credential_homeless(struct smtp_edge *e, enum conv_todo *ret_todo);
[[nodiscard]] int smtp_credential_later(struct smtp_edge *e, enum conv_todo *ret_todo);
/* The login failed there, and the client knows: it is left. */
[[nodiscard]] int smtp_credential_refused(struct smtp_edge *e, enum conv_todo *ret_todo);
void smtp_credential_forget(struct smtp_edge *e);

/* auth.c: a failed login; the last of them is the end of the session. */
[[nodiscard]] int smtp_auth_failed(struct smtp_edge *e, enum conv_todo *ret_todo);
/* Who tries, before anybody is asked: the worker may know better. Who is in keeps his name. */
void smtp_auth_user_note(struct smtp_edge *e);

/* backend.c */

/* 0 if the backend is there, else LATER and perhaps CONV_TODO_CONNECT. */
[[nodiscard]] int smtp_backend_need(struct smtp_edge *e, enum conv_todo *ret_todo);
[[nodiscard]] int smtp_backend_feed(struct smtp_edge *e, struct slice input, size_t *ret_used,
                                    enum conv_todo *ret_todo);
[[nodiscard]] int smtp_backend_tls_up(struct smtp_edge *e);
/* It is no more: the client is told, at once or behind its text. */
[[nodiscard]] int smtp_backend_lost(struct smtp_edge *e, enum conv_outcome outcome,
                                    enum conv_todo *ret_todo);
/* Room for one more command on its way. */
bool smtp_backend_has_room(const struct smtp_edge *e);
bool smtp_backend_offers(const struct smtp_edge *e, const char *keyword);
void smtp_backend_want(struct smtp_edge *e, enum smtp_want want);
/* A command line to the backend; no CRLF. Its reply is awaited. */
[[nodiscard]] int smtp_backend_send(struct smtp_edge *e, struct slice line, enum smtp_want want);
/* The reply as it came, to the client. */
[[nodiscard]] int smtp_backend_pass(struct smtp_edge *e);

/* message.c */

/* 354 came: Received goes out, text follows. LMTP: rcpts is not 0. */
[[nodiscard]] int smtp_message_begin(struct smtp_edge *e);
[[nodiscard]] int smtp_message_text(struct smtp_edge *e, struct slice input, size_t *ret_used,
                                    enum conv_todo *ret_todo);
/* BDAT (RFC 3030). */
[[nodiscard]] int smtp_message_bdat(struct smtp_edge *e, const struct smtp_command *c,
                                    enum conv_todo *ret_todo);
[[nodiscard]] int smtp_message_chunk(struct smtp_edge *e, struct slice input, size_t *ret_used,
                                     enum conv_todo *ret_todo);
/* The replies to text: behind the dot, to a piece, to the last piece of a chunk. */
[[nodiscard]] int smtp_message_end_reply(struct smtp_edge *e, enum conv_todo *ret_todo);
[[nodiscard]] int smtp_message_piece_reply(struct smtp_edge *e, enum conv_todo *ret_todo);
[[nodiscard]] int smtp_message_chunk_reply(struct smtp_edge *e, enum conv_todo *ret_todo);
/*
 * The text cannot go on: its rest is dropped, then the client is told. outcome OPEN: and the
 * session goes on. Only in DATA and CHUNK; a second call changes nothing.
 */
[[nodiscard]] int smtp_message_drop(struct smtp_edge *e, struct slice reply,
                                    enum conv_outcome outcome, enum conv_todo *ret_todo);

#endif
