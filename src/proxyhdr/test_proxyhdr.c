#include "base/clean.h"
#include "proxyhdr/proxyhdr.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define SIG "\r\n\r\n\0\r\nQUIT\n"
#define BYTES(text) (text), sizeof(text) - 1

/* --- writing --- */

static const struct {
	const char *name;
	struct proxyhdr_facts facts;
	const char *expected;
	size_t len;
} built[] = {
	{ "local", { .is_local = true, .client_addr = "192.0.2.1" }, BYTES(SIG "\x20\0\0\0") },
	{ "IPv4, plain",
	  { .client_addr = "192.0.2.1",
	    .local_addr = "198.51.100.25",
	    .client_port = 0x1234,
	    .local_port = 25 },
	  BYTES(SIG "\x21\x11\0\x0c\xc0\0\2\1\xc6\x33\x64\x19\x12\x34\0\x19") },
	{ "no SSL TLV for a plain session, whatever else is said",
	  { .client_addr = "192.0.2.1",
	    .local_addr = "192.0.2.2",
	    .tls_version = "TLSv1.3",
	    .tls_cipher = "X",
	    .client_cn = "joe" },
	  BYTES(SIG "\x21\x11\0\x0c\xc0\0\2\1\xc0\0\2\2\0\0\0\0") },
	{ "IPv6",
	  { .client_addr = "2001:db8::1",
	    .local_addr = "fe80::2%eth0",
	    .client_port = 1,
	    .local_port = 2 },
	  BYTES(SIG "\x21\x21\0\x24\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
	            "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\2\0\1\0\2") },
	{ "mixed: IPv4 goes mapped",
	  { .client_addr = "192.0.2.1", .local_addr = "::1" },
	  BYTES(SIG "\x21\x21\0\x24\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\1"
	            "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0") },
	{ "both mapped: IPv4",
	  { .client_addr = "::ffff:192.0.2.1", .local_addr = "::ffff:192.0.2.2" },
	  BYTES(SIG "\x21\x11\0\x0c\xc0\0\2\1\xc0\0\2\2\0\0\0\0") },
	{ "TLS without a client certificate",
	  { .client_addr = "192.0.2.1",
	    .local_addr = "192.0.2.2",
	    .has_tls = true,
	    .tls_version = "TLSv1.3",
	    .tls_cipher = "TLS_AES" },
	  BYTES(SIG "\x21\x11\0\x28\xc0\0\2\1\xc0\0\2\2\0\0\0\0"
	            "\x20\0\x19\x01\0\0\0\1\x21\0\7TLSv1.3\x23\0\7TLS_AES") },
	{ "TLS with one, and an id",
	  { .client_addr = "192.0.2.1",
	    .local_addr = "192.0.2.2",
	    .has_tls = true,
	    .tls_version = "TLSv1.2",
	    .tls_cipher = "",
	    .client_cn = "joe",
	    .unique_id = "abc" },
	  BYTES(SIG "\x21\x11\0\x2a\xc0\0\2\1\xc0\0\2\2\0\0\0\0"
	            "\x20\0\x15\x07\0\0\0\0\x21\0\7TLSv1.2\x22\0\3joe"
	            "\x05\0\3abc") },
	{ "what is spoken inside, agreed on by ALPN",
	  { .client_addr = "192.0.2.1", .local_addr = "192.0.2.2", .has_tls = true, .alpn = "h2" },
	  BYTES(SIG "\x21\x11\0\x19\xc0\0\2\1\xc0\0\2\2\0\0\0\0\x01\0\2h2"
	            "\x20\0\5\x01\0\0\0\1") },
};

static void test_proxyhdr_built(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(built); i++) {
		CLEAN(buf_deinit) struct buf out = {};
		assert_int_equal(buf_add_str(&out, "before"), 0);
		if (proxyhdr_build(&out, &built[i].facts))
			fail_msg("%s", built[i].name);
		buf_consume(&out, 6);
		if (!slice_equal(buf_slice(&out), slice_of(built[i].expected, built[i].len)))
			fail_msg("%s: %zu bytes, not %zu, or other ones", built[i].name,
			         buf_len(&out), built[i].len);
	}
}

static void test_proxyhdr_build_refused(void **state)
{
	(void)state;
	char id[PROXYHDR_UNIQUE_ID_MAX + 2];
	memset(id, 'i', sizeof(id) - 1);
	id[sizeof(id) - 1] = 0;
	struct proxyhdr_facts bad[] = {
		{ .client_addr = "localhost", .local_addr = "192.0.2.1" },
		{ .client_addr = "192.0.2.1", .local_addr = "" },
		{ .client_addr = NULL, .local_addr = "192.0.2.1" },
		{ .client_addr = "192.0.2.1" },
		{ .client_addr = "192.0.2.1.", .local_addr = "192.0.2.1" },
		{ .client_addr = "192.0.2.1", .local_addr = "192.0.2.2", .unique_id = id },
	};
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		CLEAN(buf_deinit) struct buf out = {};
		assert_int_equal(proxyhdr_build(&out, &bad[i]), -EINVAL);
		assert_int_equal(buf_len(&out), 0);
	}
	CLEAN(buf_deinit) struct buf out = {};
	id[PROXYHDR_UNIQUE_ID_MAX] = 0; /* exactly as long as allowed */
	assert_int_equal(proxyhdr_build(&out, &bad[COUNT_OF(bad) - 1]), 0);
}

/* --- reading --- */

#define V4 "\xc0\0\2\1\xc6\x33\x64\x19\x12\x34\0\x19"
#define V6 "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\7\0\1\0\2"
#define X8 "xxxxxxxx"
#define X64 X8 X8 X8 X8 X8 X8 X8 X8
#define X216 X64 X64 X64 X8 X8 X8
#define F "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"

enum { ALL = -1 };

static const struct read_case {
	const char *name;
	const char *input;
	size_t len;
	int result;
	long used; /* ALL: everything */
	struct proxyhdr_result expected;
} read_cases[] = {
	/* version 1 */
	{ "v1 TCP4",
	  BYTES("PROXY TCP4 192.0.2.1 198.51.100.25 4660 25\r\n"),
	  0,
	  ALL,
	  { .has_addresses = true,
	    .client_addr = "192.0.2.1",
	    .local_addr = "198.51.100.25",
	    .client_port = 4660,
	    .local_port = 25 } },
	{ "v1 TCP6",
	  BYTES("PROXY TCP6 2001:DB8:0::1 ::ffff:192.0.2.7 65535 0\r\n"),
	  0,
	  ALL,
	  { .has_addresses = true,
	    .client_addr = "2001:db8::1",
	    .local_addr = "192.0.2.7",
	    .client_port = 65535 } },
	{ "v1 and the client's bytes",
	  BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nEHLO x\r\n"),
	  0,
	  32,
	  { .has_addresses = true,
	    .client_addr = "1.2.3.4",
	    .local_addr = "5.6.7.8",
	    .client_port = 1,
	    .local_port = 2 } },
	{ "v1 UNKNOWN", BYTES("PROXY UNKNOWN\r\n"), 0, ALL, {} },
	{ "v1 UNKNOWN with addresses",
	  BYTES("PROXY UNKNOWN " F " " F " 65535 65535\r\n"),
	  0,
	  ALL,
	  {} },
	{ "v1 longest",
	  BYTES("PROXY TCP6 " F " " F " 65535 65535\r\n"),
	  0,
	  ALL,
	  { .has_addresses = true,
	    .client_addr = F,
	    .local_addr = F,
	    .client_port = 65535,
	    .local_port = 65535 } },
	{ "v1 too long", BYTES("PROXY UNKNOWN " X64 X8 X8 X8 "xxxx\r\n"), PROXYHDR_BAD, 0, {} },
	{ "v1 107 bytes and no CRLF",
	  BYTES("PROXY UNKNOWN " X64 X8 X8 X8 "xxxxx"),
	  PROXYHDR_BAD,
	  0,
	  {} },
	{ "v1 bare LF", BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n"), PROXYHDR_BAD, 0, {} },
	{ "v1 CR without LF", BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\rx"), PROXYHDR_BAD, 0, {} },
	{ "v1 port too large",
	  BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 65536 2\r\n"),
	  PROXYHDR_BAD,
	  0,
	  {} },
	{ "v1 port huge",
	  BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 4294967297 2\r\n"),
	  PROXYHDR_BAD,
	  0,
	  {} },
	{ "v1 port with zero", BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 025 2\r\n"), PROXYHDR_BAD, 0, {} },
	{ "v1 port negative", BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 -1 2\r\n"), PROXYHDR_BAD, 0, {} },
	{ "v1 port missing", BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n"), PROXYHDR_BAD, 0, {} },
	{ "v1 port empty", BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 1 \r\n"), PROXYHDR_BAD, 0, {} },
	{ "v1 a word too many",
	  BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n"),
	  PROXYHDR_BAD,
	  0,
	  {} },
	{ "v1 space at the end",
	  BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n"),
	  PROXYHDR_BAD,
	  0,
	  {} },
	{ "v1 two spaces", BYTES("PROXY TCP4  1.2.3.4 5.6.7.8 1 2\r\n"), PROXYHDR_BAD, 0, {} },
	{ "v1 IPv6 as TCP4", BYTES("PROXY TCP4 ::1 ::1 1 2\r\n"), PROXYHDR_BAD, 0, {} },
	{ "v1 IPv4 as TCP6", BYTES("PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n"), PROXYHDR_BAD, 0, {} },
	{ "v1 no address", BYTES("PROXY TCP4 localhost 5.6.7.8 1 2\r\n"), PROXYHDR_BAD, 0, {} },
	{ "v1 NUL in an address",
	  BYTES("PROXY TCP4 1.2.3.4\0 5.6.7.8 1 2\r\n"),
	  PROXYHDR_BAD,
	  0,
	  {} },
	{ "v1 other family", BYTES("PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n"), PROXYHDR_BAD, 0, {} },
	{ "v1 nothing", BYTES("PROXY \r\n"), PROXYHDR_BAD, 0, {} },
	{ "v1 small letters", BYTES("proxy TCP4 1.2.3.4 5.6.7.8 1 2\r\n"), PROXYHDR_BAD, 0, {} },
	/* version 2 */
	{ "v2 IPv4",
	  BYTES(SIG "\x21\x11\0\x0c" V4 "EHLO"),
	  0,
	  28,
	  { .has_addresses = true,
	    .client_addr = "192.0.2.1",
	    .local_addr = "198.51.100.25",
	    .client_port = 0x1234,
	    .local_port = 25 } },
	{ "v2 IPv6, one mapped",
	  BYTES(SIG "\x21\x21\0\x24" V6),
	  0,
	  ALL,
	  { .has_addresses = true,
	    .client_addr = "2001:db8::1",
	    .local_addr = "192.0.2.7",
	    .client_port = 1,
	    .local_port = 2 } },
	{ "v2 with TLVs",
	  BYTES(SIG "\x21\x11\0\x16" V4 "\x04\0\0\x05\0\4abcd"),
	  0,
	  ALL,
	  { .has_addresses = true,
	    .client_addr = "192.0.2.1",
	    .local_addr = "198.51.100.25",
	    .client_port = 0x1234,
	    .local_port = 25 } },
	{ "v2 TLV longer than the header",
	  BYTES(SIG "\x21\x11\0\x13" V4 "\x05\0\5abcdabcd"),
	  PROXYHDR_BAD,
	  0,
	  {} },
	{ "v2 TLV that is cut", BYTES(SIG "\x21\x11\0\x0e" V4 "\x05\0"), PROXYHDR_BAD, 0, {} },
	{ "v2 local", BYTES(SIG "\x20\0\0\0"), 0, ALL, { .is_local = true } },
	{ "v2 local with anything", BYTES(SIG "\x20\x11\0\3abc"), 0, ALL, { .is_local = true } },
	{ "v2 unspec", BYTES(SIG "\x21\0\0\0"), 0, ALL, {} },
	{ "v2 unix", BYTES(SIG "\x21\x31\0\xd8" X216), 0, ALL, {} },
	{ "v2 datagrams", BYTES(SIG "\x21\x12\0\x0c" V4), PROXYHDR_BAD, 0, {} },
	{ "v2 family without transport", BYTES(SIG "\x21\x10\0\x0c" V4), PROXYHDR_BAD, 0, {} },
	{ "v2 no such family", BYTES(SIG "\x21\x41\0\x0c" V4), PROXYHDR_BAD, 0, {} },
	{ "v2 addresses cut", BYTES(SIG "\x21\x11\0\x0b" V4), PROXYHDR_BAD, 0, {} },
	{ "v2 IPv4 length for IPv6", BYTES(SIG "\x21\x21\0\x0c" V4), PROXYHDR_BAD, 0, {} },
	{ "v2 too long", BYTES(SIG "\x21\x11\x10\x01"), PROXYHDR_BAD, 0, {} },
	{ "v2 longest lie", BYTES(SIG "\x21\x11\xff\xff"), PROXYHDR_BAD, 0, {} },
	{ "v2 other version", BYTES(SIG "\x11\x11\0\x0c" V4), PROXYHDR_BAD, 0, {} },
	{ "v2 other command", BYTES(SIG "\x22\x11\0\x0c" V4), PROXYHDR_BAD, 0, {} },
	/* neither */
	{ "a client that is no balancer", BYTES("EHLO x\r\n"), PROXYHDR_BAD, 0, {} },
	{ "a ClientHello", BYTES("\x16\x03\x01\x02"), PROXYHDR_BAD, 0, {} },
	{ "signature gone wrong", BYTES("\r\n\r\n\0\r\nQUIX"), PROXYHDR_BAD, 0, {} },
	{ "nothing", BYTES(""), PROXYHDR_MORE, 0, {} },
};

static void assert_same(const struct read_case *c, const struct proxyhdr_result *r)
{
	if (r->is_local != c->expected.is_local || r->has_addresses != c->expected.has_addresses ||
	    strcmp(r->client_addr, c->expected.client_addr) != 0 ||
	    strcmp(r->local_addr, c->expected.local_addr) != 0 ||
	    r->client_port != c->expected.client_port || r->local_port != c->expected.local_port)
		fail_msg("%s: client %s:%u, local %s:%u", c->name, r->client_addr, r->client_port,
		         r->local_addr, r->local_port);
}

static void test_proxyhdr_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(read_cases); i++) {
		const struct read_case *c = &read_cases[i];
		struct proxyhdr_result result = { .client_port = 7 };
		size_t used = 99;
		int r = proxyhdr_parse(slice_of(c->input, c->len), &result, &used);
		if (r != c->result)
			fail_msg("%s: %d", c->name, r);
		if (r) { /* written only on success */
			assert_int_equal(used, 99);
			assert_int_equal(result.client_port, 7);
			continue;
		}
		assert_int_equal(used, c->used == ALL ? c->len : (size_t)c->used);
		assert_same(c, &result);
	}
}

/* Fed byte by byte (each piece in memory of its own size): MORE until the answer is certain. */
static void test_proxyhdr_read_byte_by_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(read_cases); i++) {
		const struct read_case *c = &read_cases[i];
		struct proxyhdr_result result = {};
		size_t used = 0;
		int r = PROXYHDR_MORE;
		for (size_t len = 0; len <= c->len && r == PROXYHDR_MORE; len++) {
			CLEAN(freep) uint8_t *copy = malloc(len ? len : 1);
			assert_non_null(copy);
			memcpy(copy, c->input, len);
			r = proxyhdr_parse(slice_of(copy, len), &result, &used);
			if (r == 0)
				assert_int_equal(used, len);
		}
		if (r != c->result)
			fail_msg("%s: %d", c->name, r);
		if (r == 0)
			assert_same(c, &result);
	}
}

static void test_proxyhdr_longest_v2(void **state)
{
	(void)state;
	CLEAN(freep) uint8_t *input = calloc(1, PROXYHDR_V2_MAX);
	struct proxyhdr_result result;
	size_t used;
	size_t tlv = PROXYHDR_V2_MAX - 16 - 12 - 3;
	assert_non_null(input);
	memcpy(input, SIG "\x21\x11\x10\x00" V4 "\x04", 16 + 12 + 1);
	input[29] = (uint8_t)(tlv >> 8);
	input[30] = (uint8_t)tlv;
	assert_int_equal(proxyhdr_parse(slice_of(input, PROXYHDR_V2_MAX - 1), &result, &used),
	                 PROXYHDR_MORE);
	assert_int_equal(proxyhdr_parse(slice_of(input, PROXYHDR_V2_MAX), &result, &used), 0);
	assert_int_equal(used, PROXYHDR_V2_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_proxyhdr_built),
		cmocka_unit_test(test_proxyhdr_build_refused),
		cmocka_unit_test(test_proxyhdr_read),
		cmocka_unit_test(test_proxyhdr_read_byte_by_byte),
		cmocka_unit_test(test_proxyhdr_longest_v2),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
