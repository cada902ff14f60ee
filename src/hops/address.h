/* Addresses as Received fields have them. Pure. */
#ifndef HOPS_ADDRESS_H
#define HOPS_ADDRESS_H

#include "base/slice.h"

enum { HOPS_ADDRESS_CAP = 46 };

/* A mapped ::ffff:a.b.c.d is an IPv4 address. */
struct hops_address {
	bool is_set, is_v6;
	uint8_t bytes[16]; /* IPv4: the first 4 */
};

enum hops_scope {
	HOPS_SCOPE_UNKNOWN, /* no address */
	HOPS_SCOPE_HOST,    /* loopback */
	HOPS_SCOPE_PRIVATE, /* link-local too (base/address.h) */
	HOPS_SCOPE_PUBLIC,
};

/* "192.0.2.1", "IPv6:2001:db8::1", "::ffff:192.0.2.1". False: it is none. */
bool hops_address_parse(struct slice text, struct hops_address *ret_address);

/* In a comment or word: the last one in brackets, else the only word, or what stands behind its @
 * ("user@192.0.2.1"). False: there is none. */
bool hops_address_find(struct slice text, struct hops_address *ret_address);

bool hops_address_equal(const struct hops_address *a, const struct hops_address *b);
enum hops_scope hops_address_scope(const struct hops_address *a);

/* "" if there is none. */
void hops_address_print(const struct hops_address *a, char ret_text[HOPS_ADDRESS_CAP]);

#endif
