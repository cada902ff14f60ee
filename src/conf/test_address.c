/* Addresses of sockets. */
#include "base/clean.h"
#include "conf/address.h"
#include "conf/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* After those it needs. */
#include <cmocka.h>

static void test_addresses(void **state)
{
	static const struct {
		const char *text;
		enum conf_address_kind kind;
		const char *host;
		uint16_t port;
		bool is_local;
	} cases[] = {
		{ "127.0.0.1:25", CONF_ADDRESS_INET, "127.0.0.1", 25, true },
		{ "127.9.9.9:25", CONF_ADDRESS_INET, "127.9.9.9", 25, true },
		{ "10.0.0.5:993", CONF_ADDRESS_INET, "10.0.0.5", 993, false },
		{ "[2001:db8::1]:25", CONF_ADDRESS_INET6, "2001:db8::1", 25, false },
		{ "[::1]:25", CONF_ADDRESS_INET6, "::1", 25, true },
		{ "[::ffff:127.0.0.1]:25", CONF_ADDRESS_INET6, "::ffff:127.0.0.1", 25, true },
		{ "[fe80::1%eth0]:25", CONF_ADDRESS_INET6, "fe80::1%eth0", 25, false },
		{ "*:65535", CONF_ADDRESS_ANY, "", 65535, false },
		{ "unix:/run/mta", CONF_ADDRESS_UNIX, "/run/mta", 0, true },
		{ "mail.example.org:25", CONF_ADDRESS_NAME, "mail.example.org", 25, false },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct conf_address a;
		const char *why;
		print_message("%s\n", cases[i].text);
		assert_int_equal(conf_address_parse(cases[i].text, &a, &why), 0);
		assert_int_equal(a.kind, cases[i].kind);
		assert_string_equal(a.host, cases[i].host);
		assert_int_equal(a.port, cases[i].port);
		assert_string_equal(a.text, cases[i].text);
		assert_int_equal(conf_address_is_local(&a), cases[i].is_local);
	}
}

static void test_addresses_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"25",
		":25",
		"127.0.0.1",
		"127.0.0.1:",
		"127.0.0.1:0",
		"127.0.0.1:65536",
		"127.0.0.1:-1",
		"127.0.0.1:25x",
		"::1:25",
		"[::1]",
		"[::1]25",
		"[::1:25",
		"[127.0.0.1]:25",
		"[::g]:25",
		"300.0.0.1:25",
		"1.2.3:25",
		"**:25",
		"unix:run/mta",
		"unix:",
		"unix:/",
		"a b:25",
		"-x:25",
		"a..b:25",
		"127.0.0.1:25,26",
	};
	char path[200];
	struct conf_address a;
	const char *why = NULL;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		print_message("%s\n", cases[i]);
		assert_int_equal(conf_address_parse(cases[i], &a, &why), CONF_VALUE_BAD);
		assert_non_null(why);
	}
	memset(path, 'x', sizeof(path));
	memcpy(path, "unix:/", 6);
	path[5 + 107] = '\0'; /* sun_path has 108 bytes, one of them NUL */
	assert_int_equal(conf_address_parse(path, &a, &why), 0);
	path[5 + 107] = 'x';
	path[5 + 108] = '\0';
	assert_int_equal(conf_address_parse(path, &a, &why), CONF_VALUE_BAD);
}

static bool overlaps(const char *a, const char *b)
{
	struct conf_address x;
	struct conf_address y;
	const char *why;
	assert_int_equal(conf_address_parse(a, &x, &why), 0);
	assert_int_equal(conf_address_parse(b, &y, &why), 0);
	assert_int_equal(conf_address_overlaps(&x, &y), conf_address_overlaps(&y, &x));
	return conf_address_overlaps(&x, &y);
}

static void test_addresses_overlap(void **state)
{
	assert_true(overlaps("*:25", "127.0.0.1:25"));
	assert_true(overlaps("*:25", "[::1]:25"));
	assert_true(overlaps("[::1]:25", "[0:0::1]:25"));
	assert_true(overlaps("unix:/a", "unix:/a"));
	assert_false(overlaps("*:25", "*:26"));
	assert_false(overlaps("127.0.0.1:25", "127.0.0.2:25"));
	assert_false(overlaps("127.0.0.1:25", "[::1]:25"));
	assert_false(overlaps("unix:/a", "unix:/b"));
	assert_false(overlaps("unix:/a", "*:25"));
}

static void test_handoffs(void **state)
{
	static const struct {
		const char *text;
		enum conf_address_kind kind;
		uint16_t port; /* 0: refused */
		bool is_lmtp, is_wide;
	} cases[] = {
		{ "lmtp:127.0.0.1:10026", CONF_ADDRESS_INET, 10026, true, false },
		{ "smtp:[::1]:10025", CONF_ADDRESS_INET6, 10025, false, false },
		{ "lmtp:127.0.0.0/8:10026", CONF_ADDRESS_ANY, 10026, true, true },
		{ .text = "" },
		{ .text = "127.0.0.1:10026" },
		{ .text = "lmtp:" },
		{ .text = "lmtp:127.0.0.1" },
		{ .text = "lmtp:127.0.0.0/8:" },
		{ .text = "smtp:127.0.0.0/8:65536" },
		{ .text = "esmtp:127.0.0.1:25" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct conf_handoff h;
		const char *why = NULL;
		int r = conf_handoff_parse(cases[i].text, &h, &why);
		print_message("%s\n", cases[i].text);
		assert_int_equal(r, cases[i].port ? 0 : CONF_VALUE_BAD);
		if (r) {
			assert_non_null(why);
			continue;
		}
		assert_int_equal(h.address.kind, cases[i].kind);
		assert_int_equal(h.address.port, cases[i].port);
		assert_int_equal(h.is_lmtp, cases[i].is_lmtp);
		assert_int_equal(h.is_wide, cases[i].is_wide);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_addresses_refused),
		cmocka_unit_test(test_addresses_overlap),
		cmocka_unit_test(test_handoffs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
