#include "watch/stream.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static int add(struct watch_stream *s, uint32_t seq, const char *text)
{
	const struct watch_segment segment = { .seq = seq, .bytes = slice_str(text) };
	return watch_stream_add(s, &segment);
}

static void assert_ready(const struct watch_stream *s, const char *text)
{
	assert_int_equal(watch_stream_ready(s).len, strlen(text));
	if (text[0])
		assert_memory_equal(watch_stream_ready(s).data, text, strlen(text));
}

/* The sequence numbers go round on the way. */
static void test_stream_out_of_order_twice_and_overlapping(void **state)
{
	CLEAN(watch_stream_deinit) struct watch_stream s = {};
	uint32_t first = 0xfffffffd;
	(void)state;
	watch_stream_begin(&s, first - 1);
	assert_int_equal(add(&s, first + 6, "678"), 0);
	assert_int_equal(add(&s, first + 3, "345"), 0);
	assert_ready(&s, "");
	assert_int_equal(add(&s, first, "01"), 0);
	assert_ready(&s, "01");
	assert_int_equal(add(&s, first, "012"), 0);
	assert_ready(&s, "012345678");
	assert_int_equal(add(&s, first + 7, "7_XY9"), 0); /* of what is known the first counts */
	assert_ready(&s, "012345678XY9");
}

static void test_stream_use(void **state)
{
	CLEAN(watch_stream_deinit) struct watch_stream s = {};
	(void)state;
	assert_int_equal(add(&s, 5, "line\nrest"), 0);
	watch_stream_use(&s, 5);
	assert_ready(&s, "rest");
	watch_stream_use(&s, 4);
	assert_null(s.ready.data);
}

/* What is not used outlives its packet, alone and behind what was there. */
static void test_stream_keep(void **state)
{
	CLEAN(watch_stream_deinit) struct watch_stream s = {};
	static const char *const parts[] = { "one\nha", "lf", "\ntwo" };
	uint32_t seq = 5;
	(void)state;
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		char packet[16] = "";
		memcpy(packet, parts[i], strlen(parts[i]));
		assert_int_equal(add(&s, seq, packet), 0);
		seq += (uint32_t)strlen(parts[i]);
		if (!i)
			watch_stream_use(&s, 4);
		assert_int_equal(watch_stream_keep(&s), 0);
		memset(packet, 'x', sizeof(packet));
	}
	assert_ready(&s, "half\ntwo");
	assert_true(watch_stream_held(&s) >= 8);
}

/* The far end has it, so the capture lost it: what follows is read at once. */
static void test_stream_hole_that_was_acknowledged(void **state)
{
	CLEAN(watch_stream_deinit) struct watch_stream s = {};
	(void)state;
	watch_stream_begin(&s, 9);
	assert_int_equal(add(&s, 10, "half a li"), 0);
	assert_int_equal(watch_stream_ack(&s, 30), 0);
	assert_int_equal(add(&s, 30, "next\n"), WATCH_STREAM_GAP);
	assert_ready(&s, "next\n");
}

static void test_stream_ack_before_the_hole_gives_nothing_up(void **state)
{
	CLEAN(watch_stream_deinit) struct watch_stream s = {};
	(void)state;
	watch_stream_begin(&s, 9);
	assert_int_equal(watch_stream_ack(&s, 10), 0);
	assert_int_equal(add(&s, 13, "def"), 0);
	assert_ready(&s, "");
	assert_int_equal(add(&s, 10, "abc"), 0);
	assert_ready(&s, "abcdef");
}

static void test_stream_flush(void **state)
{
	CLEAN(watch_stream_deinit) struct watch_stream s = {};
	bool has_more;
	(void)state;
	watch_stream_begin(&s, 9);
	assert_int_equal(add(&s, 20, "b"), 0);
	assert_int_equal(add(&s, 30, "c"), 0);
	assert_int_equal(watch_stream_flush(&s, &has_more), WATCH_STREAM_GAP);
	assert_true(has_more);
	assert_ready(&s, "b");
	assert_int_equal(watch_stream_flush(&s, &has_more), WATCH_STREAM_GAP);
	assert_ready(&s, "c");
	assert_int_equal(watch_stream_flush(&s, &has_more), 0);
	assert_false(has_more);
}

/* A hole does not let a peer fill memory. */
static void test_stream_is_bounded(void **state)
{
	CLEAN(watch_stream_deinit) struct watch_stream s = {};
	char block[1001];
	bool has_skipped = false;
	(void)state;
	memset(block, 'x', sizeof(block) - 1);
	block[sizeof(block) - 1] = '\0';
	watch_stream_begin(&s, 0);
	for (uint32_t i = 0; i < 1000; i++) {
		int r = add(&s, 10 + i * 2000, block);
		assert_true(r == 0 || r == WATCH_STREAM_GAP);
		has_skipped |= r == WATCH_STREAM_GAP;
		watch_stream_use(&s, watch_stream_ready(&s).len);
		assert_true(s.held <= WATCH_HELD_MAX + sizeof(block));
		assert_true(s.piece_count < WATCH_PIECES_MAX);
	}
	assert_true(has_skipped);
}

static void test_stream_snaplen(void **state)
{
	CLEAN(watch_stream_deinit) struct watch_stream s = {};
	const struct watch_segment cut = { .seq = 1, .bytes = slice_str("ab"), .missing = 3 };
	(void)state;
	assert_int_equal(watch_stream_add(&s, &cut), 0);
	assert_ready(&s, "ab");
	assert_int_equal(add(&s, 6, "cd"), WATCH_STREAM_GAP);
	assert_ready(&s, "cd");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stream_out_of_order_twice_and_overlapping),
		cmocka_unit_test(test_stream_use),
		cmocka_unit_test(test_stream_keep),
		cmocka_unit_test(test_stream_hole_that_was_acknowledged),
		cmocka_unit_test(test_stream_ack_before_the_hole_gives_nothing_up),
		cmocka_unit_test(test_stream_flush),
		cmocka_unit_test(test_stream_is_bounded),
		cmocka_unit_test(test_stream_snaplen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
