/*
 * The POP3 conversation of an edge, until the user is in; then it is spliced (RFC 1939, RFC 2449,
 * RFC 5034, RFC 8314).
 *
 * The edge answers greeting, CAPA and STLS itself. No credential is taken before the client's TLS
 * is up (a dated exception apart), and the backend is opened only then; commands of the client
 * wait meanwhile. There is no APOP: its timestamp would have to be the backend's, in clear.
 *
 *   edge.c     states, events that are not bytes, how a session ends
 *   client.c   the client's commands          backend.c  bring-up of the backend, its replies
 *   caps.c     CAPA lines
 */
#ifndef POP3_EDGE_H
#define POP3_EDGE_H

#include "conv/conv.h"
#include "sasl/exchange.h"

extern const struct conv_ops pop3_edge_ops;

enum pop3_state {
	POP3_PLAIN,       /* the client speaks, no backend yet */
	POP3_UPGRADING,   /* the client's TLS handshake */
	POP3_CONNECTING,  /* the backend is being opened */
	POP3_GREETING,    /* the backend's greeting is awaited */
	POP3_SEALING,     /* STLS was sent to it */
	POP3_BACKEND_TLS, /* its TLS handshake */
	POP3_TELLING,     /* XCLIENT was sent to it: who the client is */
	POP3_ASKING,      /* CAPA was asked of it */
	POP3_LEARNING,    /* its lines come */
	POP3_READY,       /* the client's next command */
	POP3_IN_USER,     /* a command of the client is with the backend */
	POP3_IN_PASS,
	POP3_IN_AUTH,
	POP3_IN_OTHER,   /* LANG, UTF8 */
	POP3_IN_LIST,    /* LANG without an argument: its answer has lines */
	POP3_LISTING,    /* they come */
	POP3_CHALLENGED, /* the client's next line of AUTH */
	POP3_SPLICED,
	POP3_CLOSED,
	POP3_STATE_COUNT,
};

struct pop3_edge {
	struct conv conv;
	enum pop3_state state;
	int64_t started_s;
	bool has_greeted; /* the client got its greeting */
	bool has_xclient; /* its greeting said so */
	bool has_user;    /* USER was accepted */
	unsigned errors;
	unsigned backend_lines; /* since the client's last command */
	struct buf pending;     /* a line that waits for the backend; may hold a password */
	struct sasl_exchange sasl;
};

#endif
