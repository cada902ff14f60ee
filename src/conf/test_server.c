/* Name servers. */
#include "base/clean.h"
#include "conf/server.h"
#include "conf/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* After those it needs. */
#include <cmocka.h>

static void test_servers(void **state)
{
	static const struct {
		const char *text;
		bool has_zone;
		const char *zone, *address; /* NULL: refused */
	} cases[] = {
		{ "192.0.2.53", false, "", "192.0.2.53" },
		{ "192.0.2.53@5300", false, "", "192.0.2.53@5300" },
		{ "2001:db8::53@53", false, "", "2001:db8::53@53" },
		{ "example.test=::1", true, "example.test", "::1" },
		{ "test=192.0.2.53@1", true, "test", "192.0.2.53@1" },
		{ "", false, NULL, NULL },
		{ "dns.example", false, NULL, NULL },
		{ "192.0.2.53:53", false, NULL, NULL },
		{ "192.0.2.53@", false, NULL, NULL },
		{ "192.0.2.53@0", false, NULL, NULL },
		{ "192.0.2.53@65536", false, NULL, NULL },
		{ "[::1]", false, NULL, NULL },
		{ "test=192.0.2.53", false, NULL, NULL },
		{ "192.0.2.53", true, NULL, NULL },
		{ "=192.0.2.53", true, NULL, NULL },
		{ "a b=192.0.2.53", true, NULL, NULL },
		{ "test=", true, NULL, NULL },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct conf_server server;
		const char *why = NULL;
		int r = conf_server_parse(cases[i].text, cases[i].has_zone, &server, &why);
		print_message("%s\n", cases[i].text);
		assert_int_equal(r, cases[i].address ? 0 : CONF_VALUE_BAD);
		if (r) {
			assert_non_null(why);
			continue;
		}
		assert_string_equal(server.zone, cases[i].zone);
		assert_string_equal(server.address, cases[i].address);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_servers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
