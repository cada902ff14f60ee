/* Addresses, hosts, dates, results. */
#include "hops/address.h"
#include "hops/date.h"
#include "hops/hosts.h"
#include "hops/results.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct {
	const char *text, *address; /* NULL: none */
	enum hops_scope scope;
} addresses[] = {
	{ "a.example [192.0.2.1]", "192.0.2.1", HOPS_SCOPE_PUBLIC },
	{ "[IPv6:2001:db8::1]", "2001:db8::1", HOPS_SCOPE_PUBLIC },
	{ "a [::ffff:10.0.0.1]", "10.0.0.1", HOPS_SCOPE_PRIVATE },
	{ "bob@192.0.2.1", "192.0.2.1", HOPS_SCOPE_PUBLIC },
	{ "bob@a.example@172.31.0.1", "172.31.0.1", HOPS_SCOPE_PRIVATE },
	{ "[1.2.3.4] x [127.0.0.9]", "127.0.0.9", HOPS_SCOPE_HOST },
	{ "::1", "::1", HOPS_SCOPE_HOST },
	{ "172.32.0.1", "172.32.0.1", HOPS_SCOPE_PUBLIC },
	{ "100.64.0.1", "100.64.0.1", HOPS_SCOPE_PRIVATE },
	{ "192.168.0.1", "192.168.0.1", HOPS_SCOPE_PRIVATE },
	{ "169.254.1.1", "169.254.1.1", HOPS_SCOPE_PRIVATE },
	{ "fe80::1", "fe80::1", HOPS_SCOPE_PRIVATE },
	{ "fd00::1", "fd00::1", HOPS_SCOPE_PRIVATE },
	{ "unknown", NULL, HOPS_SCOPE_UNKNOWN },
	{ "[unix socket]", NULL, HOPS_SCOPE_UNKNOWN },
	{ "[", NULL, HOPS_SCOPE_UNKNOWN },
	{ "192.0.2.1.5", NULL, HOPS_SCOPE_UNKNOWN },
	{ "", NULL, HOPS_SCOPE_UNKNOWN },
};

static void test_address_find(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(addresses); i++) {
		struct hops_address a = {};
		char text[HOPS_ADDRESS_CAP];
		bool is_found = hops_address_find(slice_str(addresses[i].text), &a);
		hops_address_print(&a, text);
		if (is_found != (addresses[i].address != NULL) ||
		    strcmp(text, is_found ? addresses[i].address : "") ||
		    hops_address_scope(&a) != addresses[i].scope)
			fail_msg("%s: %s", addresses[i].text, text);
	}
}

static const struct {
	const char *text;
	int64_t at_s; /* 0: none */
} dates[] = {
	{ "Tue, 24 Nov 2026 06:28:09 +0000", 1795501689 },
	{ "Tue, 24 Nov 2026 06:28:09 +0000 (UTC)", 1795501689 },
	{ "Mon, 23 Nov 2026 22:28:09 -0800 (PST)", 1795501689 },
	{ "24 Nov 2026 06:28:09 -0000", 1795501689 },
	{ "24 Nov 26 06:28:09 GMT", 1795501689 },
	{ "Tue, 24 November 2026 01:28:09 EST", 1795501689 },
	{ "Tue, 24 Nov 2026 06:28 +0000", 1795501680 },
	{ "Tue, 24 Nov 2026 07:28:09.123 +0100 (CET)", 1795501689 },
	{ "Tue, 24 Nov 2026 11:58:09 +0530", 1795501689 },
	{ "Tue, 24 Nov 2026 06:28:09", 1795501689 },
	{ "Tue, 32 Nov 2026 06:28:09 +0000", 0 },
	{ "Tue, 24 Nov 2026 24:28:09 +0000", 0 },
	{ "Tue, 24 Foo 2026 06:28:09 +0000", 0 },
	{ "Tue, 24 Nov 1899 06:28:09 +0000", 0 },
	{ "Tue, 24 Nov 99999999999 06:28:09 +0000", 0 },
	{ "(x) 24", 0 },
	{ "", 0 },
};

static void test_date_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(dates); i++) {
		int64_t at_s = 0;
		if (hops_date_parse(slice_str(dates[i].text), &at_s) != (dates[i].at_s != 0) ||
		    at_s != dates[i].at_s)
			fail_msg("%s: %lld", dates[i].text, (long long)at_s);
	}
}

static void test_hosts_by_name(void **state)
{
	(void)state;
	CLEAN(hops_hosts_deinit) struct hops_hosts h = {};
	assert_true(hops_hosts_are_none(&h));
	assert_int_equal(hops_hosts_add(&h, "mx.example.org"), 0);
	assert_int_equal(hops_hosts_add(&h, ".int.example.org"), 0);
	assert_false(hops_hosts_are_none(&h));
	assert_true(hops_hosts_has_name(&h, slice_str("MX.example.org")));
	assert_true(hops_hosts_has_name(&h, slice_str("mx.example.org.")));
	assert_true(hops_hosts_has_name(&h, slice_str("a.b.int.example.org")));
	assert_false(hops_hosts_has_name(&h, slice_str("int.example.org")));
	assert_false(hops_hosts_has_name(&h, slice_str("a.mx.example.org")));
	assert_false(hops_hosts_has_name(&h, slice_str("evilint.example.org")));
	assert_false(hops_hosts_has_name(&h, slice_str("")));
}

static void test_hosts_by_address(void **state)
{
	(void)state;
	CLEAN(hops_hosts_deinit) struct hops_hosts h = {};
	struct hops_address a = {};
	assert_int_equal(hops_hosts_add(&h, "10.0.0.0/8"), 0);
	assert_int_equal(hops_hosts_add(&h, "2001:db8::1"), 0);
	assert_false(hops_hosts_has_address(&h, &a));
	assert_true(hops_address_parse(slice_str("10.1.2.3"), &a));
	assert_true(hops_hosts_has_address(&h, &a));
	assert_true(hops_address_parse(slice_str("2001:db8::2"), &a));
	assert_false(hops_hosts_has_address(&h, &a));
}

static void test_hosts_refuses(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"", ".", "10.0.0.300", "10.0.0.0/99", "a b", "-x", "a/8"
	};
	CLEAN(hops_hosts_deinit) struct hops_hosts h = {};
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		if (hops_hosts_add(&h, bad[i]) != HOPS_HOSTS_BAD)
			fail_msg("%s", bad[i]);
}

static const struct {
	const char *value;
	bool is_told;
	enum hops_version version;
} results[] = {
	{ "mx; x-tls=pass smtp.version=TLSv1.3 smtp.cipher=AES", true, HOPS_TLS_1_3 },
	{ "i=1; mx; spf=pass; tls=pass smtp.version=TLSv1.2", true, HOPS_TLS_1_2 },
	{ "mx; tls=pass", true, HOPS_VERSION_UNKNOWN },
	{ "mx; tls=none", false, HOPS_VERSION_UNKNOWN },
	{ "mx; x=\"; tls=pass\"", false, HOPS_VERSION_UNKNOWN },
	{ "mx; x=y (; tls=pass)", false, HOPS_VERSION_UNKNOWN },
	{ "mx; x=y (; tls=pass", false, HOPS_VERSION_UNKNOWN },
	{ "", false, HOPS_VERSION_UNKNOWN },
};

static void test_results_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(results); i++) {
		struct hops_tls t = {};
		if (hops_results_read(&t, slice_str(results[i].value)) != results[i].is_told ||
		    t.version != results[i].version)
			fail_msg("%s", results[i].value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_address_find),  cmocka_unit_test(test_date_parse),
		cmocka_unit_test(test_hosts_by_name), cmocka_unit_test(test_hosts_by_address),
		cmocka_unit_test(test_hosts_refuses), cmocka_unit_test(test_results_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
