/*
 * What IMAP, POP3 and ManageSieve share: a client that logs in, and is then spliced to its backend.
 *
 * The edge answers greeting, capabilities and STARTTLS itself. No credential is taken before the
 * client's TLS is up (a dated exception apart), and the backend is opened only then, or for a
 * credential (conv/credential.h); commands of the client wait meanwhile. One deadline holds until
 * the user is in.
 *
 * Here are the states, the deadlines, the events that are not bytes, how a session ends, and the
 * limits of both sides. A protocol brings its words (struct conv_login_shape), its commands and
 * the meaning of the backend's replies.
 */
#ifndef CONV_LOGIN_H
#define CONV_LOGIN_H

#include "conv/conv.h"
#include "sasl/exchange.h"

enum conv_login_state {
	CONV_LOGIN_PLAIN,       /* the client speaks, no backend yet */
	CONV_LOGIN_UPGRADING,   /* the client's TLS handshake */
	CONV_LOGIN_CONNECTING,  /* the backend is being opened */
	CONV_LOGIN_OPENING,     /* greeting, capabilities, who the client is: a reply is awaited */
	CONV_LOGIN_SEALING,     /* STARTTLS was sent to it */
	CONV_LOGIN_BACKEND_TLS, /* its TLS handshake */
	CONV_LOGIN_READY,       /* the client's next command */
	CONV_LOGIN_ASKED,       /* a command of the client is with the backend */
	CONV_LOGIN_CHALLENGED,  /* the client's next response of a SASL exchange */
	CONV_LOGIN_SPLICED,
	CONV_LOGIN_CLOSED,
	CONV_LOGIN_STATE_COUNT,
};

/* Which reply of the backend is awaited. */
enum conv_login_want {
	CONV_LOGIN_WANT_NOTHING,
	CONV_LOGIN_WANT_GREETING,
	CONV_LOGIN_WANT_OWN, /* from here on: the protocol's */
};

struct conv_login {
	struct conv conv;
	enum conv_login_state state;
	unsigned want; /* enum conv_login_want */
	int64_t started_s;
	bool has_greeted;    /* the client got its greeting */
	bool backend_is_tls; /* by STARTTLS of ours */
	unsigned errors;
	unsigned backend_replies; /* since the client's last command */
	struct sasl_exchange sasl;
	struct buf pending;    /* a command that waits for the backend; may hold a password */
	bool is_taking;        /* CHALLENGED by the edge itself: conv/credential.h */
	struct buf login_name; /* the first of LOGIN's responses */
};

/* Why no backend was asked about a credential. */
enum conv_login_denial {
	CONV_LOGIN_DENIED_WRONG, /* said as if the password were wrong */
	CONV_LOGIN_DENIED_LATER,
	CONV_LOGIN_DENIED_BAD, /* it makes no sense, or was cancelled */
	CONV_LOGIN_DENIED_MECHANISM,
	CONV_LOGIN_DENIED_COUNT,
};

/* A function returns 0 or -ENOMEM, and has its todo set to READ before. */
struct conv_login_shape {
	const char *foreign; /* the farewell for an HTTP request: "this is IMAP" */
	/* A farewell is one of the first two, a text, and the third. */
	const char *bye;
	const char *bye_later; /* the client may come again: "* BYE [UNAVAILABLE] " */
	const char *bye_end;
	const char *quit;  /* the last command to the backend, CRLF and all */
	bool greets_again; /* the greeting comes behind STARTTLS too (RFC 5804 2.2) */
	int (*greet)(struct conv_login *l);
	/* Bytes of the client in PLAIN, READY or CHALLENGED. */
	int (*client)(struct conv_login *l, struct slice input, size_t *ret_used,
	              enum conv_todo *ret_todo);
	/* A whole command that waited for the backend, which is READY now. */
	int (*run)(struct conv_login *l, struct slice command, enum conv_todo *ret_todo);
	/* One reply of the backend off its input: as conv_line_take(). */
	int (*reply_take)(struct slice input, size_t max, struct slice *ret_reply,
	                  size_t *ret_used);
	int (*reply)(struct conv_login *l, struct slice reply, enum conv_todo *ret_todo);
	/* TLS towards it is up: what it said before is forgotten. */
	int (*sealed)(struct conv_login *l, enum conv_todo *ret_todo);
	/* Forgets, and wipes, what the client said; NULL: nothing is kept. */
	void (*drop)(struct conv_login *l);
	/* conv/credential.h: the server's side of an exchange; base64 is what it asks. */
	int (*challenge)(struct conv_login *l, const char *base64);
	/* Appends to secret the command that brings the response along, as run() takes it. */
	int (*command)(struct conv_login *l, const char *mechanism, struct slice response,
	               struct buf *secret);
	/* Answers the client's login; NULL: the text is a line. */
	int (*answer)(struct conv_login *l, const char *text);
	const char *denials[CONV_LOGIN_DENIED_COUNT];
};

/* For struct conv_ops of such a protocol. */
int conv_login_start(struct conv *c, enum conv_todo *ret_todo);
int conv_login_learn(struct conv *c, enum conv_todo *ret_todo);
int conv_login_feed(struct conv *c, enum conv_side side, struct slice input, size_t *ret_used,
                    enum conv_todo *ret_todo);
int conv_login_tls_up(struct conv *c, enum conv_side side, enum conv_todo *ret_todo);
int conv_login_connected(struct conv *c, enum conv_todo *ret_todo);
int conv_login_fail(struct conv *c, enum conv_failure why, enum conv_todo *ret_todo);
int conv_login_eof(struct conv *c, enum conv_side side, enum conv_todo *ret_todo);
int conv_login_expire(struct conv *c, enum conv_expiry why, enum conv_todo *ret_todo);
void conv_login_deinit(struct conv *c);

#define CONV_LOGIN_OPS                                                                             \
	.start = conv_login_start, .learn = conv_login_learn, .feed = conv_login_feed,             \
	.tls_up = conv_login_tls_up, .connected = conv_login_connected, .failed = conv_login_fail, \
	.eof = conv_login_eof, .expire = conv_login_expire, .deinit = conv_login_deinit

/* The one place where the state changes; arms the deadline of the new one. */
void conv_login_enter(struct conv_login *l, enum conv_login_state state, unsigned want);

/* The end, without a word. Returns 0. */
int conv_login_close(struct conv_login *l, enum conv_outcome outcome, enum conv_todo *ret_todo);

/*
 * A farewell to the client, unless it is in a handshake; then the end. 0 or -ENOMEM.
 *
 * text: ours; without CRLF
 */
[[nodiscard]] int conv_login_bye(struct conv_login *l, enum conv_outcome outcome, const char *text,
                                 enum conv_todo *ret_todo);

/* The same for a fault of the backend's: the client may come again. */
[[nodiscard]] int conv_login_lost(struct conv_login *l, enum conv_outcome outcome,
                                  enum conv_todo *ret_todo);

/* The backend said what no server says here. */
[[nodiscard]] int conv_login_broken(struct conv_login *l, enum conv_todo *ret_todo);

/* The client is through, or what was to be learnt is known: the backend is told, if it listens. */
[[nodiscard]] int conv_login_quit(struct conv_login *l, enum conv_todo *ret_todo);

/* What conv_line_take() found instead of a line of the client. */
[[nodiscard]] int conv_login_line_fault(struct conv_login *l, int fault, enum conv_todo *ret_todo);

/* Another protocol at this port (conv/foreign.h). */
[[nodiscard]] int conv_login_foreign(struct conv_login *l, enum conv_todo *ret_todo);

/* A line to the client; without CRLF. */
[[nodiscard]] int conv_login_say(struct conv_login *l, const char *line);

/* The client was told no: a session may err only so often. */
[[nodiscard]] int conv_login_erred(struct conv_login *l, enum conv_todo *ret_todo);

/* Both. */
[[nodiscard]] int conv_login_complain(struct conv_login *l, const char *line,
                                      enum conv_todo *ret_todo);

/* A login can be tried: in TLS, or because of an exception. */
bool conv_login_is_allowed(const struct conv_login *l);

/* STARTTLS can be said. */
bool conv_login_may_upgrade(const struct conv_login *l);

/* The client was told to begin. */
void conv_login_upgrade(struct conv_login *l, enum conv_todo *ret_todo);

/* The backend is opened for a client without TLS (exception); its command waits. */
[[nodiscard]] int conv_login_open_for(struct conv_login *l, struct slice command,
                                      enum conv_todo *ret_todo);

/* The backend is ready: greets the client if that is still to be done, runs what waited. */
[[nodiscard]] int conv_login_ready(struct conv_login *l, enum conv_todo *ret_todo);

/* What it says, and is told, is in clear, and must not be. */
bool conv_login_is_clear(const struct conv_login *l);

/* It agreed to TLS, or not. */
[[nodiscard]] int conv_login_seal(struct conv_login *l, bool is_agreed, enum conv_todo *ret_todo);

/* The user is in: what is in out[] goes first. Returns 0. */
int conv_login_succeeded(struct conv_login *l, enum conv_todo *ret_todo);

/* The backend's refusal was passed on: ready again, or the end. */
[[nodiscard]] int conv_login_failed(struct conv_login *l, enum conv_todo *ret_todo);

/* Empty if the mechanism hides it: never the name of the try before. */
void conv_login_user_note(struct conv_login *l, const char *user);

/* Notes what the SASL exchange has told so far; in clear it is an exposure. */
void conv_login_auth_note(struct conv_login *l);

/* The mechanism would bind to a TLS channel that ends here (RFC 5802 6). */
bool conv_login_is_unbound(const struct conv_login *l);

/* A response in base64 as it goes on: one that does not decode becomes "*", which ends the exchange
 * at the backend too. */
struct slice conv_login_response(struct conv_login *l, struct slice base64);

#endif
