/*
 * Is an address one of the public internet? Where strangers say what is looked at (--serve),
 * nothing else is connected to, whatever name DNS gave it. Pure.
 */
#ifndef CHECK_TARGET_H
#define CHECK_TARGET_H

#include <stdbool.h>

/*
 * True: it is this host's, a private network's, a carrier's (RFC 6598), link-local, multicast,
 * reserved or for documentation, or an IPv6 address that stands for such an IPv4 address (mapped,
 * 6to4, NAT64, Teredo); or it is no address at all.
 *
 * address: "192.0.2.1" or "2001:db8::1"
 */
bool check_target_is_private(const char *address);

/* The same, but for those for documentation, which labs have: what nobody outside can reach. */
bool check_target_is_inside(const char *address);

/* What it is of that. */
enum check_target {
	CHECK_TARGET_PUBLIC,
	CHECK_TARGET_LOOPBACK,
	CHECK_TARGET_PRIVATE, /* a carrier's too */
	CHECK_TARGET_LINK_LOCAL,
	CHECK_TARGET_EXAMPLE,  /* for documentation: of labs */
	CHECK_TARGET_RESERVED, /* multicast, and what nobody has; no address */
	CHECK_TARGET_COUNT
};
enum check_target check_target_of(const char *address);
const char *check_target_name(enum check_target target); /* "loopback", "private", ... */

#endif
