/*
 * What an IP address is, by the registries of special addresses (RFC 6890). Where strangers say
 * what is connected to, only public ones are, whatever name DNS gave them. Pure.
 */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum address_scope {
	ADDRESS_PUBLIC,
	ADDRESS_LOOPBACK,
	ADDRESS_PRIVATE, /* a carrier's too (RFC 6598) */
	ADDRESS_LINK_LOCAL,
	ADDRESS_EXAMPLE,  /* for documentation: of labs */
	ADDRESS_RESERVED, /* multicast, and what nobody has; no address */
	ADDRESS_SCOPE_COUNT
};

/* "192.0.2.1" or "2001:db8::1": an address, and no name. */
bool address_is_literal(const char *text);

/* An IPv6 address that stands for an IPv4 address (mapped, NAT64, 6to4) is what that is. */
enum address_scope address_scope_of(const char *text);
enum address_scope address_scope_of_bytes(const uint8_t *bytes, bool is_v6);
const char *address_scope_name(enum address_scope scope); /* "loopback", "private", ... */

/* Any but PUBLIC. */
bool address_is_special(const char *text);
/* The same, but for those for documentation, which labs have: what nobody outside can reach. */
bool address_is_inside(const char *text);

/* The networks that are not PUBLIC, for who keeps a list of them: the number-th as "10.0.0.0/8".
 * False: there are no more. */
enum { ADDRESS_NETWORK_CAP = 50 };
bool address_special_network(size_t number, char ret_text[ADDRESS_NETWORK_CAP]);

#endif
