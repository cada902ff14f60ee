#include "base/clean.h"
#include "tunnel/judge.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define LINK(link_kind, ...)                                                                       \
	.has_link = true, .link = { .index = 4, .kind = link_kind, .is_up = true, __VA_ARGS__ },   \
	.route = { .is_there = true, .interface = 4 }

static const struct judge_case {
	const char *name;
	struct tunnel_facts facts;
	enum tunnel_state state;
	const char *fact;
	bool accepts_unproven;
} cases[] = {
	{ "WireGuard",
	  { LINK("wireguard"), .knows_peers = true,
	    .peers = { .is_there = true, .handshake_s = 77 } },
	  TUNNEL_SEALED,
	  .fact = "WireGuard" },
	{ "not asked as root", { LINK("wireguard") }, TUNNEL_SEALED, .fact = "not told" },
	{ "AllowedIPs",
	  { LINK("wireguard"), .knows_peers = true },
	  TUNNEL_GONE,
	  .fact = "no peer" },
	{ "accepting changes nothing",
	  { LINK("wireguard"), .knows_peers = true },
	  TUNNEL_GONE,
	  .fact = "no peer",
	  .accepts_unproven = true },
	{ "MACsec",
	  { LINK("macsec", .macsec_encrypts = true, .macsec_is_strict = true) },
	  TUNNEL_SEALED,
	  .fact = "MACsec" },
	{ "MACsec that signs alone",
	  { LINK("macsec", .macsec_is_strict = true) },
	  TUNNEL_GONE,
	  .fact = "does not encrypt" },
	{ "MACsec that takes anything",
	  { LINK("macsec", .macsec_encrypts = true) },
	  TUNNEL_GONE,
	  .fact = "in clear" },
	{ "xfrm, not asked as root", { LINK("xfrm") }, TUNNEL_GONE, .fact = "did not tell" },
	{ "tun", { LINK("tun") }, TUNNEL_GONE, .fact = "(tun) encrypts" },
	{ "tun, accepted",
	  { LINK("tun") },
	  TUNNEL_UNPROVEN,
	  .fact = "(tun) encrypts",
	  .accepts_unproven = true },
	{ "hardware", { LINK("") }, TUNNEL_GONE, .fact = "(hardware)" },
	{ "OpenVPN in the kernel", { LINK("ovpn") }, TUNNEL_GONE, .fact = "(ovpn)" },
	{ "no link",
	  { .has_link = false },
	  TUNNEL_GONE,
	  .fact = "no interface \"wg0\"",
	  .accepts_unproven = true },
	{ "down",
	  { .has_link = true, .link = { .index = 4, .kind = "wireguard" } },
	  TUNNEL_GONE,
	  .fact = "down",
	  .accepts_unproven = true },
	{ "no route",
	  { .has_link = true, .link = { .index = 4, .kind = "wireguard", .is_up = true } },
	  TUNNEL_GONE,
	  .fact = "no route",
	  .accepts_unproven = true },
	{ "another way",
	  { .has_link = true,
	    .link = { .index = 4, .kind = "wireguard", .is_up = true },
	    .route = { .is_there = true, .interface = 2 },
	    .route_interface = "eth0" },
	  TUNNEL_GONE,
	  .fact = "goes by \"eth0\"",
	  .accepts_unproven = true },
};

static void test_interfaces(void **state)
{
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct judge_case *c = &cases[i];
		const struct tunnel_way way = { .interface = "wg0",
			                        .accepts_unproven = c->accepts_unproven };
		struct tunnel_verdict v;
		tunnel_judge(&way, &c->facts, &v);
		if (v.state != c->state || !strstr(v.fact, c->fact))
			fail_msg("%s: %s: %s", c->name, tunnel_state_name(v.state), v.fact);
		assert_int_equal(v.mend[0] != '\0', v.state == TUNNEL_GONE);
		assert_int_equal(v.handshake_s, i ? 0 : 77);
	}
}

/* MACsec is between two neighbours. */
static void test_macsec_ends_at_a_gateway(void **state)
{
	const struct tunnel_way way = { .interface = "ms0" };
	struct tunnel_facts facts = { LINK("macsec", .macsec_encrypts = true,
		                           .macsec_is_strict = true) };
	struct tunnel_verdict v;
	facts.route.has_gateway = true;
	tunnel_judge(&way, &facts, &v);
	assert_int_equal(v.state, TUNNEL_GONE);
	assert_non_null(strstr(v.fact, "next host"));
}

static void test_what_has_to_be_asked(void **state)
{
	const struct tunnel_way by_link = { .interface = "wg0" }, any = {};
	const struct tunnel_facts wireguard = { LINK("wireguard") }, xfrm = { LINK("xfrm") };
	const struct tunnel_facts tun = { LINK("tun") }, nothing = {};
	const struct tunnel_facts route = { .route = { .is_there = true } };
	struct tunnel_verdict v;
	assert_int_equal(tunnel_proof_wanted(&by_link, &wireguard), TUNNEL_PROOF_PEERS);
	assert_int_equal(tunnel_proof_wanted(&by_link, &xfrm), TUNNEL_PROOF_IPSEC);
	assert_int_equal(tunnel_proof_wanted(&by_link, &tun), TUNNEL_PROOF_NONE);
	assert_int_equal(tunnel_proof_wanted(&by_link, &nothing), TUNNEL_PROOF_NONE);
	assert_int_equal(tunnel_proof_wanted(&any, &nothing), TUNNEL_PROOF_NONE);
	assert_int_equal(tunnel_proof_wanted(&any, &route), TUNNEL_PROOF_IPSEC);
	tunnel_judge(&any, &nothing, &v);
	assert_non_null(strstr(v.fact, "no route"));
	tunnel_judge(&any, &route, &v);
	assert_int_equal(v.state, TUNNEL_GONE);
	assert_non_null(strstr(v.mend, "root"));
}

static void test_addresses(void **state)
{
	const struct sockaddr_in v4 = { .sin_family = AF_INET,
		                        .sin_port = htons(993),
		                        .sin_addr.s_addr = htonl(0x0a090002) };
	const struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
		                         .sin6_port = htons(143),
		                         .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	const struct sockaddr unix_socket = { .sa_family = AF_UNIX };
	struct tunnel_way way = {};
	assert_true(tunnel_way_to(&way, (const struct sockaddr *)&v4));
	assert_int_equal(way.port, 993);
	assert_memory_equal(way.to.bytes, "\x0a\x09\0\2", 4);
	assert_true(tunnel_way_to(&way, (const struct sockaddr *)&v6));
	assert_true(way.to.is_v6 && way.port == 143 && way.to.bytes[15] == 1);
	assert_false(tunnel_way_to(&way, &unix_socket));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interfaces),
		cmocka_unit_test(test_macsec_ends_at_a_gateway),
		cmocka_unit_test(test_what_has_to_be_asked),
		cmocka_unit_test(test_addresses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
