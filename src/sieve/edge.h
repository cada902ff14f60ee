/*
 * The ManageSieve conversation of an edge, until the user is in; then it is spliced (RFC 5804).
 *
 * States, deadlines and ends are those of conv/login.h. What reaches the backend is built anew from
 * what was parsed. Capabilities come unasked, once more behind STARTTLS (RFC 5804 2.2): then the
 * backend is there, so they are its own. UNAUTHENTICATE is not offered: a spliced session is one
 * user's.
 *
 *   edge.c     its words
 *   client.c   the client's commands          backend.c  bring-up of the backend, its replies
 *   unit.c     lines and literals             caps.c     capabilities
 */
#ifndef SIEVE_EDGE_H
#define SIEVE_EDGE_H

#include "conv/login.h"

extern const struct conv_ops sieve_edge_ops;

/* Which reply of the backend is awaited. */
enum sieve_want {
	SIEVE_WANT_STARTTLS = CONV_LOGIN_WANT_OWN,
	SIEVE_WANT_AUTH,
	SIEVE_WANT_COUNT,
};

struct sieve_edge {
	struct conv_login login;
	bool backend_offers_starttls;
	bool auth_was_refused; /* in clear, by the command before */
};

#endif
