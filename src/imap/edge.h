/*
 * The IMAP conversation of an edge, until the user is in; then it is spliced (RFC 9051, RFC 8314).
 *
 * States, deadlines and ends are those of conv/login.h. What reaches the backend is built anew from
 * what was parsed.
 *
 *   edge.c     its words
 *   client.c   the client's commands          backend.c  bring-up of the backend, its replies
 *   command.c  forward.c  reply.c  caps.c     pure helpers
 */
#ifndef IMAP_EDGE_H
#define IMAP_EDGE_H

#include "conv/login.h"
#include "imap/forward.h"

extern const struct conv_ops imap_edge_ops;

/* Which reply of the backend is awaited. */
enum imap_want {
	IMAP_WANT_CAPS_CLEAR = CONV_LOGIN_WANT_OWN, /* before its STARTTLS */
	IMAP_WANT_STARTTLS,
	IMAP_WANT_CAPS,
	IMAP_WANT_TOLD, /* ID was sent to it: who the client is */
	IMAP_WANT_ID,   /* from here on: to a command of the client */
	IMAP_WANT_LOGIN,
	IMAP_WANT_AUTH,
	IMAP_WANT_COUNT,
};

struct imap_edge {
	struct conv_login login;
	bool backend_offers_starttls;

	/* The client's command as far as it came; may hold a password. */
	struct buf text;
	size_t line_total;    /* bytes of it in lines */
	size_t literal_total; /* bytes of it in literals, announced */
	size_t literal_left;  /* bytes of the present literal to come */

	char tag[IMAP_TAG_MAX + 1]; /* of the command that is with the backend */
	struct imap_pieces pieces;  /* of that command, not sent yet */
};

#endif
