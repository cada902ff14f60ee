/*
 * What the kernel says of links, routes, WireGuard's peers and IPsec, as facts. Pure. Each takes
 * the body of one message; false: it is not of that kind, or not whole.
 */
#ifndef TUNNEL_ANSWER_H
#define TUNNEL_ANSWER_H

#include "base/slice.h"
#include "tunnel/tunnel.h"

struct tunnel_link {
	unsigned index;
	char kind[16]; /* "wireguard", "tun"; "" of hardware */
	bool is_up;
	uint32_t if_id; /* xfrm: of the policies that are its own */
	/* macsec: frames go out encrypted, and of those that come none is taken in clear */
	bool macsec_encrypts;
	bool macsec_is_strict;
};
/* RTM_NEWLINK */
bool tunnel_link_read(struct slice body, struct tunnel_link *ret_link);

struct tunnel_route {
	bool is_there; /* one that leads to another host */
	unsigned interface;
	bool has_gateway;
	struct tunnel_ip source; /* from which a connection comes by it */
};
/* RTM_NEWROUTE */
bool tunnel_route_read(struct slice body, struct tunnel_route *ret_route);

/* CTRL_CMD_NEWFAMILY: the number of a family of generic netlink. */
bool tunnel_family_read(struct slice body, uint16_t *ret_family);

/* Which peer of a WireGuard interface has an address: the messages of one dump in turn. A peer may
 * go on in the next message, which then has nothing of it but its key. */
struct tunnel_peers {
	struct tunnel_ip wanted;
	bool is_there;
	int64_t handshake_s; /* Unix time of its last one; 0: there was none */
	unsigned prefix;     /* by which it is that peer */
	uint8_t key[32];     /* of the peer that was read last */
	int64_t key_handshake_s;
};
bool tunnel_peers_read(struct slice body, struct tunnel_peers *peers);

enum tunnel_match { TUNNEL_MATCH_NOT, TUNNEL_MATCH_MAYBE, TUNNEL_MATCH };

/* Packets of one connection, one way. */
struct tunnel_flow {
	struct tunnel_ip from, to;
	uint16_t from_port, to_port; /* 0: it is not known, of the range for clients */
	uint32_t if_id;
};

/* Of a policy: what it does with a packet that matches. */
struct tunnel_policy {
	uint8_t dir; /* XFRM_POLICY_OUT, _IN */
	uint32_t priority;
	bool is_block;
	bool has_esp; /* it must be encrypted by an SA that meets what follows, or is dropped */
	bool is_transport;
	struct tunnel_ip to; /* the other end of the tunnel, unless is_transport */
	uint32_t reqid;
	uint32_t if_id;
	enum tunnel_match match; /* of the flow that was asked for */
};
/* XFRM_MSG_NEWPOLICY */
bool tunnel_policy_read(struct slice body, const struct tunnel_flow *flow,
                        struct tunnel_policy *ret_policy);

struct tunnel_sa {
	struct tunnel_ip to;
	bool is_esp, is_transport;
	bool has_cipher; /* false too of one that is still negotiated */
	bool is_null;    /* it encrypts nothing */
	uint32_t reqid;
	uint32_t if_id;
};
/* XFRM_MSG_NEWSA */
bool tunnel_sa_read(struct slice body, struct tunnel_sa *ret_sa);

bool tunnel_ip_equal(const struct tunnel_ip *a, const struct tunnel_ip *b);
bool tunnel_ip_is_in(const struct tunnel_ip *ip, const struct tunnel_ip *network, unsigned prefix);
/* family: AF_INET or AF_INET6. False: another, or too few bytes. */
bool tunnel_ip_take(struct tunnel_ip *ret_ip, int family, struct slice bytes);

#endif
