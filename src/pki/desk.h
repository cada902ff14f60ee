/* The CA's desk: a request of a node and what its TLS proved in, an answer out. No socket. */
#ifndef PKI_DESK_H
#define PKI_DESK_H

#include "pki/talk.h"

struct pki_visitor {
	struct slice certificate; /* PEM, verified as one of ours, or empty */
	const char *address;      /* for the log */
};

enum pki_desk_end {
	PKI_DESK_ISSUED,
	PKI_DESK_TOLD, /* the list of those revoked, or that it is the same */
	PKI_DESK_REFUSED,
	PKI_DESK_GUESSED, /* refused, and it may have been a guess */
	PKI_DESK_LATER,   /* nothing of the node's: it may ask again */
};

/* line: the request. The answer is a line, too. 0 or -ENOMEM. */
[[nodiscard]] int pki_desk_answer(const char *dir, const struct pki_visitor *visitor,
                                  struct slice line, int64_t now_s, struct buf *ret_answer,
                                  enum pki_desk_end *ret_end);

/* Lines "HOST:PORT" of DIR/servers: where there is a desk; "#" begins a comment. */
#define PKI_SERVERS_FILE "servers"
[[nodiscard]] int pki_servers_read(const char *dir, struct pki_answer *answer);

#endif
