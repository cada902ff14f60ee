#include "tunnel/judge.h"

#include "base/clean.h"

#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>

static const char *const state_names[] = {
	[TUNNEL_GONE] = "gone",
	[TUNNEL_UNPROVEN] = "unproven",
	[TUNNEL_SEALED] = "sealed",
};
_Static_assert(COUNT_OF(state_names) == TUNNEL_STATE_COUNT, "every state has its word");

const char *tunnel_state_name(enum tunnel_state state)
{
	return state_names[state];
}

bool tunnel_way_to(struct tunnel_way *way, const struct sockaddr *to)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)to;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)to;
	bool is_v6 = to->sa_family == AF_INET6;
	way->port = ntohs(is_v6 ? v6->sin6_port : v4->sin_port);
	return tunnel_ip_take(&way->to, to->sa_family,
	                      is_v6 ? slice_of(&v6->sin6_addr, 16) : slice_of(&v4->sin_addr, 4));
}

__attribute__((format(printf, 3, 4))) static void gone(struct tunnel_verdict *v, const char *mend,
                                                       const char *format, ...)
{
	va_list args;
	*v = (struct tunnel_verdict){ .state = TUNNEL_GONE };
	va_start(args, format);
	vsnprintf(v->fact, sizeof(v->fact), format, args);
	va_end(args);
	snprintf(v->mend, sizeof(v->mend), "%s", mend);
}

static void sealed(struct tunnel_verdict *v, const char *fact)
{
	*v = (struct tunnel_verdict){ .state = TUNNEL_SEALED };
	snprintf(v->fact, sizeof(v->fact), "%s", fact);
}

/* By its nature a link of this kind sends nothing in clear: what no peer may have is dropped. */
static void wireguard_judge(const struct tunnel_facts *facts, struct tunnel_verdict *v)
{
	if (!facts->knows_peers) {
		sealed(v, "WireGuard; its peers were not told");
	} else if (!facts->peers.is_there) {
		gone(v, "add the address to AllowedIPs of its peer",
		     "no peer of this WireGuard interface has the address");
	} else {
		sealed(v, "WireGuard");
		v->handshake_s = facts->peers.handshake_s;
	}
}

static void macsec_judge(const struct tunnel_facts *facts, struct tunnel_verdict *v)
{
	if (facts->route.has_gateway)
		gone(v, "reach it by WireGuard or IPsec, or in TLS",
		     "MACsec ends at the next host, and the address is behind it");
	else if (!facts->link.macsec_encrypts)
		gone(v, "ip link set dev NAME type macsec encrypt on",
		     "this MACsec interface does not encrypt");
	else if (!facts->link.macsec_is_strict)
		gone(v, "ip link set dev NAME type macsec validate strict",
		     "this MACsec interface takes frames in clear");
	else
		sealed(v, "MACsec");
}

static void ipsec_judge(const struct tunnel_facts *facts, struct tunnel_verdict *v)
{
	if (facts->ipsec)
		tunnel_ipsec_judge(facts->ipsec, v);
	else
		gone(v, "start it as root (CAP_NET_ADMIN)",
		     "the kernel did not tell its IPsec policies and SAs");
}

static void unproven_judge(const struct tunnel_way *way, const struct tunnel_facts *facts,
                           struct tunnel_verdict *v)
{
	const char *kind = facts->link.kind[0] ? facts->link.kind : "hardware";
	gone(v, "use WireGuard, IPsec, MACsec, or TLS; or add accept = [\"unproven-tunnel\"]",
	     "nothing shows that an interface of this kind (%s) encrypts", kind);
	if (!way->accepts_unproven)
		return;
	v->state = TUNNEL_UNPROVEN;
	v->mend[0] = '\0';
}

static const struct kind {
	const char *name;
	enum tunnel_proof proof;
	void (*judge)(const struct tunnel_facts *facts, struct tunnel_verdict *ret_verdict);
} kinds[] = {
	{ "wireguard", TUNNEL_PROOF_PEERS, wireguard_judge },
	{ "macsec", TUNNEL_PROOF_NONE, macsec_judge },
	{ "xfrm", TUNNEL_PROOF_IPSEC, ipsec_judge },
};

static const struct kind *kind_of(const struct tunnel_facts *facts)
{
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (!strcmp(kinds[i].name, facts->link.kind))
			return &kinds[i];
	return NULL;
}

static bool is_reached(const struct tunnel_way *way, const struct tunnel_facts *facts)
{
	return facts->route.is_there &&
	       (!way->interface || (facts->has_link && facts->link.is_up &&
	                            facts->route.interface == facts->link.index));
}

enum tunnel_proof tunnel_proof_wanted(const struct tunnel_way *way,
                                      const struct tunnel_facts *facts)
{
	const struct kind *kind = kind_of(facts);
	if (!is_reached(way, facts))
		return TUNNEL_PROOF_NONE;
	if (!way->interface)
		return TUNNEL_PROOF_IPSEC;
	return kind ? kind->proof : TUNNEL_PROOF_NONE;
}

/* Why it is not reached as it should be. */
static void unreached_judge(const struct tunnel_way *way, const struct tunnel_facts *facts,
                            struct tunnel_verdict *v)
{
	if (way->interface && !facts->has_link)
		gone(v, "bring the tunnel up, or correct \"interface\"",
		     "there is no interface \"%s\"", way->interface);
	else if (way->interface && !facts->link.is_up)
		gone(v, "bring it up (ip link set dev NAME up)", "interface \"%s\" is down",
		     way->interface);
	else if (!facts->route.is_there)
		gone(v, "bring the tunnel up, or add a route by it",
		     "no route leads to the address");
	else
		gone(v, "add a route to the address by the tunnel (WireGuard: AllowedIPs)",
		     "the route to the address goes by \"%s\"", facts->route_interface);
}

void tunnel_judge(const struct tunnel_way *way, const struct tunnel_facts *facts,
                  struct tunnel_verdict *ret_verdict)
{
	const struct kind *kind = kind_of(facts);
	if (!is_reached(way, facts))
		unreached_judge(way, facts, ret_verdict);
	else if (!way->interface)
		ipsec_judge(facts, ret_verdict);
	else if (kind)
		kind->judge(facts, ret_verdict);
	else
		unproven_judge(way, facts, ret_verdict);
}
