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

#endif
