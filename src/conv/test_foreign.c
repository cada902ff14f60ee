#include "base/clean.h"
#include "conv/foreign.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct foreign_case {
	const char *line;
	bool is_foreign;
} cases[] = {
	{ "GET / HTTP/1.1", true },
	{ "POST /x HTTP/1.0", true },
	{ "POST /x", true },
	{ "OPTIONS * HTTP/1.1", true },
	{ "CONNECT mail.example:25 HTTP/1.1", true },
	{ "PRI * HTTP/2.0", true },
	{ "PROXY TCP4 192.0.2.1 192.0.2.2 1 25", true },
	{ "PROXY UNKNOWN", true },
	{ "PROXY LOGIN user secret", false },
	{ "GET LOGIN user secret", false },
	{ "a1 CAPABILITY", false },
	{ "EHLO client.example", false },
	{ "", false },
};

static void test_foreign_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		if (conv_line_is_foreign(slice_str(cases[i].line)) != cases[i].is_foreign)
			fail_msg("%s", cases[i].line);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_foreign_lines) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
