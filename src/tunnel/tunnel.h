/*
 * Is the way to one of our own hosts sealed by this host's kernel? WireGuard, MACsec and IPsec can
 * be asked for what they do; the answer is a verdict that names the fact it hangs on.
 *
 * question.h writes what is asked, message.h takes netlink's bytes apart, answer.h makes facts of
 * them, judge.h (and ipsec.h) a verdict: pure. look.h alone has sockets. told.h is what those who
 * connect are told of it all. The folder knows no settings and no process.
 */
#ifndef TUNNEL_TUNNEL_H
#define TUNNEL_TUNNEL_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct tunnel_ip {
	uint8_t bytes[16]; /* IPv4: the first 4, the others are 0 */
	bool is_v6;
};

/* Where somebody wants to connect to, by TCP. */
struct tunnel_way {
	const char *interface; /* by which it has to go; NULL: any, by an IPsec policy */
	struct tunnel_ip to;
	uint16_t port;
	bool accepts_unproven;
};

/* What is to be asked of an address. False: it is neither IPv4 nor IPv6. */
bool tunnel_way_to(struct tunnel_way *way, const struct sockaddr *to);

enum tunnel_state {
	TUNNEL_GONE,     /* not true, or not to be told: nothing may go there */
	TUNNEL_UNPROVEN, /* nothing shows that it seals, and that was accepted */
	TUNNEL_SEALED,
	TUNNEL_STATE_COUNT
};
const char *tunnel_state_name(enum tunnel_state state); /* "gone", "unproven", "sealed" */

struct tunnel_verdict {
	enum tunnel_state state;
	char fact[160];      /* what seals it, or which fact is missing; of our own words */
	char mend[160];      /* GONE: what to do */
	int64_t handshake_s; /* WireGuard: Unix time of the peer's last; 0: none, or not told */
};

#endif
