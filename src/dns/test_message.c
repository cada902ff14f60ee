#include "base/clean.h"
#include "dns/message.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define HEADER(answers) "\0\0\x81\x80\0\1\0" answers "\0\0\0\0"
#define QUESTION "\7example\3org\0\0\17\0\1" /* at 12, 17 and 4 bytes */
#define MX_HEAD(len) "\xc0\x0c\0\17\0\1\0\0\16\x10\0" len

#define BYTES(text)                                                                                \
	{                                                                                          \
		(const uint8_t *)(text), sizeof(text) - 1                                          \
	}

static void test_message_mx(void **state)
{
	(void)state;
	struct dns_message m;
	struct dns_record r;
	struct dns_mx mx;
	struct slice packet = BYTES(HEADER("\3") QUESTION MX_HEAD("\6") "\0\12\1A\xc0\x0c" MX_HEAD(
		"\3") "\0\0\0"
	              "\xc0\x0c\0\17\0\3\0\0\0\0\0\3\0\0\0"); /* of class CH */
	assert_int_equal(dns_message_open(&m, packet), 0);
	assert_int_equal(dns_message_next(&m, &r), 0);
	assert_string_equal(r.name, "example.org");
	assert_int_equal(r.type, DNS_MX);
	assert_int_equal(r.ttl_s, 3600);
	assert_int_equal(dns_mx_read(&m, &r, &mx), 0);
	assert_int_equal(mx.preference, 10);
	assert_string_equal(mx.host, "a.example.org");
	assert_int_equal(dns_message_next(&m, &r), 0);
	assert_int_equal(dns_mx_read(&m, &r, &mx), 0);
	assert_string_equal(mx.host, "");
	assert_int_equal(dns_message_next(&m, &r), DNS_END);
}

static const struct bad {
	const char *name;
	struct slice packet;
} bad[] = {
	{ "empty", { NULL, 0 } },
	{ "a query", BYTES("\0\0\1\0\0\1\0\0\0\0\0\0" QUESTION) },
	{ "truncated", BYTES("\0\0\x83\x80\0\1\0\0\0\0\0\0" QUESTION) },
	{ "no question", BYTES("\0\0\x81\x80\0\0\0\0\0\0\0\0") },
	{ "question cut", BYTES(HEADER("\0") "\7exam") },
	{ "no type", BYTES(HEADER("\0") "\7example\3org\0\0\17") },
	{ "answer missing", BYTES(HEADER("\1") QUESTION) },
	{ "answer cut", BYTES(HEADER("\1") QUESTION MX_HEAD("\6") "\0\12\1A\xc0") },
	{ "points at itself", BYTES(HEADER("\1") QUESTION "\xc0\x21\0\17\0\1\0\0\0\0\0\0") },
	{ "points ahead", BYTES(HEADER("\1") QUESTION "\xc0\x23\0\17\0\1\0\0\0\0\0\0") },
	{ "label of 64", BYTES(HEADER("\1") QUESTION "\x40\0\17\0\1\0\0\0\0\0\0") },
	{ "points to a circle", BYTES(HEADER("\1") QUESTION "\1a\xc0\x21\0\17\0\1\0\0\0\0\0\0") },
};

static void test_message_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct dns_message m;
		struct dns_record r;
		int result = dns_message_open(&m, bad[i].packet);
		if (!result)
			result = dns_message_next(&m, &r);
		if (result != DNS_BAD)
			fail_msg("%s: result %d", bad[i].name, result);
	}
}

static void test_message_data_bad(void **state)
{
	(void)state;
	struct dns_message m;
	struct dns_record r;
	struct dns_mx mx;
	struct dns_tlsa tlsa;
	uint8_t text[DNS_TXT_CAP];
	size_t len;
	/* The host's name runs on behind the record's end, or ends before it. */
	static const struct slice packets[] = {
		BYTES(HEADER("\1") QUESTION MX_HEAD("\4") "\0\12\1A\0"),
		BYTES(HEADER("\1") QUESTION MX_HEAD("\6") "\0\12\1A\0\0"),
		BYTES(HEADER("\1") QUESTION MX_HEAD("\2") "\0\12"),
	};
	for (size_t i = 0; i < COUNT_OF(packets); i++) {
		assert_int_equal(dns_message_open(&m, packets[i]), 0);
		assert_int_equal(dns_message_next(&m, &r), 0);
		assert_int_equal(dns_mx_read(&m, &r, &mx), DNS_BAD);
	}
	r.data = (struct slice)BYTES("\3\1\1");
	assert_int_equal(dns_tlsa_read(&r, &tlsa), DNS_BAD);
	r.data = (struct slice)BYTES("\3abc\5de");
	assert_int_equal(dns_txt_read(&r, text, &len), DNS_BAD);
	r.data = slice_of(NULL, 0);
	assert_int_equal(dns_txt_read(&r, text, &len), DNS_BAD);
	static uint8_t large[5 * 256];
	memset(large, 255, sizeof(large));
	r.data = slice_of(large, sizeof(large));
	assert_int_equal(dns_txt_read(&r, text, &len), DNS_BAD);
}

static void test_message_data(void **state)
{
	(void)state;
	struct dns_record r = { .data = BYTES("\3\1\1\xab\xcd") };
	struct dns_tlsa tlsa;
	uint8_t text[DNS_TXT_CAP];
	size_t len;
	assert_int_equal(dns_tlsa_read(&r, &tlsa), 0);
	assert_true(tlsa.usage == 3 && tlsa.selector == 1 && tlsa.matching == 1);
	assert_true(slice_equal(tlsa.data, slice_str("\xab\xcd")));
	char address[DNS_ADDRESS_CAP];
	r = (struct dns_record){ .type = DNS_A, .data = BYTES("\300\0\2\1") };
	assert_int_equal(dns_address_read(&r, address), 0);
	assert_string_equal(address, "192.0.2.1");
	r.type = DNS_AAAA;
	assert_int_equal(dns_address_read(&r, address), DNS_BAD);
	r.data = (struct slice)BYTES("\40\1\15\270\0\0\0\0\0\0\0\0\0\0\0\1");
	assert_int_equal(dns_address_read(&r, address), 0);
	assert_string_equal(address, "2001:db8::1");
	r.type = DNS_TXT;
	assert_int_equal(dns_address_read(&r, address), DNS_BAD);
	r.data = (struct slice)BYTES("\10v=STSv1;\0\5 id=1");
	assert_int_equal(dns_txt_read(&r, text, &len), 0);
	assert_true(slice_equal(slice_of(text, len), slice_str("v=STSv1; id=1")));
}

static void test_message_srv(void **state)
{
	(void)state;
	struct dns_message m;
	struct dns_record r;
	struct dns_srv srv;
#define SRV_HEAD(len) "\xc0\x0c\0\41\0\1\0\0\16\x10\0" len
	struct slice packet =
		BYTES(HEADER("\4") QUESTION SRV_HEAD("\12") "\0\12\0\1\3\xe1\1A\xc0\x0c" SRV_HEAD(
			"\7") "\0\0\0\0\0\0\0" SRV_HEAD("\6") "\0\0\0\0\0\0" SRV_HEAD("\12") "\0\12"
	                                                                                     "\0\1"
	                                                                                     "\3"
	                                                                                     "\xe1"
	                                                                                     "\1A\0"
	                                                                                     "\0");
	assert_int_equal(dns_message_open(&m, packet), 0);
	assert_int_equal(dns_message_next(&m, &r), 0);
	assert_int_equal(r.type, DNS_SRV);
	assert_int_equal(dns_srv_read(&m, &r, &srv), 0);
	assert_true(srv.priority == 10 && srv.weight == 1 && srv.port == 993);
	assert_string_equal(srv.target, "a.example.org");
	assert_int_equal(dns_message_next(&m, &r), 0);
	assert_int_equal(dns_srv_read(&m, &r, &srv), 0);
	assert_string_equal(srv.target, "");
	for (int i = 0; i < 2; i++) { /* without a target; with bytes behind it */
		assert_int_equal(dns_message_next(&m, &r), 0);
		assert_int_equal(dns_srv_read(&m, &r, &srv), DNS_BAD);
	}
}

static void test_message_caa(void **state)
{
	(void)state;
	struct dns_record r = { .type = DNS_CAA, .data = BYTES("\200\5issueca.example; a=b") };
	struct dns_caa caa;
	static const struct slice faulty[] = {
		BYTES(""), BYTES("\0"), BYTES("\0\0x"), BYTES("\0\6issue"), BYTES("\0\1-x"),
	};
	assert_int_equal(dns_caa_read(&r, &caa), 0);
	assert_true(caa.is_critical);
	assert_true(slice_equal(caa.tag, slice_str("issue")));
	assert_true(slice_equal(caa.value, slice_str("ca.example; a=b")));
	r.data = (struct slice)BYTES("\0\5issue");
	assert_int_equal(dns_caa_read(&r, &caa), 0);
	assert_true(!caa.is_critical && !caa.value.len);
	for (size_t i = 0; i < COUNT_OF(faulty); i++) {
		r.data = faulty[i];
		assert_int_equal(dns_caa_read(&r, &caa), DNS_BAD);
	}
}

static void test_message_nsec3(void **state)
{
	(void)state;
	uint16_t iterations;
	struct dns_record r = { .type = DNS_NSEC3PARAM, .data = BYTES("\1\0\1\54\2ab") };
	assert_int_equal(dns_nsec3_read(&r, &iterations), 0);
	assert_int_equal(iterations, 300);
	r.data = (struct slice)BYTES("\1\0\1\54\2a");
	assert_int_equal(dns_nsec3_read(&r, &iterations), DNS_BAD);
	r.data = (struct slice)BYTES("\1\0\0\0");
	assert_int_equal(dns_nsec3_read(&r, &iterations), DNS_BAD);
	r = (struct dns_record){ .type = DNS_TLSA, .data = BYTES("\1\0\1\54\0") };
	assert_int_equal(dns_nsec3_read(&r, &iterations), DNS_BAD);
}

/* A denial's proof stands behind the answers, and is read only when those are through. */
static void test_message_authority(void **state)
{
	(void)state;
	struct dns_message m;
	struct dns_record r;
	uint16_t iterations;
	struct slice packet = BYTES("\0\0\x81\x80\0\1\0\1\0\2\0\0" QUESTION MX_HEAD(
		"\3") "\0\0\0"
	              "\xc0\x0c\0\6\0\1\0\0\0\0\0\0"
	              "\xc0\x0c\0\62\0\1\0\0\0\0\0\5\1\0\0\7\0");
	assert_int_equal(dns_message_open(&m, packet), 0);
	assert_int_equal(dns_message_next_authority(&m, &r), DNS_BAD);
	assert_int_equal(dns_message_next(&m, &r), 0);
	assert_int_equal(dns_message_next(&m, &r), DNS_END);
	assert_int_equal(dns_message_next_authority(&m, &r), 0);
	assert_int_equal(dns_nsec3_read(&r, &iterations), DNS_BAD); /* SOA */
	assert_int_equal(dns_message_next_authority(&m, &r), 0);
	assert_int_equal(dns_nsec3_read(&r, &iterations), 0);
	assert_int_equal(iterations, 7);
	assert_int_equal(dns_message_next_authority(&m, &r), DNS_END);
	packet.len--;
	assert_int_equal(dns_message_open(&m, packet), 0);
	while (!dns_message_next(&m, &r))
		;
	assert_int_equal(dns_message_next_authority(&m, &r), 0);
	assert_int_equal(dns_message_next_authority(&m, &r), DNS_BAD);
}

static void test_message_long_name(void **state)
{
	(void)state;
	/* 255 bytes on the wire are allowed, 256 are not; each may be written as four. */
	uint8_t packet[12 + 300] = HEADER("\0");
	struct dns_message m;
	for (size_t label = 0; label < 4; label++) {
		packet[12 + 64 * label] = 63;
		memset(packet + 12 + 64 * label + 1, 0xff, 63);
	}
	packet[12 + 192] = 61;
	packet[12 + 192 + 62] = 0;
	packet[6] = 0;
	assert_int_equal(dns_message_open(&m, slice_of(packet, sizeof(packet))), 0);
	packet[12 + 192] = 62;
	packet[12 + 192 + 62] = 0xff;
	packet[12 + 192 + 63] = 0;
	assert_int_equal(dns_message_open(&m, slice_of(packet, sizeof(packet))), DNS_BAD);
}

static const struct host_case {
	const char *name;
	bool is_host;
} hosts[] = {
	{ "mx.example.org", true },
	{ "MX-1.example.org", true },
	{ "_x.example.org", true },
	{ "localhost", true },
	{ "", false },
	{ ".", false },
	{ "a..b", false },
	{ "a.", false },
	{ ".a", false },
	{ "-a.example", false },
	{ "a-.example", false },
	{ "a\\046b.example", false },
	{ "*.example.org", false },
	{ "a b", false },
	{ "a\rb", false },
	{ "m\xc3\xbcnchen.example", false },
};

static void test_name_is_host(void **state)
{
	(void)state;
	char text[260];
	for (size_t i = 0; i < COUNT_OF(hosts); i++)
		if (dns_name_is_host(hosts[i].name) != hosts[i].is_host)
			fail_msg("%s", hosts[i].name);
	memset(text, 'a', sizeof(text));
	text[63] = '\0';
	assert_true(dns_name_is_host(text));
	text[63] = 'a';
	text[64] = '\0';
	assert_false(dns_name_is_host(text));
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 2 ? '.' : 'a';
	text[253] = '\0';
	assert_true(dns_name_is_host(text));
	text[253] = '.';
	text[255] = '\0';
	assert_false(dns_name_is_host(text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_message_mx),        cmocka_unit_test(test_message_bad),
		cmocka_unit_test(test_message_data_bad),  cmocka_unit_test(test_message_data),
		cmocka_unit_test(test_message_long_name), cmocka_unit_test(test_name_is_host),
		cmocka_unit_test(test_message_srv),       cmocka_unit_test(test_message_caa),
		cmocka_unit_test(test_message_nsec3),     cmocka_unit_test(test_message_authority),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
