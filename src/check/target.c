#include "check/target.h"

#include "base/clean.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

/* The first bits of addresses. */
struct block {
	uint8_t bytes[16];
	unsigned bits;
};

/* What the registries of special addresses (RFC 6890) hold for not globally reachable, and
 * multicast. */
static const struct block v4_inner[] = {
	{ { 0 }, 8 },             /* this network (RFC 791 3.2) */
	{ { 10 }, 8 },            /* private (RFC 1918) */
	{ { 100, 64 }, 10 },      /* a carrier's (RFC 6598) */
	{ { 127 }, 8 },           /* loopback (RFC 1122 3.2.1.3) */
	{ { 169, 254 }, 16 },     /* link-local (RFC 3927); where clouds tell secrets */
	{ { 172, 16 }, 12 },      /* private */
	{ { 192, 0, 0 }, 24 },    /* IETF protocols */
	{ { 192, 0, 2 }, 24 },    /* documentation (RFC 5737) */
	{ { 192, 88, 99 }, 24 },  /* 6to4 relays, which are no more (RFC 7526) */
	{ { 192, 168 }, 16 },     /* private */
	{ { 198, 18 }, 15 },      /* benchmarks (RFC 2544) */
	{ { 198, 51, 100 }, 24 }, /* documentation */
	{ { 203, 0, 113 }, 24 },  /* documentation */
	{ { 224 }, 3 },           /* multicast, reserved, broadcast (RFC 1112 4) */
};

/* Of IPv6 only 2000::/3 is given out (RFC 4291 2.4); of that not these. */
static const struct block v6_inner[] = {
	{ { 0x20, 0x01, 0x00, 0x00 }, 23 }, /* IETF protocols, Teredo among them */
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32 }, /* documentation (RFC 3849) */
	{ { 0x3f, 0xff, 0x00 }, 20 },       /* documentation (RFC 9637) */
};
static const struct block v6_given_out = { { 0x20 }, 3 };

/* IPv6 addresses that stand for an IPv4 address, and the byte where that begins. */
static const struct embedding {
	struct block block;
	unsigned at;
} embeddings[] = {
	{ { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff }, 96 }, 12 }, /* mapped */
	{ { { 0x00, 0x64, 0xff, 0x9b }, 96 }, 12 },                   /* NAT64 (RFC 6052) */
	{ { { 0x20, 0x02 }, 16 }, 2 },                                /* 6to4 (RFC 3056) */
};

static bool is_within(const uint8_t *bytes, const struct block *b)
{
	unsigned whole = b->bits / 8, rest = b->bits % 8;
	uint8_t mask = (uint8_t)(0xff00u >> rest);
	return !memcmp(bytes, b->bytes, whole) &&
	       (!rest || !((bytes[whole] ^ b->bytes[whole]) & mask));
}

static bool is_within_any(const uint8_t *bytes, const struct block *blocks, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_within(bytes, &blocks[i]))
			return true;
	return false;
}

static bool v4_is_private(const uint8_t *bytes)
{
	return is_within_any(bytes, v4_inner, COUNT_OF(v4_inner));
}

static bool v6_is_private(const uint8_t *bytes)
{
	for (size_t i = 0; i < COUNT_OF(embeddings); i++)
		if (is_within(bytes, &embeddings[i].block))
			return v4_is_private(bytes + embeddings[i].at);
	return !is_within(bytes, &v6_given_out) ||
	       is_within_any(bytes, v6_inner, COUNT_OF(v6_inner));
}

bool check_target_is_private(const char *address)
{
	uint8_t bytes[16];
	if (inet_pton(AF_INET, address, bytes) == 1)
		return v4_is_private(bytes);
	if (inet_pton(AF_INET6, address, bytes) == 1)
		return v6_is_private(bytes);
	return true;
}
