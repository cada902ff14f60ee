#include "watch/hosts.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const struct {
	const char *text;
	const char *name; /* of 10.0.0.3 */
} cases[] = {
	{ "10.0.0.3 db", "db" },
	{ "10.0.0.3\tdb.int.example.org db1\n", "db" },
	{ "# ours\n\n  10.0.0.3   db # the old one\r\n", "db" },
	{ "10.0.0.4 log\n10.0.0.3 db\r\n10.0.0.2 store", "db" },
	{ "10.0.0.3 db\n10.0.0.3 other\n", "db" },
	{ "::ffff:10.0.0.3 db\n", "db" },
	{ "", NULL },
	{ "\n\n", NULL },
	{ "10.0.0.3", NULL },
	{ "10.0.0.3 #db", NULL },
	{ "#10.0.0.3 db", NULL },
	{ "10.0.0.3 d\"b", NULL },
	{ "10.0.0.3 .db", NULL },
	{ "10.0.0 db\n10.0.0.300 db\nfe80::1%lo0 db\n", NULL },
	{ "10.0.0.3 a234567890123456789012345678901234567890123456789012345678901234", NULL },
};

static void test_hosts_name(void **state)
{
	const struct watch_address db = { .bytes = { [10] = 0xff, 0xff, 10, 0, 0, 3 } };
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEAN(watch_hosts_deinit) struct watch_hosts hosts = {};
		assert_int_equal(watch_hosts_read(&hosts, slice_str(cases[i].text)), 0);
		const char *name = watch_hosts_name(&hosts, &db);
		if (cases[i].name)
			assert_string_equal(name, cases[i].name);
		else
			assert_null(name);
	}
	assert_null(watch_hosts_name(NULL, &db));
}

static void test_hosts_ipv6(void **state)
{
	const struct watch_address db = { .bytes = { 0x20, 1, 0x0d, 0xb8, [15] = 3 } };
	CLEAN(watch_hosts_deinit) struct watch_hosts hosts = {};
	(void)state;
	assert_int_equal(watch_hosts_read(&hosts, slice_str("2001:db8::3 db6\n10.0.0.3 db\n")), 0);
	assert_string_equal(watch_hosts_name(&hosts, &db), "db6");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hosts_name),
		cmocka_unit_test(test_hosts_ipv6),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
