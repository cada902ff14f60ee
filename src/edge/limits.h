/*
 * What one address may take of us: connections at a time and handshakes a second (token bucket).
 * IPv6 counts by /64. Pure: the caller gives the time.
 */
#ifndef EDGE_LIMITS_H
#define EDGE_LIMITS_H

#include <stddef.h>
#include <stdint.h>

struct edge_limits;

/* One place for every address that holds something; NULL key never stored. */
struct edge_limits_key {
	uint8_t bytes[16]; /* IPv4 as ::ffff:a.b.c.d; IPv6 cut to its /64 */
};

/* For a user at an address, where these are counted apart. Case of the name does not count. */
struct edge_limits_key edge_limits_user_key(const char *user, struct edge_limits_key address);

[[nodiscard]] int edge_limits_new(struct edge_limits **ret_limits);
void edge_limits_free(struct edge_limits *l);

enum edge_limits_result {
	EDGE_LIMITS_CONNECTIONS = 1, /* too many at a time */
	EDGE_LIMITS_RATE,            /* too many a second */
};

/*
 * A new connection of this address. connections_max, per_second: 0 is no limit.
 * 0: counted, edge_limits_leave() must follow. Or an enum edge_limits_result, or -ENOMEM.
 */
[[nodiscard]] int edge_limits_enter(struct edge_limits *l, struct edge_limits_key key,
                                    unsigned connections_max, unsigned per_second, uint64_t now_ms);
void edge_limits_leave(struct edge_limits *l, struct edge_limits_key key, uint64_t now_ms);

/* Addresses held, for tests and status. */
size_t edge_limits_count(const struct edge_limits *l);

#endif
