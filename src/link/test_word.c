#include "link/word.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const struct word_case {
	const char *name;
	struct slice input;
	int result;
	size_t used;
	bool is_reached;
	const char *why;
} cases[] = {
#define BYTES(text)                                                                                \
	{                                                                                          \
		(const uint8_t *)(text), sizeof(text) - 1                                          \
	}
	{ "nothing yet", BYTES(""), LINK_WORD_MORE, 0, false, "" },
	{ "reached", BYTES("\1"), 0, 1, true, "" },
	{ "reached, and the service speaks", BYTES("\1\2\5hello"), 0, 1, true, "" },
	{ "not reached", BYTES("\2\7refused"), 0, 9, false, "refused" },
	{ "not reached, nobody knows why", BYTES("\2\0"), 0, 2, false, "" },
	{ "no length yet", BYTES("\2"), LINK_WORD_MORE, 0, false, "" },
	{ "half of why", BYTES("\2\7refu"), LINK_WORD_MORE, 0, false, "" },
	{ "why is not for a terminal", BYTES("\2\5a\33[1m"), 0, 7, false, "a?[1m" },
	{ "another word", BYTES("\3"), LINK_WORD_BAD, 0, false, "" },
	{ "a service that was not announced", BYTES("+OK ready\r\n"), LINK_WORD_BAD, 0, false, "" },
};

static void test_word_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct word_case *c = &cases[i];
		struct link_word word = {};
		size_t used = 0;
		int r = link_word_read(c->input, &word, &used);
		if (r != c->result || used != c->used || word.is_reached != c->is_reached ||
		    strcmp(word.why, c->why) != 0)
			fail_msg("%s: %d, %zu bytes, \"%s\"", c->name, r, used, word.why);
	}
}

static void test_word_comes_back_byte_by_byte(void **state)
{
	static const struct link_word words[] = { { .is_reached = true },
		                                  { .why = "Connection refused" },
		                                  { .why = "" } };
	(void)state;
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		CLEAN(buf_deinit) struct buf wire = {};
		struct link_word back = {};
		size_t used = 0;
		assert_int_equal(link_word_write(&wire, &words[i]), 0);
		for (size_t n = 0; n < buf_len(&wire); n++)
			assert_int_equal(
				link_word_read(slice_head(buf_slice(&wire), n), &back, &used),
				LINK_WORD_MORE);
		assert_int_equal(link_word_read(buf_slice(&wire), &back, &used), 0);
		assert_int_equal(used, buf_len(&wire));
		assert_int_equal(back.is_reached, words[i].is_reached);
		assert_string_equal(back.why, words[i].why);
	}
}

static void test_word_why_that_is_too_long_is_cut(void **state)
{
	char text[300] = "\2\377";
	struct link_word word;
	size_t used;
	(void)state;
	memset(text + 2, 'x', 255);
	assert_int_equal(link_word_read(slice_of(text, 257), &word, &used), 0);
	assert_int_equal(used, 257);
	assert_int_equal(strlen(word.why), LINK_WORD_WHY_CAP - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_word_read),
		cmocka_unit_test(test_word_comes_back_byte_by_byte),
		cmocka_unit_test(test_word_why_that_is_too_long_is_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
