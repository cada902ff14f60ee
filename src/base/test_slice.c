#include "base/clean.h"
#include "base/slice.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_slice_cuts(void **state)
{
	(void)state;
	struct slice s = slice_str("abcdef");
	assert_true(slice_equal(slice_skip(s, 2), slice_str("cdef")));
	assert_int_equal(slice_skip(s, 7).len, 0);
	assert_true(slice_equal(slice_head(s, 2), slice_str("ab")));
	assert_true(slice_equal(slice_head(s, 9), s));
	assert_int_equal(slice_find(s, 'c'), 2);
	assert_int_equal(slice_find(s, 'z'), 6);
	assert_int_equal(slice_find((struct slice){}, 'z'), 0);
	assert_int_equal(slice_skip((struct slice){}, 3).len, 0);
}

static const struct {
	const char *a, *b;
	bool is_equal, is_equal_nocase;
} pairs[] = {
	{ "", "", true, true },          { "EHLO", "EHLO", true, true },
	{ "EHLO", "ehlO", false, true }, { "EHLO", "EHL", false, false },
	{ "[", "{", false, false }, /* 32 apart, and no letters */
	{ "@", "`", false, false },
};

static void test_slice_equal(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(pairs); i++) {
		struct slice a = slice_str(pairs[i].a);
		struct slice b = slice_str(pairs[i].b);
		assert_int_equal(slice_equal(a, b), pairs[i].is_equal);
		assert_int_equal(slice_equal_nocase(a, b), pairs[i].is_equal_nocase);
	}
	assert_true(slice_equal((struct slice){}, slice_str("")));
	assert_true(slice_starts_nocase(slice_str("starttls x"), "STARTTLS"));
	assert_false(slice_starts_nocase(slice_str("START"), "STARTTLS"));
}

static void test_slice_trim(void **state)
{
	(void)state;
	assert_true(slice_equal(slice_trim(slice_str(" \t a b\t ")), slice_str("a b")));
	assert_int_equal(slice_trim(slice_str(" \t ")).len, 0);
	assert_int_equal(slice_trim((struct slice){}).len, 0);
}

static void test_slice_to_text(void **state)
{
	(void)state;
	char text[6];
	slice_to_text(slice_str("ab\x01\x7f\xc3zzz"), text, sizeof(text));
	assert_string_equal(text, "ab???");
	slice_to_text((struct slice){}, text, sizeof(text));
	assert_string_equal(text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slice_cuts),
		cmocka_unit_test(test_slice_equal),
		cmocka_unit_test(test_slice_trim),
		cmocka_unit_test(test_slice_to_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
