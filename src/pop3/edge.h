/*
 * The POP3 conversation of an edge, until the user is in; then it is spliced (RFC 1939, RFC 2449,
 * RFC 5034, RFC 8314).
 *
 * States, deadlines and ends are those of conv/login.h. There is no APOP: its timestamp would have
 * to be the backend's, in clear.
 *
 *   edge.c     its words
 *   client.c   the client's commands          backend.c  bring-up of the backend, its replies
 *   caps.c     CAPA lines
 */
#ifndef POP3_EDGE_H
#define POP3_EDGE_H

#include "conv/login.h"

extern const struct conv_ops pop3_edge_ops;

/* Which reply of the backend is awaited. */
enum pop3_want {
	POP3_WANT_STLS = CONV_LOGIN_WANT_OWN,
	POP3_WANT_XCLIENT,
	POP3_WANT_CAPA,
	POP3_WANT_CAPA_LINES,
	POP3_WANT_USER, /* from here on: to a command of the client */
	POP3_WANT_PASS,
	POP3_WANT_AUTH,
	POP3_WANT_OTHER, /* LANG, UTF8 */
	POP3_WANT_LIST,  /* LANG without an argument: its answer has lines */
	POP3_WANT_LIST_LINES,
	POP3_WANT_COUNT,
};

struct pop3_edge {
	struct conv_login login;
	bool has_xclient; /* the backend's greeting said so */
	bool has_user;    /* USER was accepted */
	struct buf user;  /* its line, which the backend has not heard yet */
	struct buf next;  /* the line that follows when the backend has answered; a secret */
};

#endif
