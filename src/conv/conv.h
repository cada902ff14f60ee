/*
 * The shape every mail conversation of an edge has (smtp/, imap/, pop3/, sieve/): events go in,
 * bytes for both sides and one thing to do come out. No I/O, no clock, no globals; so an attack is
 * a unit test without a socket. The worker (edge/session.c) owns the sockets and does what is
 * asked.
 *
 *   client bytes  --feed-->  +--------------+  --out[CONV_BACKEND]-->  backend
 *   backend bytes --feed-->  | conversation |  --out[CONV_CLIENT]--->  client
 *   TLS up, connected, ...   +--------------+  --todo---------------> worker
 *
 * Rules of the game:
 * - Every call ends with one todo. The worker first sends what is in out[], then does the todo.
 * - feed() takes one unit (a line, a chunk of data) or nothing; the worker calls it again with the
 *   rest until *ret_used is 0. Input that was not used is kept by the worker and fed again when
 *   more of it came or when the other side moved. A conversation keeps no pointer to input.
 * - At CONV_TODO_CLIENT_TLS and CONV_TODO_BACKEND_TLS no input may be left: the conversation
 *   checks (RFC 3207 5, bytes pipelined behind STARTTLS) by looking at what follows in the input
 *   it was fed; the worker checks again for bytes that are still in the socket's buffer.
 */
#ifndef CONV_CONV_H
#define CONV_CONV_H

#include "base/buf.h"
#include "base/session_id.h"
#include "base/slice.h"
#include "sasl/credential.h"

struct acme_challenges;

enum conv_side { CONV_CLIENT, CONV_BACKEND };

enum conv_todo {
	CONV_TODO_READ,        /* wait for more input from either side */
	CONV_TODO_CLIENT_TLS,  /* send, then accept TLS from the client; conv_tls_up() follows */
	CONV_TODO_CONNECT,     /* open the backend (by conv.mailbox, if that is how it is chosen);
	                        * conv_connected() or conv_failed() follows */
	CONV_TODO_BACKEND_TLS, /* send, then TLS towards the backend; conv_tls_up() or conv_failed()
	                        */
	CONV_TODO_LEAVE,       /* send both, then close the backend's side alone, and READ */
	CONV_TODO_SPLICE,      /* send both, then copy both ways without looking */
	CONV_TODO_CLOSE,       /* send both, then close both sides */
};

/* How a session ended, for the record. conv_outcome_name() gives the word of the log. */
enum conv_outcome {
	CONV_OUTCOME_OPEN,             /* not ended yet */
	CONV_OUTCOME_OK,               /* QUIT, LOGOUT, or the end of a spliced session */
	CONV_OUTCOME_CLIENT_GONE,      /* the client left in mid-conversation */
	CONV_OUTCOME_TIMEOUT,          /* a deadline of ours */
	CONV_OUTCOME_DRAINED,          /* ended politely by a drain */
	CONV_OUTCOME_INJECTED,         /* bytes behind STARTTLS or STLS */
	CONV_OUTCOME_TOO_LONG,         /* a line or literal over its limit */
	CONV_OUTCOME_BAD_SYNTAX,       /* too many errors, an HTTP request, a PROXY header, ... */
	CONV_OUTCOME_LOGIN_FAILED,     /* ended after failed logins */
	CONV_OUTCOME_PREGREET,         /* spoke before the greeting (greet_delay) */
	CONV_OUTCOME_SMUGGLING,        /* bare CR or LF where it is refused */
	CONV_OUTCOME_BACKEND_DOWN,     /* no address of the backend answered */
	CONV_OUTCOME_BACKEND_REFUSED,  /* the backend greeted or answered with an error */
	CONV_OUTCOME_BACKEND_BROKEN,   /* it closed in the middle or answered rubbish */
	CONV_OUTCOME_BACKEND_UNSEALED, /* no TLS where TLS is configured, or injection by it */
	CONV_OUTCOME_BACKEND_BLIND,    /* it refused to be told who the client is (XCLIENT) */
	CONV_OUTCOME_TLS_FAILED,       /* set by the worker: the client's handshake failed */
	CONV_OUTCOME_OVERLOAD,         /* set by the worker: over a limit, refused at the door */
	CONV_OUTCOME_COUNT,
};

/* Why the worker could not do CONV_TODO_CONNECT or CONV_TODO_BACKEND_TLS. */
enum conv_failure {
	CONV_FAILURE_CONNECT, /* no address answered */
	CONV_FAILURE_TIMEOUT,
	CONV_FAILURE_TLS,       /* handshake or verification failed */
	CONV_FAILURE_NOT_PROXY, /* the server greets unasked: it expects no PROXY header */
	CONV_FAILURE_HOMELESS,  /* open = "auth": there is no such user */
	CONV_FAILURE_LOOKUP,    /* the same: which backend is his cannot be said now */
};

/* Why conv_expire() is called. */
enum conv_expiry {
	CONV_EXPIRY_IDLE,  /* deadline_ms passed without progress */
	CONV_EXPIRY_DRAIN, /* the daemon drains: end at the next safe point, politely */
};

enum conv_client_info { CONV_INFO_PROXY, CONV_INFO_XCLIENT, CONV_INFO_ID, CONV_INFO_NONE };
enum conv_received { CONV_RECEIVED_ON, CONV_RECEIVED_NO_ADDRESS, CONV_RECEIVED_OFF };
enum conv_bare_newline { CONV_BARE_NORMALIZE, CONV_BARE_REJECT };
enum conv_auth { CONV_AUTH_AFTER_TLS, CONV_AUTH_OFF };
/* When the backend is opened: once TLS is up, or for a credential (conv/credential.h). */
enum conv_open { CONV_OPEN_TLS, CONV_OPEN_AUTH };

/* What the configuration says about an edge; shared by all its sessions, never changed. */
struct conv_settings {
	const char *hostname; /* greeting, Received by */
	const char *edge_name;
	bool is_submission;    /* smtp only, and these two exclude each other */
	bool is_lmtp;          /* RFC 2033 */
	bool offers_starttls;  /* a certificate is there */
	bool plus_is_bound;    /* the backend binds to our TLS: -PLUS mechanisms stay */
	bool backend_starttls; /* tls.mode = "starttls" towards the backend */
	/* What goes to the backend stays on this host, or in TLS with somebody who proved himself:
	 * smtp may offer REQUIRETLS (RFC 8689). */
	bool backend_is_safe;
	enum conv_client_info client_info;
	enum conv_received received;
	enum conv_bare_newline bare_newline;
	enum conv_auth auth;
	enum conv_open open;
	uint32_t greeting_timeout_ms; /* the backend's greeting, and its replies before login */
	uint32_t command_timeout_ms;  /* the client's next command */
	uint32_t data_timeout_ms;     /* a block of message data */
	uint32_t reply_timeout_ms;    /* the backend's reply to the final dot (RFC 5321: 10 min) */
	uint32_t login_timeout_ms;    /* IMAP, POP3, ManageSieve: until the user is in */
	size_t line_max;      /* command line, with CRLF; RFC 5321 4.5.3.1.4 says 512 at least */
	size_t auth_line_max; /* 12,288 (RFC 4954 4) */
	size_t literal_max;   /* IMAP literal before login */
	/* http: */
	bool has_challenge_backend;
	const struct acme_challenges *challenges; /* ours, asked before that backend; or NULL */
	uint16_t tls_port;                        /* where clients are redirected to */
	/* Is it a name that this edge has a certificate for? NULL: any name will do. */
	bool (*is_our_host)(const void *our_hosts, const char *host);
	const void *our_hosts;
	unsigned errors_max; /* bad commands before the session ends */
	unsigned login_failures_max;
};

enum { CONV_NAME_MAX = 128, CONV_CAPS_MAX = 2048, CONV_IDS_MAX = 160 };

/*
 * Capabilities learnt from the backend: lines as they came, without code and CRLF, '\n' between
 * (SMTP: EHLO lines behind the first; IMAP: one line of words; POP3: CAPA lines; ManageSieve: a
 * name and its values). Empty: not
 * learnt yet, then only what needs no backend is offered. The worker keeps one per edge.
 */
struct conv_caps {
	char text[CONV_CAPS_MAX];
};

/* What a backend offered, once for all sessions that it offered the same: conv_share_seen(). */
struct conv_offer {
	unsigned refs;
	struct conv_caps caps;
};

/* What the worker knows of this connection; written by the worker before each call. */
struct conv_facts {
	char session_id[SESSION_ID_CAP];
	char client_addr[48]; /* without port or brackets */
	char local_addr[48];
	uint16_t client_port;
	uint16_t local_port;
	bool client_is_v6;
	bool is_tls;          /* the client's TLS is up */
	bool is_implicit;     /* it was up before the first byte */
	bool may_login_plain; /* a dated exception covers this client */
	bool must_have_tls;   /* require_tls_from */
	bool is_passed;       /* its TLS goes on to the backend as it is */
	char tls_version[12]; /* "TLSv1.3" */
	char tls_cipher[64];  /* IANA name: TLS_AES_128_GCM_SHA256 */
	char tls_group[32];   /* "X25519", or empty */
	char tls_alpn[16];    /* "h2", or empty */
	int64_t now_s;        /* Unix time of this call, for Received */
};

/* A credential that came in clear. Never the password. */
struct conv_exposure {
	bool has_happened;
	bool password_sent; /* it crossed the wire; else the client only tried a mechanism */
	char user[CONV_NAME_MAX];
	char mechanism[24]; /* "PLAIN", "LOGIN", "USER/PASS", ... */
};

struct conv;
struct conv_login_shape;

struct conv_ops {
	const char *protocol; /* "smtp", "imap", "pop3", ...: the log's word */
	size_t size;          /* of the whole session struct, struct conv first in it */
	/* Each returns 0 or a negative (out of memory): then the session is closed. */
	int (*start)(struct conv *c, enum conv_todo *ret_todo);
	int (*learn)(struct conv *c, enum conv_todo *ret_todo); /* see conv_learn() */
	int (*feed)(struct conv *c, enum conv_side side, struct slice input, size_t *ret_used,
	            enum conv_todo *ret_todo);
	int (*tls_up)(struct conv *c, enum conv_side side, enum conv_todo *ret_todo);
	int (*connected)(struct conv *c, enum conv_todo *ret_todo);
	int (*failed)(struct conv *c, enum conv_failure why, enum conv_todo *ret_todo);
	int (*eof)(struct conv *c, enum conv_side side, enum conv_todo *ret_todo);
	int (*expire)(struct conv *c, enum conv_expiry why, enum conv_todo *ret_todo);
	/* The line that refuses a client before a session exists ("421 4.3.2 ..."); no CRLF. */
	const char *(*overload_line)(void);
	void (*deinit)(struct conv *c);
	const struct conv_login_shape *login; /* of those that log in, then splice: conv/login.h */
	/* What a drain may say in a spliced session that is silent, CRLF and all; NULL: nothing. */
	const char *spliced_bye;
	bool greets_for_backend; /* smtp: a sender told at once that it is down tries another MX */
	bool ends_by_closing;    /* tcp: the end of a side is part of what it says */
	bool tells_alpn;         /* tcp, http: the backend is told what was agreed on by ALPN */
	bool caps_are_words; /* IMAP: words of one line; else lines, each a word and its values */
};

/* The part all conversations share. */
struct conv {
	const struct conv_ops *ops;
	const struct conv_settings *set;
	const struct conv_caps *learnt; /* what to offer before the backend is open; may be NULL */
	struct conv_facts facts;
	struct buf out[2]; /* by enum conv_side: bytes to send to that side */
	bool is_learning;  /* by conv_learn(): there is no client */

	/* For the worker's timer: re-armed when progress or deadline_ms changed. 0: no deadline. */
	uint32_t deadline_ms;
	uint32_t progress;

	/* For the record. */
	enum conv_outcome outcome;
	bool is_logged_in;
	bool is_challenge; /* http: the backend to open is the one for ACME, and all is public */
	bool is_in_data;   /* between a message's first byte and the reply to its end: never drained
	                    */
	unsigned login_failures;
	unsigned messages;                   /* accepted by the backend */
	unsigned requiretls;                 /* of these: that came with REQUIRETLS */
	unsigned bare_newlines;              /* normalised or refused */
	char user[CONV_NAME_MAX];            /* who logged in or tried */
	char mailbox[SASL_NAME_CAP];         /* open = "auth": whose backend is asked for */
	char client_software[CONV_NAME_MAX]; /* EHLO argument or IMAP ID name */
	char queue_ids[CONV_IDS_MAX];        /* from the backend's 250, ',' between */
	struct conv_exposure exposure;
	/* What this backend offered; text[0] == 0: nothing seen. There from conv_connected() on,
	 * until conv_forget_seen(). */
	struct conv_caps *seen;
	struct conv_offer *offer; /* that it is in, a reference, or NULL: it is our own */
	bool is_seen_whole;       /* nothing is added to it any more */
};

/*
 * A new session of the protocol. The caller fills c->facts, then calls conv_start(). learnt and
 * set must outlive it. 0 or -ENOMEM.
 */
[[nodiscard]] int conv_new(struct conv **ret_c, const struct conv_ops *ops,
                           const struct conv_settings *set, const struct conv_caps *learnt);
void conv_free(struct conv *c);
void conv_freep(struct conv **c);

/* In a spliced session nobody asks any more what the backend offers: gives its memory back. */
void conv_forget_seen(struct conv *c);
/*
 * Once it is whole: takes *offer in place of its own copy, if that says the same. If not, *offer is
 * replaced by what this backend said, for sessions to come. *offer: NULL or a reference of the
 * caller's. Without memory all stays as it is.
 */
void conv_share_seen(struct conv *c, struct conv_offer **offer);
void conv_offer_unref(struct conv_offer *o);

[[nodiscard]] int conv_start(struct conv *c, enum conv_todo *ret_todo);
/*
 * Instead of conv_start(): there is no client, the backend is asked what it offers. It is brought
 * up as for a client, but not told who one is, and left with QUIT or LOGOUT. The todo is CONNECT,
 * and CLOSE at the end: the outcome OK if c->seen has the answer.
 */
[[nodiscard]] int conv_learn(struct conv *c, enum conv_todo *ret_todo);
[[nodiscard]] int conv_feed(struct conv *c, enum conv_side side, struct slice input,
                            size_t *ret_used, enum conv_todo *ret_todo);
[[nodiscard]] int conv_tls_up(struct conv *c, enum conv_side side, enum conv_todo *ret_todo);
[[nodiscard]] int conv_connected(struct conv *c, enum conv_todo *ret_todo);
[[nodiscard]] int conv_failed(struct conv *c, enum conv_failure why, enum conv_todo *ret_todo);
[[nodiscard]] int conv_eof(struct conv *c, enum conv_side side, enum conv_todo *ret_todo);
[[nodiscard]] int conv_expire(struct conv *c, enum conv_expiry why, enum conv_todo *ret_todo);

const char *conv_outcome_name(enum conv_outcome outcome);

/* The session ends with this outcome, unless it already has one. Returns CONV_TODO_CLOSE. */
enum conv_todo conv_end(struct conv *c, enum conv_outcome outcome);

/* Something was completed: the worker arms the deadline anew. */
void conv_move(struct conv *c, uint32_t deadline_ms);

/* A credential came in clear. What was worse stays: a password that crossed outlives a mere try. */
void conv_exposure_note(struct conv *c, const char *user, const char *mechanism,
                        bool password_sent);

#endif
