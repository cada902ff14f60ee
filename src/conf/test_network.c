/* Networks, and who is in one. */
#include "base/clean.h"
#include "conf/network.h"
#include "conf/value.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* After those it needs. */
#include <cmocka.h>

static bool contains(const char *network, const char *addr)
{
	struct conf_network n;
	uint8_t bytes[16] = {};
	const char *why;
	bool is_v6 = strchr(addr, ':') != NULL;
	assert_int_equal(conf_network_parse(network, &n, &why), 0);
	assert_int_equal(inet_pton(is_v6 ? AF_INET6 : AF_INET, addr, bytes), 1);
	return conf_network_contains(&n, bytes, is_v6);
}

static void test_networks(void **state)
{
	assert_true(contains("192.0.2.0/24", "192.0.2.255"));
	assert_false(contains("192.0.2.0/24", "192.0.3.0"));
	assert_true(contains("192.0.2.128/25", "192.0.2.129"));
	assert_false(contains("192.0.2.128/25", "192.0.2.127"));
	assert_true(contains("192.0.2.1", "192.0.2.1"));
	assert_false(contains("192.0.2.1", "192.0.2.2"));
	assert_true(contains("0.0.0.0/0", "203.0.113.9"));
	assert_false(contains("0.0.0.0/0", "2001:db8::1"));
	assert_true(contains("0.0.0.0/0", "::ffff:203.0.113.9"));
	assert_true(contains("192.0.2.0/24", "::ffff:192.0.2.9"));
	assert_true(contains("::ffff:192.0.2.9", "192.0.2.9"));
	assert_true(contains("::ffff:192.0.2.9", "::ffff:192.0.2.9"));
	assert_true(contains("::ffff:192.0.2.0/120", "192.0.2.9"));
	assert_false(contains("::ffff:192.0.2.0/120", "192.0.3.9"));
	assert_true(contains("2001:db8::/32", "2001:db8:ffff::1"));
	assert_false(contains("2001:db8::/32", "2001:db9::1"));
	assert_true(contains("::/0", "::1"));
	assert_false(contains("::/0", "192.0.2.1"));
	assert_true(contains("2001:db8::1", "2001:db8::1"));
}

static void test_networks_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"/24",
		"192.0.2.0/33",
		"2001:db8::/129",
		"192.0.2.1/24",
		"192.0.2.0/",
		"192.0.2.0/-1",
		"192.0.2/24",
		"2001:db8::1/32",
		"example.org",
		"192.0.2.0/24/1",
		"*",
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct conf_network n;
		const char *why;
		print_message("%s\n", cases[i]);
		assert_int_equal(conf_network_parse(cases[i], &n, &why), CONF_VALUE_BAD);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_networks_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
