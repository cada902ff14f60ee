#include "edge/peer.h"

#include "conf/network.h"
#include "edge/bans.h"
#include "io/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

enum { PREFIX_LEN = 8 }; /* /64: what one IPv6 customer has at least (RFC 6177) */

void edge_peer_text(const struct sockaddr *sa, char *ret_text, size_t cap, uint16_t *ret_port)
{
	uint16_t port;
	io_address_text(sa, ret_text, cap, &port);
	if (!ret_text[0])
		snprintf(ret_text, cap, "127.0.0.1");
	if (ret_port)
		*ret_port = port;
}

void edge_peer_parse(const char *text, struct sockaddr_storage *ret_sa)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret_sa;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret_sa;
	*ret_sa = (struct sockaddr_storage){ .ss_family = AF_UNSPEC };
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1)
		v4->sin_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1)
		v6->sin6_family = AF_INET6;
}

struct edge_limits_key edge_peer_key(const struct sockaddr *sa)
{
	struct edge_limits_key key = {};
	if (sa->sa_family == AF_INET6) {
		const struct in6_addr *addr = &((const struct sockaddr_in6 *)sa)->sin6_addr;
		memcpy(key.bytes, addr,
		       IN6_IS_ADDR_V4MAPPED(addr) ? sizeof(key.bytes) : PREFIX_LEN);
	} else if (sa->sa_family == AF_INET) {
		key.bytes[10] = key.bytes[11] = 0xff;
		memcpy(key.bytes + 12, &((const struct sockaddr_in *)sa)->sin_addr, 4);
	}
	return key;
}

/* As networks have it. */
struct address {
	uint8_t bytes[16];
	bool is_v6;
};

static struct address address_of(const struct sockaddr *sa)
{
	struct address a = { .is_v6 = sa->sa_family == AF_INET6 };
	if (a.is_v6)
		memcpy(a.bytes, &((const struct sockaddr_in6 *)sa)->sin6_addr, 16);
	else if (sa->sa_family == AF_INET)
		memcpy(a.bytes, &((const struct sockaddr_in *)sa)->sin_addr, 4);
	return a;
}

bool edge_peer_is_in(const struct sockaddr *sa, const struct conf_network *networks, size_t count)
{
	struct address a = address_of(sa);
	for (size_t i = 0; i < count; i++)
		if (conf_network_contains(&networks[i], a.bytes, a.is_v6))
			return true;
	return false;
}

bool edge_peer_is_banned(const struct sockaddr *sa, const struct edge_bans *bans, int64_t now_s)
{
	struct address a = address_of(sa);
	return edge_bans_has_address(bans, a.bytes, a.is_v6, now_s);
}
