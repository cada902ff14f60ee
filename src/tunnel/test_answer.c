#include "tunnel/answer.h"

#include "base/clean.h"
#include "tunnel/message.h"
#include "tunnel/question.h"
#include "tunnel/test_recorded.h"
#include "tunnel/test_written.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/time_types.h>
#include <linux/wireguard.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static uint8_t room[4096];

/* The first message of a recorded answer. */
static struct tunnel_message recorded(const char *hex)
{
	struct slice bytes = recorded_bytes(hex, room);
	struct tunnel_message m;
	assert_true(tunnel_message_next(&bytes, &m));
	return m;
}

static void test_links_recorded(void **state)
{
	struct tunnel_link link;
	assert_true(tunnel_link_read(recorded(recorded_link_tun).body, &link));
	assert_string_equal(link.kind, "tun");
	assert_true(link.is_up && link.index);
	assert_true(tunnel_link_read(recorded(recorded_link_veth).body, &link));
	assert_string_equal(link.kind, "veth");
	assert_true(tunnel_link_read(recorded(recorded_link_lo).body, &link));
	assert_string_equal(link.kind, "");
	struct tunnel_message none = recorded(recorded_link_none);
	assert_int_equal(none.type, NLMSG_ERROR);
	assert_int_equal(tunnel_message_error(&none), -ENODEV);
}

static struct slice link_written(struct buf *b, const char *kind, struct buf *data)
{
	CLEAN(buf_deinit) struct buf info = {};
	const struct ifinfomsg head = { .ifi_index = 9, .ifi_flags = IFF_UP };
	written_begin(b, &head, sizeof(head));
	written_text(&info, IFLA_INFO_KIND, kind);
	written_nest(&info, IFLA_INFO_DATA | NLA_F_NESTED, data);
	written_text(b, IFLA_IFNAME, "x0");
	written_nest(b, IFLA_LINKINFO | NLA_F_NESTED, &info);
	return buf_slice(b);
}

static void test_links_written(void **state)
{
	CLEAN(buf_deinit) struct buf b = {};
	CLEAN(buf_deinit) struct buf data = {};
	struct tunnel_link link;
	assert_true(tunnel_link_read(link_written(&b, "wireguard", &data), &link));
	assert_string_equal(link.kind, "wireguard");
	assert_int_equal(link.index, 9);
	written_u32(&data, IFLA_XFRM_IF_ID, 5);
	assert_true(tunnel_link_read(link_written(&b, "xfrm", &data), &link));
	assert_int_equal(link.if_id, 5);
	for (unsigned i = 0; i < 8; i++) {
		written_byte(&data, IFLA_MACSEC_ENCRYPT, i & 1);
		written_byte(&data, IFLA_MACSEC_PROTECT, (i & 2) != 0);
		written_byte(&data, IFLA_MACSEC_VALIDATION,
		             i & 4 ? MACSEC_VALIDATE_STRICT : MACSEC_VALIDATE_CHECK);
		assert_true(tunnel_link_read(link_written(&b, "macsec", &data), &link));
		assert_int_equal(link.macsec_encrypts, (i & 3) == 3);
		assert_int_equal(link.macsec_is_strict, (i & 4) != 0);
	}
}

static void test_routes_recorded(void **state)
{
	struct tunnel_link tun, veth;
	struct tunnel_route route;
	struct tunnel_ip source = written_ip("10.9.0.1");
	assert_true(tunnel_link_read(recorded(recorded_link_tun).body, &tun));
	assert_true(tunnel_link_read(recorded(recorded_link_veth).body, &veth));
	assert_true(tunnel_route_read(recorded(recorded_route_tun).body, &route));
	assert_true(route.is_there && !route.has_gateway);
	assert_int_equal(route.interface, tun.index);
	assert_true(tunnel_ip_equal(&route.source, &source));
	assert_true(tunnel_route_read(recorded(recorded_route_gateway).body, &route));
	assert_true(route.is_there && route.has_gateway);
	assert_int_equal(route.interface, veth.index);
	assert_true(tunnel_route_read(recorded(recorded_route_v6).body, &route));
	source = written_ip("2001:db8::1");
	assert_true(route.is_there && tunnel_ip_equal(&route.source, &source));
	assert_true(tunnel_route_read(recorded(recorded_route_local).body, &route));
	assert_false(route.is_there);
	struct tunnel_message none = recorded(recorded_route_none);
	assert_int_equal(tunnel_message_error(&none), -ENETUNREACH);
}

static void test_family(void **state)
{
	CLEAN(buf_deinit) struct buf b = {};
	const struct genlmsghdr head = { .cmd = CTRL_CMD_NEWFAMILY };
	const uint16_t number = 33;
	uint16_t family = 0;
	struct tunnel_message none = recorded(recorded_family_none);
	assert_int_equal(tunnel_message_error(&none), -ENOENT);
	written_begin(&b, &head, sizeof(head));
	written_text(&b, CTRL_ATTR_FAMILY_NAME, WG_GENL_NAME);
	assert_false(tunnel_family_read(buf_slice(&b), &family));
	written_attribute(&b, CTRL_ATTR_FAMILY_ID, slice_of(&number, sizeof(number)));
	assert_true(tunnel_family_read(buf_slice(&b), &family));
	assert_int_equal(family, 33);
}

/* --- WireGuard: written --- */

struct allowed {
	const char *network;
	uint8_t prefix;
};

static void allowed_write(struct buf *list, const struct allowed *a)
{
	CLEAN(buf_deinit) struct buf one = {};
	struct tunnel_ip network = written_ip(a->network);
	const uint16_t family = network.is_v6 ? AF_INET6 : AF_INET;
	written_attribute(&one, WGALLOWEDIP_A_FAMILY, slice_of(&family, sizeof(family)));
	written_attribute(&one, WGALLOWEDIP_A_IPADDR,
	                  slice_of(network.bytes, network.is_v6 ? 16 : 4));
	written_byte(&one, WGALLOWEDIP_A_CIDR_MASK, a->prefix);
	written_nest(list, 0, &one);
}

/* handshake_s -1: it goes on from the message before. */
static void peer_write(struct buf *peers, uint8_t key, int64_t handshake_s,
                       const struct allowed *allowed, size_t count)
{
	CLEAN(buf_deinit) struct buf peer = {};
	CLEAN(buf_deinit) struct buf list = {};
	const uint8_t bytes[32] = { key };
	const struct __kernel_timespec at = { .tv_sec = handshake_s };
	written_attribute(&peer, WGPEER_A_PUBLIC_KEY, slice_of(bytes, sizeof(bytes)));
	if (handshake_s >= 0)
		written_attribute(&peer, WGPEER_A_LAST_HANDSHAKE_TIME, slice_of(&at, sizeof(at)));
	for (size_t i = 0; i < count; i++)
		allowed_write(&list, &allowed[i]);
	written_nest(&peer, WGPEER_A_ALLOWEDIPS | NLA_F_NESTED, &list);
	written_nest(peers, 0, &peer);
}

static struct slice device_write(struct buf *b, struct buf *peers)
{
	const struct genlmsghdr head = { .cmd = WG_CMD_GET_DEVICE, .version = 1 };
	written_begin(b, &head, sizeof(head));
	written_text(b, WGDEVICE_A_IFNAME, "wg0");
	written_nest(b, WGDEVICE_A_PEERS | NLA_F_NESTED, peers);
	return buf_slice(b);
}

static const struct allowed wide[] = { { "10.0.0.0", 8 }, { "2001:db8::", 32 } };
static const struct allowed narrow[] = { { "192.0.2.0", 24 }, { "10.1.2.3", 32 } };

static struct tunnel_peers peers_of(const char *wanted)
{
	CLEAN(buf_deinit) struct buf b = {};
	CLEAN(buf_deinit) struct buf list = {};
	struct tunnel_peers peers = { .wanted = written_ip(wanted) };
	peer_write(&list, 1, 1000, wide, COUNT_OF(wide));
	peer_write(&list, 2, 2000, narrow, 1);
	assert_true(tunnel_peers_read(device_write(&b, &list), &peers));
	peer_write(&list, 2, -1, narrow + 1, 1);
	peer_write(&list, 3, -1, NULL, 0);
	assert_true(tunnel_peers_read(device_write(&b, &list), &peers));
	return peers;
}

static void test_wireguard_peers_written(void **state)
{
	static const struct {
		const char *wanted;
		bool is_there;
		int64_t handshake_s;
	} cases[] = {
		{ "10.9.9.9", true, 1000 },    { "10.1.2.3", true, 2000 },
		{ "192.0.2.77", true, 2000 },  { "192.0.3.77", false, 0 },
		{ "2001:db8::1", true, 1000 }, { "2001:db9::1", false, 0 },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct tunnel_peers peers = peers_of(cases[i].wanted);
		assert_int_equal(peers.is_there, cases[i].is_there);
		assert_int_equal(peers.handshake_s, cases[i].handshake_s);
	}
}

static void test_cut_answers(void **state)
{
	struct slice whole = recorded_bytes(recorded_link_tun, room);
	struct tunnel_link link;
	for (size_t len = 0; len < whole.len; len++) {
		struct slice bytes = slice_head(whole, len);
		struct tunnel_message m;
		assert_false(tunnel_message_next(&bytes, &m));
		/* Its attributes, cut anywhere. */
		(void)tunnel_link_read(slice_skip(slice_head(whole, len), 16), &link);
	}
	assert_false(tunnel_link_read(slice_head(whole, 15), &link));
}

static void test_the_end_of_a_dump(void **state)
{
	const int32_t busy = -EBUSY, well = 0, wrong = 5;
	struct tunnel_message m = { .type = NLMSG_DONE, .body = slice_of(&busy, sizeof(busy)) };
	assert_int_equal(tunnel_message_error(&m), -EBUSY);
	m.body = slice_of(&well, sizeof(well));
	assert_int_equal(tunnel_message_error(&m), 0);
	m.body = slice_of(&wrong, sizeof(wrong));
	assert_int_equal(tunnel_message_error(&m), 0);
	m.body.len = 3;
	assert_int_equal(tunnel_message_error(&m), 0);
}

static void test_networks(void **state)
{
	static const struct {
		const char *address, *network;
		unsigned prefix;
		bool is_in;
	} cases[] = {
		{ "10.1.2.3", "0.0.0.0", 0, true },
		{ "10.1.2.3", "10.1.2.2", 31, true },
		{ "10.1.2.3", "10.1.2.2", 32, false },
		{ "10.1.2.3", "10.1.2.3", 33, false },
		{ "10.1.2.3", "::", 0, false },
		{ "2001:db8::8", "2001:db8::", 124, true },
		{ "2001:db8::18", "2001:db8::", 124, false },
		{ "::1", "::1", 128, true },
		{ "::1", "::1", 129, false },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct tunnel_ip address = written_ip(cases[i].address),
				 network = written_ip(cases[i].network);
		assert_int_equal(tunnel_ip_is_in(&address, &network, cases[i].prefix),
		                 cases[i].is_in);
	}
}

/* What is asked can be read again: one whole message, with what it is about. */
static void test_questions(void **state)
{
	CLEAN(buf_deinit) struct buf b = {};
	struct tunnel_message m;
	struct tunnel_way way = { .to = written_ip("10.1.2.3"), .port = 993 };
	assert_int_equal(tunnel_ask_route(&b, &way, 7), 0);
	struct slice bytes = buf_slice(&b);
	assert_true(tunnel_message_next(&bytes, &m));
	assert_int_equal(m.type, RTM_GETROUTE);
	assert_int_equal(bytes.len, 0);
	struct slice list = slice_skip(m.body, sizeof(struct rtmsg));
	assert_memory_equal(tunnel_attribute_find(list, RTA_DST).data, way.to.bytes, 4);
	uint32_t uid = 0;
	assert_true(tunnel_value_read(tunnel_attribute_find(list, RTA_UID), &uid, sizeof(uid)));
	assert_int_equal(uid, 7);
	buf_clear(&b);
	assert_int_equal(tunnel_ask_peers(&b, 33, "wg0"), 0);
	bytes = buf_slice(&b);
	assert_true(tunnel_message_next(&bytes, &m));
	assert_int_equal(m.type, 33);
	assert_string_equal(
		(const char *)tunnel_attribute_find(slice_skip(m.body, sizeof(struct genlmsghdr)),
	                                            WGDEVICE_A_IFNAME)
			.data,
		"wg0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_links_recorded),
		cmocka_unit_test(test_links_written),
		cmocka_unit_test(test_routes_recorded),
		cmocka_unit_test(test_family),
		cmocka_unit_test(test_wireguard_peers_written),
		cmocka_unit_test(test_cut_answers),
		cmocka_unit_test(test_the_end_of_a_dump),
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_questions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
