#include "conv/line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { MAX = 16 };

struct line_case {
	const char *name;
	const char *input;
	int result;
	const char *line;
	size_t used;
};

static const struct line_case cases[] = {
	{ "one line", "NOOP\r\n", 0, "NOOP", 6 },
	{ "two lines", "NOOP\r\nQUIT\r\n", 0, "NOOP", 6 },
	{ "empty line", "\r\n", 0, "", 2 },
	{ "nothing", "", CONV_LINE_MORE, NULL, 0 },
	{ "no end yet", "NOOP", CONV_LINE_MORE, NULL, 0 },
	{ "CR came, LF did not", "NOOP\r", CONV_LINE_MORE, NULL, 0 },
	{ "bare LF", "NOOP\nQUIT\r\n", CONV_LINE_BARE, NULL, 5 },
	{ "LF alone", "\n", CONV_LINE_BARE, NULL, 1 },
	{ "bare CR inside", "NO\rOP\r\n", CONV_LINE_BARE, NULL, 7 },
	{ "bare CR, line not ended", "NO\rOP", CONV_LINE_BARE, NULL, 5 },
	{ "CR CR LF", "NOOP\r\r\n", CONV_LINE_BARE, NULL, 7 },
	{ "just as long as allowed", "12345678901234\r\n", 0, "12345678901234", 16 },
	{ "one byte too long", "123456789012345\r\n", CONV_LINE_TOO_LONG, NULL, 0 },
	{ "never ends", "12345678901234567", CONV_LINE_TOO_LONG, NULL, 0 },
};

static void test_line_take(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct line_case *c = &cases[i];
		struct slice line = {};
		size_t used = 99;
		int r = conv_line_take(slice_str(c->input), MAX, &line, &used);
		if (r != c->result || used != c->used)
			fail_msg("%s: result %d, used %zu", c->name, r, used);
		if (!r && !slice_equal(line, slice_str(c->line)))
			fail_msg("%s: line '%.*s'", c->name, (int)line.len, line.data);
	}
}

static void test_line_word(void **state)
{
	(void)state;
	struct slice line = slice_str("MAIL  FROM:<a@b> SIZE=1");
	struct slice verb = conv_line_word(&line);
	assert_true(slice_equal(verb, slice_str("MAIL")));
	assert_true(slice_equal(line, slice_str("FROM:<a@b> SIZE=1")));
	line = slice_str("QUIT");
	verb = conv_line_word(&line);
	assert_true(slice_equal(verb, slice_str("QUIT")));
	assert_int_equal(line.len, 0);
}

static void test_line_has_controls(void **state)
{
	(void)state;
	assert_false(conv_line_has_controls(slice_str("")));
	assert_false(conv_line_has_controls(slice_str("a ~\x80\xff")));
	assert_true(conv_line_has_controls(slice_str("a\tb")));
	assert_true(conv_line_has_controls(slice_str("a\x1f")));
	assert_true(conv_line_has_controls(slice_str("\x7f")));
	assert_true(conv_line_has_controls(slice_of("a\0b", 3)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line_take),
		cmocka_unit_test(test_line_word),
		cmocka_unit_test(test_line_has_controls),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
