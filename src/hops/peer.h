/* Who brought a message, and who took it, by the "from" and "by" of a Received field. Pure. */
#ifndef HOPS_PEER_H
#define HOPS_PEER_H

#include "hops/address.h"
#include "hops/received.h"

/* Slices are of the field; empty ones are not known. */
struct hops_peer {
	struct slice helo; /* what it called itself: anybody may say anything */
	struct slice name; /* what DNS says of its address; only some servers check it both ways */
	struct hops_address address; /* that the connection came from */
	struct hops_address by;      /* the address of who took it, if it says so */
	bool is_unix;                /* a unix socket */
	bool is_submitted;           /* handed in by a program on the host itself */
	bool is_logged_in;           /* by a comment */
	size_t address_comment;      /* number of that with the address, or HOPS_COMMENTS_MAX */
};

void hops_peer_read(struct hops_peer *ret_peer, const struct hops_received *r);

#endif
