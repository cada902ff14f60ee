/* The grammar at large is tested with IMAP's commands (imap/test_command.c). */
#include "base/clean.h"
#include "conv/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { TOKENS_MAX = 3 };

static const struct token_case {
	const char *text;
	int result;
	size_t count;
} cases[] = {
	{ "\r\n", 0, 0 },
	{ "a \"b\" {1}\r\nc\r\n", 0, 3 },
	{ "a (b\r\n", 0, 3 },
	{ "a b c d\r\n", CONV_TOKENS_BAD, 3 },
	{ "a \"b\r\n", CONV_TOKENS_BAD, 1 },
	{ "a {3}\r\n", CONV_TOKENS_MORE, 1 },
	{ "a", CONV_TOKENS_BAD, 1 },
	{ "", CONV_TOKENS_BAD, 0 },
};

static void test_tokens_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct conv_token tokens[TOKENS_MAX];
		size_t count = 99;
		int r = conv_tokens_read(slice_str(cases[i].text), tokens, TOKENS_MAX, &count);
		if (r != cases[i].result || count != cases[i].count)
			fail_msg("'%s': %d, %zu", cases[i].text, r, count);
	}
}

static void test_token_kinds(void **state)
{
	(void)state;
	struct conv_token tokens[TOKENS_MAX];
	size_t count;
	assert_int_equal(conv_tokens_read(slice_str("Ok \"ok\" (\r\n"), tokens, TOKENS_MAX, &count),
	                 0);
	assert_true(conv_token_is_atom(&tokens[0], "OK"));
	assert_false(conv_token_is_atom(&tokens[1], "OK"));
	assert_true(conv_token_is_quoted(&tokens[1]));
	assert_false(conv_token_is_quoted(&tokens[0]));
	assert_true(conv_token_is_string(&tokens[0]));
	assert_false(conv_token_is_string(&tokens[2]));
}

static void test_quoted_is_read_as_it_was_written(void **state)
{
	(void)state;
	static const char *const values[] = { "", "a b", "\"", "\\", "a\\\"b\\\\" };
	for (size_t i = 0; i < COUNT_OF(values); i++) {
		struct conv_token token;
		struct buf text = {}, value = {};
		size_t count;
		assert_true(conv_is_quotable(slice_str(values[i])));
		assert_int_equal(conv_quoted_add(&text, slice_str(values[i])), 0);
		assert_int_equal(buf_add_str(&text, "\r\n"), 0);
		assert_int_equal(conv_tokens_read(buf_slice(&text), &token, 1, &count), 0);
		assert_int_equal(conv_token_value(&token, &value), 0);
		assert_true(slice_equal(buf_slice(&value), slice_str(values[i])));
		buf_deinit(&text);
		buf_deinit(&value);
	}
	assert_false(conv_is_quotable(slice_str("a\r\n")));
	assert_false(conv_is_quotable(slice_str("\xc3\xa9")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tokens_read),
		cmocka_unit_test(test_token_kinds),
		cmocka_unit_test(test_quoted_is_read_as_it_was_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
