#include "base/address.h"
#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct address_case {
	const char *address;
	bool is_special;
} cases[] = {
	{ "8.8.8.8", false },
	{ "1.0.0.0", false },
	{ "192.0.1.255", false },
	{ "192.88.98.1", false },
	{ "0.0.0.0", true },
	{ "0.1.2.3", true },
	{ "9.255.255.255", false },
	{ "10.0.0.0", true },
	{ "10.255.255.255", true },
	{ "11.0.0.0", false },
	{ "100.63.255.255", false },
	{ "100.64.0.0", true },
	{ "100.127.255.255", true },
	{ "100.128.0.0", false },
	{ "127.0.0.1", true },
	{ "127.255.255.254", true },
	{ "128.0.0.1", false },
	{ "169.253.255.255", false },
	{ "169.254.169.254", true },
	{ "172.15.255.255", false },
	{ "172.16.0.0", true },
	{ "172.31.255.255", true },
	{ "172.32.0.0", false },
	{ "192.0.0.8", true },
	{ "192.0.2.1", true },
	{ "192.88.99.1", true },
	{ "192.167.255.255", false },
	{ "192.168.0.0", true },
	{ "192.168.255.255", true },
	{ "192.169.0.0", false },
	{ "198.17.255.255", false },
	{ "198.18.0.0", true },
	{ "198.19.255.255", true },
	{ "198.20.0.0", false },
	{ "198.51.100.7", true },
	{ "203.0.113.7", true },
	{ "223.255.255.255", false },
	{ "224.0.0.1", true },
	{ "239.255.255.255", true },
	{ "240.0.0.1", true },
	{ "255.255.255.255", true },
	{ "2606:4700::1111", false },
	{ "2a00::1", false },
	{ "::", true },
	{ "::1", true },
	{ "::8.8.8.8", true }, /* compatible: no more (RFC 4291 2.5.5.1) */
	{ "::ffff:8.8.8.8", false },
	{ "::ffff:127.0.0.1", true },
	{ "::ffff:10.0.0.1", true },
	{ "64:ff9b::808:808", false },
	{ "64:ff9b::7f00:1", true },
	{ "64:ff9b::a9fe:a9fe", true },
	{ "64:ff9b:1::808:808", true }, /* for local use (RFC 8215) */
	{ "100::1", true },             /* discard (RFC 6666) */
	{ "2001::1", true },
	{ "2001:1ff:ffff::", true },
	{ "2001:200::1", false },
	{ "2001:db8::1", true },
	{ "2001:db9::1", false },
	{ "2002:808:808::1", false },
	{ "2002:7f00:1::1", true },
	{ "2002:c0a8:1::1", true },
	{ "3fff::1", true },
	{ "3fff:1000::1", false },
	{ "4000::1", true },
	{ "fc00::1", true },
	{ "fd12:3456::1", true },
	{ "fe80::1", true },
	{ "fec0::1", true },
	{ "ff02::1", true },
	{ "", true },
	{ "localhost", true },
	{ "0177.0.0.1", true }, /* octal is no address here, nor for what connects */
	{ "127.1", true },
	{ "fe80::1%eth0", true },
	{ "8.8.8.8 ", true },
};

static void test_address_special(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		if (address_is_special(cases[i].address) != cases[i].is_special)
			fail_msg("%s", cases[i].address);
}

static const struct kind_case {
	const char *address;
	enum address_scope scope;
} kinds[] = {
	{ "8.8.8.8", ADDRESS_PUBLIC },
	{ "127.0.0.53", ADDRESS_LOOPBACK },
	{ "0.0.0.0", ADDRESS_LOOPBACK },
	{ "192.168.1.1", ADDRESS_PRIVATE },
	{ "100.64.0.1", ADDRESS_PRIVATE },
	{ "169.254.169.254", ADDRESS_LINK_LOCAL },
	{ "192.0.2.11", ADDRESS_EXAMPLE },
	{ "224.0.0.251", ADDRESS_RESERVED },
	{ "::1", ADDRESS_LOOPBACK },
	{ "::", ADDRESS_LOOPBACK },
	{ "::2", ADDRESS_RESERVED },
	{ "fd00::1", ADDRESS_PRIVATE },
	{ "fe80::1", ADDRESS_LINK_LOCAL },
	{ "2001:db8::11", ADDRESS_EXAMPLE },
	{ "::ffff:10.1.1.1", ADDRESS_PRIVATE },
	{ "ff02::fb", ADDRESS_RESERVED },
	{ "mail", ADDRESS_RESERVED },
};

static void test_address_scope(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (address_scope_of(kinds[i].address) != kinds[i].scope)
			fail_msg("%s is %s", kinds[i].address,
			         address_scope_name(address_scope_of(kinds[i].address)));
}

/* Each network of the list is special, its first address and so itself. */
static void test_address_networks(void **state)
{
	char text[ADDRESS_NETWORK_CAP];
	size_t count = 0;
	bool has_ten = false, has_unique_local = false;
	(void)state;
	for (; address_special_network(count, text); count++) {
		has_ten |= !strcmp(text, "10.0.0.0/8");
		has_unique_local |= !strcmp(text, "fc00::/7");
		*strchr(text, '/') = '\0';
		if (!address_is_special(text))
			fail_msg("%s", text);
	}
	assert_true(has_ten && has_unique_local);
}

static void test_address_literal(void **state)
{
	(void)state;
	assert_true(address_is_literal("192.0.2.1"));
	assert_true(address_is_literal("2001:db8::1"));
	assert_false(address_is_literal("mx1.example"));
	assert_false(address_is_literal("192.0.2"));
	assert_false(address_is_literal(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_address_special),
		                            cmocka_unit_test(test_address_scope),
		                            cmocka_unit_test(test_address_networks),
		                            cmocka_unit_test(test_address_literal) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
