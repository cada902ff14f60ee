/* Limits that undo each other: what is warned of, where, and with which mend. */
#include "base/clean.h"
#include "conf/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* After those it needs. */
#include <cmocka.h>

#include "conf/test_read.h"

#define FILE_OF(limits, edge)                                                                      \
	"hostname = \"mx.example.org\"; certificate = { c = { chain = \"/c\"; key = \"/k\"; }; "   \
	"}; "                                                                                      \
	"backend = { b = { address = [\"127.0.0.1:8080\"]; }; }; " limits                          \
	" edge = { x = { protocol = \"http\"; listen_tls = [\"*:443\"]; backend = \"b\"; " edge    \
	" }; };"
#define AT_EDGE(limits) FILE_OF("", "limits = { " limits " };")
#define OF_FILE(limits) FILE_OF("limits = { " limits " };", "")
#define MOST "max_handshakes"
#define EACH "connections_per_address"

static const struct {
	const char *text;
	const char *setting, *mend; /* NULL: no warning */
} cases[] = {
	{ FILE_OF("", ""), NULL, NULL },
	{ OF_FILE(MOST " = 201;"), NULL, NULL },
	{ OF_FILE(MOST " = 200;"), "limits." MOST, "write " MOST " = 1000, or lower " EACH },
	{ OF_FILE(EACH " = 999;"), NULL, NULL },
	{ OF_FILE(EACH " = 1000;"), "limits." EACH, "write " MOST " = 5000" },
	{ OF_FILE(EACH " = 500000;"), "limits." EACH, "write " MOST " = 1000000" },
	{ OF_FILE(EACH " = 0; " MOST " = 1;"), NULL, NULL }, /* no limit was asked for */
	{ OF_FILE(EACH " = 100; " MOST " = 50;"), "limits." MOST, "write " MOST " = 500" },
	{ AT_EDGE(MOST " = 64;"), "edge.x.limits." MOST, "write " MOST " = 1000" },
	{ AT_EDGE(EACH " = 2000;"), "edge.x.limits." EACH, "write " MOST " = 10000" },
	{ AT_EDGE(EACH " = 2000; " MOST " = 2001;"), NULL, NULL },
	{ FILE_OF("limits = { " MOST " = 100; " EACH " = 10; };", "limits = { " EACH " = 100; };"),
	  "edge.x.limits." EACH, "write " MOST " = 500" },
	/* Its handshakes are the backend's. */
	{ FILE_OF("", "mode = \"passthrough\"; limits = { " MOST " = 1; };"), NULL, NULL },
};

static void test_handshakes_below_connections(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEAN(conf_settings_freep) struct conf_settings *s = NULL;
		CLEAN(conf_errors_deinit) struct conf_errors errors = {};
		assert_int_equal(conf_read_text(&s, cases[i].text, 0, &errors), 0);
		assert_int_equal(errors.count, cases[i].setting ? 1 : 0);
		if (!cases[i].setting)
			continue;
		assert_true(errors.items[0].is_warning);
		assert_string_equal(errors.items[0].setting, cases[i].setting);
		assert_non_null(strstr(errors.items[0].mend, cases[i].mend));
		assert_true(errors.items[0].line > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_handshakes_below_connections),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
