#include "watch/word.h"

#include "base/clean.h"
#include "watch/dns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void test_word_fit(void **state)
{
	static const char *const begin[] = { "EHLO ", "HELO ", NULL };
	(void)state;
	assert_int_equal(watch_word_fit(slice_str(""), begin), WATCH_FIT_MORE);
	assert_int_equal(watch_word_fit(slice_str("eh"), begin), WATCH_FIT_MORE);
	assert_int_equal(watch_word_fit(slice_str("helo x"), begin), WATCH_FIT_YES);
	assert_int_equal(watch_word_fit(slice_str("EHLOx"), begin), WATCH_FIT_NO);
}

static void test_word_literal(void **state)
{
	static const struct {
		const char *line;
		bool is_one;
		uint32_t len;
	} cases[] = {
		{ "a LOGIN {5}", true, 5 },
		{ "a LOGIN {5+}", true, 5 },
		{ "{0}", true, 0 },
		{ "a LOGIN {5} x", false, 0 },
		{ "a {}", false, 0 },
		{ "a {x}", false, 0 },
		{ "}", false, 0 },
		{ "5}", false, 0 },
		{ "{99999999999}", false, 0 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint32_t len = 0;
		assert_int_equal(watch_word_literal(slice_str(cases[i].line), &len),
		                 cases[i].is_one);
		assert_int_equal(len, cases[i].len);
	}
}

static void test_word_string(void **state)
{
	struct slice rest = slice_str(" atom \"a \\\" b\" {5}"), text;
	(void)state;
	assert_true(watch_word_string(&rest, &text));
	assert_true(watch_word_is(text, "atom"));
	assert_true(watch_word_string(&rest, &text));
	assert_true(watch_word_is(text, "a \\\" b"));
	assert_false(watch_word_string(&rest, &text));
	rest = slice_str("\"no end");
	assert_false(watch_word_string(&rest, &text));
}

static void test_word_number(void **state)
{
	uint32_t number = 7;
	(void)state;
	assert_true(watch_word_number(slice_str("4294967295"), &number));
	assert_int_equal(number, UINT32_MAX);
	assert_false(watch_word_number(slice_str("4294967296"), &number));
	assert_false(watch_word_number(slice_str(""), &number));
	assert_false(watch_word_number(slice_str("1x"), &number));
}

static void test_dns_by_its_form(void **state)
{
	static const char query[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0\7example\3org\0\0\1\0\1";
	uint8_t other[sizeof(query) - 1];
	struct slice s = slice_of(query, sizeof(query) - 1);
	(void)state;
	assert_true(watch_dns_is_query(s));
	assert_false(watch_dns_is_answer(s));
	for (size_t len = 0; len < s.len; len++)
		assert_false(watch_dns_is_query(slice_head(s, len)));
	memcpy(other, query, sizeof(other));
	other[2] = 0x81;
	assert_true(watch_dns_is_answer(slice_of(other, sizeof(other))));
	other[12] = 64; /* no label is that long */
	assert_false(watch_dns_is_answer(slice_of(other, sizeof(other))));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_word_fit),        cmocka_unit_test(test_word_literal),
		cmocka_unit_test(test_word_string),     cmocka_unit_test(test_word_number),
		cmocka_unit_test(test_dns_by_its_form),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
