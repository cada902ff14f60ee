/*
 * The IMAP conversation of an edge, until the user is in; then it is spliced (RFC 9051, RFC 8314).
 *
 * The edge answers greeting, capabilities and STARTTLS itself. No credential is taken before the
 * client's TLS is up (a dated exception apart), and the backend is opened only then; commands of
 * the client wait meanwhile. What reaches the backend is built anew from what was parsed.
 *
 *   edge.c     states, events that are not bytes, how a session ends
 *   client.c   the client's commands          backend.c  bring-up of the backend, its replies
 *   command.c  forward.c  reply.c  caps.c     pure helpers
 */
#ifndef IMAP_EDGE_H
#define IMAP_EDGE_H

#include "conv/conv.h"
#include "imap/forward.h"
#include "sasl/exchange.h"

extern const struct conv_ops imap_edge_ops;

enum imap_state {
	IMAP_PLAIN,        /* the client speaks, no backend yet */
	IMAP_UPGRADING,    /* the client's TLS handshake */
	IMAP_CONNECTING,   /* the backend is being opened */
	IMAP_GREETING,     /* the backend's greeting is awaited */
	IMAP_ASKING_CLEAR, /* CAPABILITY was asked of it, before its STARTTLS */
	IMAP_SEALING,      /* STARTTLS was sent to it */
	IMAP_BACKEND_TLS,  /* its TLS handshake */
	IMAP_ASKING,       /* CAPABILITY was asked of it */
	IMAP_TELLING,      /* ID was sent to it: who the client is */
	IMAP_READY,        /* the client's next command */
	IMAP_IN_ID,        /* a command of the client is with the backend */
	IMAP_IN_LOGIN,
	IMAP_IN_AUTH,
	IMAP_CHALLENGED, /* the client's next line of AUTHENTICATE */
	IMAP_SPLICED,
	IMAP_CLOSED,
	IMAP_STATE_COUNT,
};

struct imap_edge {
	struct conv conv;
	enum imap_state state;
	int64_t started_s;
	bool has_greeted;    /* the client got its greeting */
	bool backend_is_tls; /* by STARTTLS of ours */
	bool backend_offers_starttls;
	bool is_pending; /* a whole command in text waits for the backend */
	unsigned errors;
	unsigned backend_lines; /* since the client's last command */

	/* The client's command as far as it came; may hold a password. */
	struct buf text;
	size_t line_total;    /* bytes of it in lines */
	size_t literal_total; /* bytes of it in literals, announced */
	size_t literal_left;  /* bytes of the present literal to come */

	char tag[IMAP_TAG_MAX + 1]; /* of the command that is with the backend */
	struct imap_pieces pieces;  /* of that command, not sent yet */
	struct sasl_exchange sasl;
};

#endif
