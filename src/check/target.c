#include "check/target.h"

#include "base/clean.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

/* The first bits of addresses. */
struct block {
	uint8_t bytes[16];
	unsigned bits;
	enum check_target target;
};

/* What the registries of special addresses (RFC 6890) hold for not globally reachable, and
 * multicast. */
static const struct block v4_blocks[] = {
	{ { 0 }, 8, CHECK_TARGET_LOOPBACK },           /* this network (RFC 791 3.2): this host */
	{ { 10 }, 8, CHECK_TARGET_PRIVATE },           /* RFC 1918 */
	{ { 100, 64 }, 10, CHECK_TARGET_PRIVATE },     /* a carrier's (RFC 6598) */
	{ { 127 }, 8, CHECK_TARGET_LOOPBACK },         /* RFC 1122 3.2.1.3 */
	{ { 169, 254 }, 16, CHECK_TARGET_LINK_LOCAL }, /* RFC 3927; where clouds tell secrets */
	{ { 172, 16 }, 12, CHECK_TARGET_PRIVATE },
	{ { 192, 0, 0 }, 24, CHECK_TARGET_RESERVED },   /* IETF protocols */
	{ { 192, 0, 2 }, 24, CHECK_TARGET_EXAMPLE },    /* RFC 5737 */
	{ { 192, 88, 99 }, 24, CHECK_TARGET_RESERVED }, /* 6to4 relays, no more (RFC 7526) */
	{ { 192, 168 }, 16, CHECK_TARGET_PRIVATE },
	{ { 198, 18 }, 15, CHECK_TARGET_EXAMPLE }, /* benchmarks (RFC 2544) */
	{ { 198, 51, 100 }, 24, CHECK_TARGET_EXAMPLE },
	{ { 203, 0, 113 }, 24, CHECK_TARGET_EXAMPLE },
	{ { 224 }, 3, CHECK_TARGET_RESERVED }, /* multicast, reserved, broadcast (RFC 1112 4) */
};

/* Of IPv6 only 2000::/3 is given out (RFC 4291 2.4); of that not these. */
static const struct block v6_blocks[] = {
	{ { [15] = 1 }, 128, CHECK_TARGET_LOOPBACK },
	{ { 0 }, 128, CHECK_TARGET_LOOPBACK },        /* unspecified: this host */
	{ { 0xfc }, 7, CHECK_TARGET_PRIVATE },        /* RFC 4193 */
	{ { 0xfe, 0xc0 }, 10, CHECK_TARGET_PRIVATE }, /* RFC 3879 */
	{ { 0xfe, 0x80 }, 10, CHECK_TARGET_LINK_LOCAL },
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32, CHECK_TARGET_EXAMPLE }, /* RFC 3849 */
	{ { 0x3f, 0xff, 0x00 }, 20, CHECK_TARGET_EXAMPLE },       /* RFC 9637 */
	{ { 0x20, 0x01, 0x00 }, 23, CHECK_TARGET_RESERVED }, /* IETF protocols, Teredo among them */
	{ { 0x20 }, 3, CHECK_TARGET_PUBLIC },
	{ { 0 }, 0, CHECK_TARGET_RESERVED },
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
static enum check_target target_in(const uint8_t *bytes, const struct block *blocks, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_within(bytes, &blocks[i]))
			return blocks[i].target;
	return CHECK_TARGET_PUBLIC;
}

static enum check_target v4_target(const uint8_t *bytes)
{
	return target_in(bytes, v4_blocks, COUNT_OF(v4_blocks));
}

static enum check_target v6_target(const uint8_t *bytes)
{
	for (size_t i = 0; i < COUNT_OF(embeddings); i++)
		if (is_within(bytes, &embeddings[i].block))
			return v4_target(bytes + embeddings[i].at);
	return target_in(bytes, v6_blocks, COUNT_OF(v6_blocks));
}

enum check_target check_target_of(const char *address)
{
	uint8_t bytes[16];
	if (inet_pton(AF_INET, address, bytes) == 1)
		return v4_target(bytes);
	if (inet_pton(AF_INET6, address, bytes) == 1)
		return v6_target(bytes);
	return CHECK_TARGET_RESERVED;
}

bool check_target_is_private(const char *address)
{
	return check_target_of(address) != CHECK_TARGET_PUBLIC;
}

bool check_target_is_inside(const char *address)
{
	enum check_target target = check_target_of(address);
	return target != CHECK_TARGET_PUBLIC && target != CHECK_TARGET_EXAMPLE;
}

const char *check_target_name(enum check_target target)
{
	static const char *const names[] = {
		[CHECK_TARGET_PUBLIC] = "public",
		[CHECK_TARGET_LOOPBACK] = "loopback",
		[CHECK_TARGET_PRIVATE] = "private",
		[CHECK_TARGET_LINK_LOCAL] = "link-local",
		[CHECK_TARGET_EXAMPLE] = "for documentation",
		[CHECK_TARGET_RESERVED] = "reserved",
	};
	_Static_assert(COUNT_OF(names) == CHECK_TARGET_COUNT, "a target without a name");
	return names[target];
}
