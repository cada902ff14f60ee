#include "watch/fragment.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct watch_packet part(uint32_t id, uint16_t offset, const char *text, bool has_more)
{
	return (struct watch_packet){ .protocol = WATCH_IP_UDP,
		                      .is_fragment = true,
		                      .has_more_fragments = has_more,
		                      .fragment_id = id,
		                      .fragment_offset = offset,
		                      .payload = slice_str(text) };
}

static struct watch_fragments *fragments_new(void)
{
	struct watch_fragments *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	return f;
}

static void fragments_free(struct watch_fragments *f)
{
	watch_fragments_deinit(f);
	free(f);
}

static int add(struct watch_fragments *f, struct watch_packet p, struct watch_packet *ret_whole)
{
	int r = watch_fragments_add(f, &p);
	*ret_whole = p;
	return r;
}

static void test_fragments_in_any_order(void **state)
{
	static const int orders[][3] = { { 0, 1, 2 }, { 2, 1, 0 }, { 1, 2, 0 }, { 2, 0, 1 } };
	const struct watch_packet parts[] = { part(1, 0, "01234567", true),
		                              part(1, 8, "89abcdef", true),
		                              part(1, 16, "end", false) };
	(void)state;
	for (size_t i = 0; i < COUNT_OF(orders); i++) {
		struct watch_fragments *f = fragments_new();
		struct watch_packet whole;
		assert_int_equal(add(f, parts[orders[i][0]], &whole), WATCH_FRAGMENT_MORE);
		assert_int_equal(add(f, parts[orders[i][0]], &whole), WATCH_FRAGMENT_MORE);
		assert_int_equal(add(f, parts[orders[i][1]], &whole), WATCH_FRAGMENT_MORE);
		assert_int_equal(add(f, parts[orders[i][2]], &whole), 0);
		assert_int_equal(whole.payload.len, 19);
		assert_memory_equal(whole.payload.data, "0123456789abcdefend", 19);
		fragments_free(f);
	}
}

/* RFC 5722: none of it is to be used, whatever comes later. */
static void test_fragments_that_overlap_are_worthless(void **state)
{
	struct watch_fragments *f = fragments_new();
	struct watch_packet whole;
	(void)state;
	assert_int_equal(add(f, part(1, 0, "01234567", true), &whole), WATCH_FRAGMENT_MORE);
	assert_int_equal(add(f, part(1, 0, "0123X567", true), &whole), WATCH_FRAGMENT_SPOILT);
	assert_int_equal(add(f, part(1, 8, "end", false), &whole), WATCH_FRAGMENT_SPOILT);
	fragments_free(f);
}

/* Their lengths add up, but what stands before the last was never sent. */
static void test_fragments_behind_the_last_are_worthless(void **state)
{
	struct watch_fragments *f = fragments_new();
	struct watch_packet whole;
	(void)state;
	assert_int_equal(add(f, part(1, 24, "01234567", true), &whole), WATCH_FRAGMENT_MORE);
	assert_int_equal(add(f, part(1, 8, "89abcdef", false), &whole), WATCH_FRAGMENT_SPOILT);
	fragments_free(f);
}

static void test_fragments_of_others_do_not_mix(void **state)
{
	struct watch_fragments *f = fragments_new();
	struct watch_packet whole;
	(void)state;
	assert_int_equal(add(f, part(1, 0, "01234567", true), &whole), WATCH_FRAGMENT_MORE);
	assert_int_equal(add(f, part(2, 8, "end", false), &whole), WATCH_FRAGMENT_MORE);
	fragments_free(f);
}

static void test_fragments_are_bounded(void **state)
{
	struct watch_fragments *f = fragments_new();
	struct watch_packet whole;
	(void)state;
	for (uint32_t id = 0; id < 10 * WATCH_FRAGMENTS_MAX; id++)
		assert_int_equal(add(f, part(id, 0, "01234567", true), &whole),
		                 WATCH_FRAGMENT_MORE);
	/* The first ones gave way, the last one is there. */
	assert_int_equal(add(f, part(0, 8, "end", false), &whole), WATCH_FRAGMENT_MORE);
	assert_int_equal(add(f, part(10 * WATCH_FRAGMENTS_MAX - 1, 8, "end", false), &whole), 0);
	fragments_free(f);
}

/* A datagram past 64 KiB ("ping of death"). */
static void test_fragments_too_long(void **state)
{
	struct watch_fragments *f = fragments_new();
	struct watch_packet whole;
	(void)state;
	assert_int_equal(add(f, part(1, 65528, "0123456789abcdef", false), &whole),
	                 WATCH_FRAGMENT_SPOILT);
	fragments_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fragments_in_any_order),
		cmocka_unit_test(test_fragments_that_overlap_are_worthless),
		cmocka_unit_test(test_fragments_behind_the_last_are_worthless),
		cmocka_unit_test(test_fragments_of_others_do_not_mix),
		cmocka_unit_test(test_fragments_are_bounded),
		cmocka_unit_test(test_fragments_too_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
