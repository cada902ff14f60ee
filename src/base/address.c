#include "base/address.h"

#include "base/clean.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The first bits of addresses. */
struct block {
	uint8_t bytes[16];
	unsigned bits;
	enum address_scope scope;
};

/* What the registries of special addresses (RFC 6890) hold for not globally reachable, and
 * multicast. */
static const struct block v4_blocks[] = {
	{ { 0 }, 8, ADDRESS_LOOPBACK },           /* this network (RFC 791 3.2): this host */
	{ { 10 }, 8, ADDRESS_PRIVATE },           /* RFC 1918 */
	{ { 100, 64 }, 10, ADDRESS_PRIVATE },     /* a carrier's (RFC 6598) */
	{ { 127 }, 8, ADDRESS_LOOPBACK },         /* RFC 1122 3.2.1.3 */
	{ { 169, 254 }, 16, ADDRESS_LINK_LOCAL }, /* RFC 3927; where clouds tell secrets */
	{ { 172, 16 }, 12, ADDRESS_PRIVATE },
	{ { 192, 0, 0 }, 24, ADDRESS_RESERVED },   /* IETF protocols */
	{ { 192, 0, 2 }, 24, ADDRESS_EXAMPLE },    /* RFC 5737 */
	{ { 192, 88, 99 }, 24, ADDRESS_RESERVED }, /* 6to4 relays, no more (RFC 7526) */
	{ { 192, 168 }, 16, ADDRESS_PRIVATE },
	{ { 198, 18 }, 15, ADDRESS_PRIVATE }, /* benchmarks within a network (RFC 2544) */
	{ { 198, 51, 100 }, 24, ADDRESS_EXAMPLE },
	{ { 203, 0, 113 }, 24, ADDRESS_EXAMPLE },
	{ { 224 }, 3, ADDRESS_RESERVED }, /* multicast, reserved, broadcast (RFC 1112 4) */
};

/* Of IPv6 only 2000::/3 is given out (RFC 4291 2.4); of that not these. */
static const struct block v6_blocks[] = {
	{ { [15] = 1 }, 128, ADDRESS_LOOPBACK },
	{ { 0 }, 128, ADDRESS_LOOPBACK },        /* unspecified: this host */
	{ { 0xfc }, 7, ADDRESS_PRIVATE },        /* RFC 4193 */
	{ { 0xfe, 0xc0 }, 10, ADDRESS_PRIVATE }, /* RFC 3879 */
	{ { 0xfe, 0x80 }, 10, ADDRESS_LINK_LOCAL },
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32, ADDRESS_EXAMPLE }, /* RFC 3849 */
	{ { 0x3f, 0xff, 0x00 }, 20, ADDRESS_EXAMPLE },       /* RFC 9637 */
	{ { 0x20, 0x01, 0x00 }, 23, ADDRESS_RESERVED },      /* IETF protocols, Teredo among them */
	{ { 0x20, 0x02 }, 16, ADDRESS_RESERVED },            /* 6to4: see embeddings */
	{ { 0 }, 3, ADDRESS_RESERVED },                      /* all but 2000::/3 */
	{ { 0x40 }, 2, ADDRESS_RESERVED },
	{ { 0x80 }, 1, ADDRESS_RESERVED },
};

/* IPv6 addresses that stand for an IPv4 address, and the byte where that begins. */
static const struct embedding {
	struct block block;
	unsigned at;
} embeddings[] = {
	{ { { [10] = 0xff, [11] = 0xff }, 96, 0 }, 12 }, /* mapped */
	{ { { 0x00, 0x64, 0xff, 0x9b }, 96, 0 }, 12 },   /* NAT64 (RFC 6052) */
	{ { { 0x20, 0x02 }, 16, 0 }, 2 },                /* 6to4 (RFC 3056) */
};

static bool is_within(const uint8_t *bytes, const struct block *b)
{
	unsigned whole = b->bits / 8, rest = b->bits % 8;
	uint8_t mask = (uint8_t)(0xff00u >> rest);
	return !memcmp(bytes, b->bytes, whole) &&
	       (!rest || !((bytes[whole] ^ b->bytes[whole]) & mask));
}

/* The first that it is in. */
static enum address_scope scope_in(const uint8_t *bytes, const struct block *blocks, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_within(bytes, &blocks[i]))
			return blocks[i].scope;
	return ADDRESS_PUBLIC;
}

static enum address_scope v4_scope(const uint8_t *bytes)
{
	return scope_in(bytes, v4_blocks, COUNT_OF(v4_blocks));
}

static enum address_scope v6_scope(const uint8_t *bytes)
{
	for (size_t i = 0; i < COUNT_OF(embeddings); i++)
		if (is_within(bytes, &embeddings[i].block))
			return v4_scope(bytes + embeddings[i].at);
	return scope_in(bytes, v6_blocks, COUNT_OF(v6_blocks));
}

bool address_is_literal(const char *text)
{
	uint8_t bytes[16];
	return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

enum address_scope address_scope_of(const char *text)
{
	uint8_t bytes[16];
	if (inet_pton(AF_INET, text, bytes) == 1)
		return v4_scope(bytes);
	if (inet_pton(AF_INET6, text, bytes) == 1)
		return v6_scope(bytes);
	return ADDRESS_RESERVED;
}

enum address_scope address_scope_of_bytes(const uint8_t *bytes, bool is_v6)
{
	return is_v6 ? v6_scope(bytes) : v4_scope(bytes);
}

bool address_is_inside(const char *text)
{
	enum address_scope scope = address_scope_of(text);
	return scope != ADDRESS_PUBLIC && scope != ADDRESS_EXAMPLE;
}

bool address_is_special(const char *text)
{
	return address_scope_of(text) != ADDRESS_PUBLIC;
}

bool address_special_network(size_t number, char ret_text[ADDRESS_NETWORK_CAP])
{
	bool is_v4 = number < COUNT_OF(v4_blocks);
	char text[INET6_ADDRSTRLEN];
	if (!is_v4 && number - COUNT_OF(v4_blocks) >= COUNT_OF(v6_blocks))
		return false;
	const struct block *b =
		is_v4 ? &v4_blocks[number] : &v6_blocks[number - COUNT_OF(v4_blocks)];
	inet_ntop(is_v4 ? AF_INET : AF_INET6, b->bytes, text, sizeof(text));
	snprintf(ret_text, ADDRESS_NETWORK_CAP, "%s/%u", text, b->bits);
	return true;
}

const char *address_scope_name(enum address_scope scope)
{
	static const char *const names[] = {
		[ADDRESS_PUBLIC] = "public",
		[ADDRESS_LOOPBACK] = "loopback",
		[ADDRESS_PRIVATE] = "private",
		[ADDRESS_LINK_LOCAL] = "link-local",
		[ADDRESS_EXAMPLE] = "for documentation",
		[ADDRESS_RESERVED] = "reserved",
	};
	_Static_assert(COUNT_OF(names) == ADDRESS_SCOPE_COUNT, "a scope without a name");
	return names[scope];
}
