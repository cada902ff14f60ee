#include "base/clean.h"
#include "link/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_frame_read(void **state)
{
	(void)state;
	static const struct {
		const char *name, *input, *message;
		int result;
	} cases[] = {
		{ "one", "5 <13>a", "<13>a", 0 },
		{ "one and more", "1 a2 bc", "a", 0 },
		{ "spaces are text", "3  a ", " a ", 0 },
		{ "nothing yet", "", NULL, LINK_FRAME_MORE },
		{ "half a length", "12", NULL, LINK_FRAME_MORE },
		{ "half a message", "5 <13", NULL, LINK_FRAME_MORE },
		{ "the longest, half", "24576 <", NULL, LINK_FRAME_MORE },
		{ "no length", " a", NULL, LINK_FRAME_BAD },
		{ "a length of nothing", "0 ", NULL, LINK_FRAME_BAD },
		{ "a zero before it", "01 a", NULL, LINK_FRAME_BAD },
		{ "no number", "<13>a", NULL, LINK_FRAME_BAD },
		{ "a sign", "+1 a", NULL, LINK_FRAME_BAD },
		{ "too long", "24577 ", NULL, LINK_FRAME_BAD },
		{ "too long, and the space is to come", "99999", NULL, LINK_FRAME_BAD },
		{ "a number without end", "111111", NULL, LINK_FRAME_BAD },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct slice message = {};
		size_t used = 0;
		int r = link_frame_read(slice_str(cases[i].input), &message, &used);
		if (r != cases[i].result)
			fail_msg("%s: %d", cases[i].name, r);
		if (r)
			continue;
		assert_int_equal(message.len, strlen(cases[i].message));
		assert_memory_equal(message.data, cases[i].message, message.len);
		assert_int_equal(used, message.len + 2);
	}
}

static void test_frame_comes_back(void **state)
{
	(void)state;
	static uint8_t text[LINK_FRAME_MESSAGE_MAX + 1] = "<13>\n\0 x";
	static const size_t lens[] = { 1, 8, 9, 10, LINK_FRAME_MESSAGE_MAX, sizeof(text) };
	CLEAN(buf_deinit) struct buf out = {};
	struct slice message;
	size_t used;
	for (size_t i = 0; i < COUNT_OF(lens); i++)
		assert_int_equal(link_frame_write(&out, slice_of(text, lens[i])), 0);
	for (size_t i = 0; i < COUNT_OF(lens); i++) {
		assert_int_equal(link_frame_read(buf_slice(&out), &message, &used), 0);
		assert_int_equal(message.len, lens[i] < sizeof(text) ? lens[i] : lens[i] - 1);
		assert_memory_equal(message.data, text, message.len);
		buf_consume(&out, used);
	}
	assert_int_equal(buf_len(&out), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frame_read),
		cmocka_unit_test(test_frame_comes_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
