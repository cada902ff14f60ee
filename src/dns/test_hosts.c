#include "dns/hosts.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define FILE_TEXT                                                                                  \
	"127.0.0.1\tlocalhost\n"                                                                   \
	"# 10.0.0.1 db1\n"                                                                         \
	"10.0.0.9  db1.int.example.org db1 # the first\r\n"                                        \
	"10.0.0.10 db2.int.example.org\n"                                                          \
	"  2001:DB8:0::9\t db1.int.example.org\n"                                                  \
	"10.0.0.9 db1.int.example.org\n"                                                           \
	"fe80::1%eth0 db1.int.example.org\n"                                                       \
	"10.0.0 db1.int.example.org\n"                                                             \
	"db1.int.example.org 10.0.0.7\n"                                                           \
	"10.0.0.11 last"

static const struct hosts_case {
	const char *name, *file, *asked, *expected; /* "," between */
} cases[] = {
	{ "both families, once, without what is none", FILE_TEXT, "db1.int.example.org",
	  "10.0.0.9,2001:db8::9" },
	{ "an alias", FILE_TEXT, "db1", "10.0.0.9" },
	{ "letter case", FILE_TEXT, "DB2.int.Example.org", "10.0.0.10" },
	{ "a line without an end", FILE_TEXT, "last", "10.0.0.11" },
	{ "a word in a comment", FILE_TEXT, "first", "" },
	{ "part of a name", FILE_TEXT, "int.example.org", "" },
	{ "nothing", "", "db1", "" },
	{ "an address is no name", FILE_TEXT, "10.0.0.9", "" },
};

static void test_hosts_find(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct hosts_case *c = &cases[i];
		char found[4][DNS_ADDRESS_CAP], text[256] = "";
		size_t count = dns_hosts_find(slice_str(c->file), c->asked, found, COUNT_OF(found));
		for (size_t n = 0, len = 0; n < count; n++)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s",
			                        n ? "," : "", found[n]);
		if (strcmp(text, c->expected) != 0)
			fail_msg("%s: %s", c->name, text);
	}
}

static void test_hosts_find_no_more_than_fit(void **state)
{
	char found[2][DNS_ADDRESS_CAP];
	(void)state;
	assert_int_equal(dns_hosts_find(slice_str("1.1.1.1 a\n1.1.1.2 a\n1.1.1.3 a\n"), "a", found,
	                                COUNT_OF(found)),
	                 2);
	assert_string_equal(found[1], "1.1.1.2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hosts_find),
		cmocka_unit_test(test_hosts_find_no_more_than_fit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
