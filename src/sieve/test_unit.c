#include "base/clean.h"
#include "sieve/unit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MAX = 40 };

static const struct unit_case {
	const char *name;
	const char *input;
	int client, server; /* what comes of it */
	size_t len;         /* of the unit */
} cases[] = {
	{ "a line", "NOOP\r\nNOOP\r\n", 0, 0, 6 },
	{ "half a line", "NOOP\r", CONV_LINE_MORE, CONV_LINE_MORE, 0 },
	{ "nothing", "", CONV_LINE_MORE, CONV_LINE_MORE, 0 },
	{ "a literal", "X {3+}\r\na\r\n y\r\nz", 0, 0, 15 },
	{ "a literal that a client may not send", "X {3}\r\na\r\n y\r\nz", SIEVE_UNIT_WAITS, 0,
	  14 },
	{ "two literals", "X {1+}\r\na {1+}\r\nb\r\n", 0, 0, 19 },
	{ "an empty literal", "X {0+}\r\n\r\n", 0, 0, 10 },
	{ "half a literal", "X {3+}\r\na", CONV_LINE_MORE, CONV_LINE_MORE, 0 },
	{ "no line behind a literal", "X {1+}\r\na", CONV_LINE_MORE, CONV_LINE_MORE, 0 },
	{ "a literal just too large", "X {32+}\r\n", CONV_LINE_TOO_LONG, CONV_LINE_TOO_LONG, 0 },
	{ "a literal that leaves no room for its line",
	  "X {31+}\r\n1234567890123456789012345678901", CONV_LINE_TOO_LONG, CONV_LINE_TOO_LONG, 0 },
	{ "too large for numbers", "X {18446744073709551616+}\r\n", CONV_LINE_TOO_LONG,
	  CONV_LINE_TOO_LONG, 0 },
	{ "a line too long", "1234567890123456789012345678901234567890\r\n", CONV_LINE_TOO_LONG,
	  CONV_LINE_TOO_LONG, 0 },
	{ "a bare LF", "NOOP\n", CONV_LINE_BARE, CONV_LINE_BARE, 0 },
	{ "a bare LF behind a literal", "X {1+}\r\na\n", CONV_LINE_BARE, CONV_LINE_BARE, 0 },
	{ "braces in quotes announce nothing", "X \"{3+}\"\r\n", 0, 0, 10 },
};

static void test_unit_take(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct unit_case *k = &cases[i];
		struct slice unit = {};
		size_t used = 99;
		int r = sieve_client_unit_take(slice_str(k->input), MAX, &unit, &used);
		if (r != k->client || used != (r ? 0 : k->len))
			fail_msg("%s: client %d, %zu", k->name, r, used);
		r = sieve_server_unit_take(slice_str(k->input), MAX, &unit, &used);
		if (r != k->server || used != (r ? 0 : k->len) || (!r && unit.len != k->len))
			fail_msg("%s: server %d, %zu", k->name, r, used);
	}
}

static void test_unit_words(void **state)
{
	(void)state;
	struct sieve_words words;
	sieve_words_read(slice_str("OK (SASL {3}\r\na\r\n) \"x\"\r\n"), &words);
	assert_false(words.is_bad);
	assert_int_equal(words.count, 6);
	assert_true(conv_token_is_atom(&words.tokens[0], "ok"));
	assert_true(conv_token_is_quoted(&words.tokens[3]));
	sieve_words_read(slice_str("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\r\n"), &words);
	assert_true(words.is_bad);
	assert_int_equal(words.count, SIEVE_TOKENS_MAX);
}

static void test_unit_string(void **state)
{
	(void)state;
	struct buf out = {};
	assert_int_equal(sieve_string_add(&out, slice_str("a\"\\b")), 0);
	assert_true(slice_equal(buf_slice(&out), slice_str("\"a\\\"\\\\b\"")));
	buf_clear(&out);
	assert_int_equal(sieve_string_add(&out, slice_str("a\r\n")), 0);
	assert_true(slice_equal(buf_slice(&out), slice_str("{3+}\r\na\r\n")));
	buf_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unit_take),
		cmocka_unit_test(test_unit_words),
		cmocka_unit_test(test_unit_string),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
