#include "watch/packet.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define V4 "\x45\0\0\x2c\0\1\0\0\x40\6\0\0\x0a\0\0\1\x0a\0\0\2"
#define TCP                                                                                        \
	"\x9c\x40\0\x19\0\0\0\7\0\0\0\x09\x50\x18\xff\xff\0\0\0\0"                                 \
	"EHLO"
#define V6_FROM "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
#define V6_TO "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2"
#define MACS "\0\1\2\3\4\5\6\7\x08\x09\x0a\x0b"
#define TEXT(text)                                                                                 \
	{                                                                                          \
		(const uint8_t *)(text), sizeof(text) - 1                                          \
	}

struct packet_case {
	const char *name;
	int link;
	struct slice frame;
	int result;
};

static const struct packet_case cases[] = {
	{ "raw", WATCH_LINK_RAW, TEXT(V4 TCP), 0 },
	{ "ethernet", WATCH_LINK_ETHERNET, TEXT(MACS "\x08\0" V4 TCP), 0 },
	{ "a VLAN tag", WATCH_LINK_ETHERNET, TEXT(MACS "\x81\0\0\7\x08\0" V4 TCP), 0 },
	{ "two tags", WATCH_LINK_ETHERNET, TEXT(MACS "\x88\xa8\0\7\x81\0\0\7\x08\0" V4 TCP), 0 },
	{ "MPLS", WATCH_LINK_ETHERNET, TEXT(MACS "\x88\x47\0\0\0\0\0\0\1\0" V4 TCP), 0 },
	{ "PPPoE", WATCH_LINK_ETHERNET, TEXT(MACS "\x88\x64\x11\0\0\1\0\0\0\x21" V4 TCP), 0 },
	{ "cooked", WATCH_LINK_COOKED,
	  TEXT("\0\0\0\1\0\6"
	       "12345678"
	       "\x08\0" V4 TCP),
	  0 },
	{ "cooked 2", WATCH_LINK_COOKED2,
	  TEXT("\x08\0"
	       "123456789012345678" V4 TCP),
	  0 },
	{ "loopback", WATCH_LINK_NULL, TEXT("\2\0\0\0" V4 TCP), 0 },
	{ "padding of Ethernet is no payload", WATCH_LINK_RAW, TEXT(V4 TCP "\0\0\0\0"), 0 },
	{ "IP in IP", WATCH_LINK_RAW,
	  TEXT("\x45\0\0\x40\0\1\0\0\x40\4\0\0\x0a\0\0\1\x0a\0\0\2" V4 TCP), 0 },
	{ "ARP", WATCH_LINK_ETHERNET,
	  TEXT(MACS "\x08\6"
	            "123456"),
	  WATCH_PACKET_OTHER },
	{ "MACsec", WATCH_LINK_ETHERNET,
	  TEXT(MACS "\x88\xe5"
	            "123456"),
	  WATCH_PACKET_OTHER },
	{ "no end of tags", WATCH_LINK_ETHERNET, TEXT(MACS "\x81\0\0\7\x81\0"),
	  WATCH_PACKET_BROKEN },
	{ "nothing", WATCH_LINK_RAW, TEXT(""), WATCH_PACKET_BROKEN },
	{ "half a header", WATCH_LINK_RAW, TEXT("\x45\0\0\x2c\0"), WATCH_PACKET_BROKEN },
	{ "a header that is too short", WATCH_LINK_RAW,
	  TEXT("\x41"
	       "0123456789012345678"),
	  WATCH_PACKET_BROKEN },
	{ "TCP without its header", WATCH_LINK_RAW,
	  TEXT("\x45\0\0\x18\0\1\0\0\x40\6\0\0\x0a\0\0\1\x0a\0\0\2"
	       "1234"),
	  WATCH_PACKET_BROKEN },
	{ "a fragment", WATCH_LINK_RAW,
	  TEXT("\x45\0\0\x18\0\1\x20\0\x40\6\0\0\x0a\0\0\1\x0a\0\0\2"
	       "1234"),
	  WATCH_PACKET_FRAGMENT },
	{ "an unknown link", 9999, TEXT(V4 TCP), WATCH_PACKET_OTHER },
};

static void test_packet_links(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct watch_packet p;
		int r = watch_packet_parse(&p, cases[i].link, cases[i].frame);
		if (r != cases[i].result)
			print_error("%s: %d\n", cases[i].name, r);
		assert_int_equal(r, cases[i].result);
		if (r)
			continue;
		assert_int_equal(p.from_port, 40000);
		assert_int_equal(p.to_port, 25);
		assert_int_equal(p.seq, 7);
		assert_int_equal(p.ack, 9);
		assert_int_equal(p.payload.len, 4);
		assert_memory_equal(p.payload.data, "EHLO", 4);
	}
}

static void test_packet_ipv6_headers(void **state)
{
	/* hop by hop, options, then UDP */
	static const char bytes[] = "\x60\0\0\0\0\x1a\0\x40" V6_FROM V6_TO "\x3c\0\0\0\0\0\0\0"
				    "\x11\0\0\0\0\0\0\0"
				    "\0\1\2\2\0\x0a\0\0"
				    "hi";
	struct watch_packet p;
	char text[WATCH_ADDRESS_CAP];
	(void)state;
	assert_int_equal(watch_packet_parse(&p, WATCH_LINK_RAW, slice_of(bytes, sizeof(bytes) - 1)),
	                 0);
	assert_int_equal(p.protocol, WATCH_IP_UDP);
	assert_int_equal(p.to_port, 514);
	assert_int_equal(p.payload.len, 2);
	watch_address_print(&p.to, text);
	assert_string_equal(text, "2001:db8::2");
}

static void test_packet_cut_by_the_capture(void **state)
{
	struct slice all = cases[0].frame;
	struct watch_packet p;
	(void)state;
	assert_int_equal(watch_packet_parse(&p, WATCH_LINK_RAW, slice_head(all, all.len - 3)), 0);
	assert_int_equal(p.payload.len, 1);
	assert_int_equal(p.payload_missing, 3);
}

/* Cut anywhere, no frame is read past its end (the sanitizer looks). */
static void test_packet_cut_anywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		for (size_t len = 0; len < cases[i].frame.len; len++) {
			struct watch_packet p;
			uint8_t *copy = malloc(len ? len : 1);
			assert_non_null(copy);
			memcpy(copy, cases[i].frame.data, len);
			int r = watch_packet_parse(&p, cases[i].link, slice_of(copy, len));
			assert_true(r >= 0 && r <= WATCH_PACKET_FRAGMENT);
			free(copy);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packet_links),
		cmocka_unit_test(test_packet_ipv6_headers),
		cmocka_unit_test(test_packet_cut_by_the_capture),
		cmocka_unit_test(test_packet_cut_anywhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
