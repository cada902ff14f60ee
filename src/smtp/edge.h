/*
 * The SMTP conversation of an edge, port 25, submission and LMTP (RFC 2033): it answers greeting,
 * EHLO and STARTTLS itself, opens the backend at the first command that needs it (or for a
 * credential: open = "auth"), and from then on
 * passes commands and replies one by one, adds a Received field and keeps the text of messages
 * canonical. It never says 250 to a message that the backend did not take.
 *
 * It does not know sockets, TLS or time (conv/conv.h), and judges no addresses: that is the
 * backend's business.
 */
#ifndef SMTP_EDGE_H
#define SMTP_EDGE_H

#include "conv/conv.h"
#include "sasl/exchange.h"
#include "smtp/data.h"
#include "smtp/reply.h"

/* set->is_submission goes with the second one, set->is_lmtp with the third. */
extern const struct conv_ops smtp_edge_ops;
extern const struct conv_ops submission_edge_ops;
extern const struct conv_ops lmtp_edge_ops;

enum { SMTP_WANTS_MAX = 64 };

/* A reply that the backend owes; says what becomes of it. */
enum smtp_want {
	SMTP_WANT_GREETING, /* the first five: bringing up the backend */
	SMTP_WANT_HELLO,    /* EHLO before TLS or XCLIENT, thrown away */
	SMTP_WANT_STARTTLS,
	SMTP_WANT_XCLIENT,
	SMTP_WANT_LAST_HELLO, /* the client's own EHLO or HELO */
	SMTP_WANT_PASS,       /* from here on: for the client */
	SMTP_WANT_EHLO,
	SMTP_WANT_MAIL,
	SMTP_WANT_RCPT,
	SMTP_WANT_RSET,
	SMTP_WANT_AUTH,
	SMTP_WANT_DATA,
	SMTP_WANT_END,   /* behind the final dot; LMTP: one for each recipient */
	SMTP_WANT_PIECE, /* a part of a client's BDAT chunk */
	SMTP_WANT_CHUNK, /* the last part of it; LMTP behind LAST: the same */
	SMTP_WANT_COUNT,
};

struct smtp_wants {
	uint8_t ring[SMTP_WANTS_MAX];
	unsigned first;
	unsigned count;
};

enum smtp_edge_state {
	SMTP_EDGE_COMMAND, /* a command line comes next */
	SMTP_EDGE_TLS,     /* the client's handshake */
	SMTP_EDGE_AUTH,    /* a response to 334 comes next */
	SMTP_EDGE_DATA,    /* text behind 354 */
	SMTP_EDGE_CHUNK,   /* the bytes of a BDAT chunk, until its reply */
	SMTP_EDGE_ENDED,
	SMTP_EDGE_STATE_COUNT,
};

enum smtp_backend_state {
	SMTP_BACKEND_NONE,
	SMTP_BACKEND_OPENING, /* connecting, greeting, EHLO, TLS, XCLIENT */
	SMTP_BACKEND_READY,
	SMTP_BACKEND_GONE, /* lost while the client still sends text */
};

struct smtp_edge {
	struct conv conv;
	enum smtp_edge_state state;
	enum smtp_backend_state backend;
	struct smtp_wants wants;
	struct smtp_reply reply; /* what came of the backend's next reply */
	struct buf hello; /* the client's EHLO, HELO or LHLO line; empty: none since start or TLS */
	bool hello_is_opener; /* the client waits for the reply to that line */
	bool backend_is_tls;
	bool backend_is_told; /* XCLIENT was accepted */
	bool is_held;         /* no client command before all replies came */
	bool drains;
	unsigned errors;
	struct sasl_exchange auth;
	bool auth_is_cancelled;
	bool auth_was_refused; /* in clear, by the line before */
	/* open = "auth" (credential.c). */
	bool is_taking;        /* AUTH is the edge's own: it asked for the response */
	struct buf login_name; /* the first of LOGIN's responses */
	struct buf credential; /* the one response, base64, until the backend has it */

	/* The transaction. */
	bool has_mail; /* MAIL was accepted */
	bool is_binary, is_utf8, requires_tls;
	bool mail_is_asked; /* MAIL is on its way, with: */
	bool asks_binary, asks_utf8, asks_tls;
	bool has_chunk; /* Received went out with the first BDAT */
	bool is_spoilt; /* a chunk was refused: what follows it must not become a message */

	unsigned rcpts;     /* that were accepted */
	unsigned ends_left; /* replies to the text to come, that one included */
	bool was_accepted;  /* one of them was 2yz */

	/* The text. */
	struct smtp_data data;
	struct buf chunk;    /* mended, not sent */
	uint64_t chunk_left; /* bytes of the client's chunk to come */
	bool chunk_is_last;
	bool is_late;                   /* the rest of the text is dropped, then comes: */
	struct buf late;                /* what the client is told behind its text */
	enum conv_outcome late_outcome; /* and how the session ends; OPEN: it does not */
};

#endif
