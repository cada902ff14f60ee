#include "edge/line.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct edge_limits_key key_of(unsigned n)
{
	return (struct edge_limits_key){ .bytes = { (uint8_t)n, (uint8_t)(n >> 8) } };
}

static void test_line_order(void **state)
{
	(void)state;
	struct edge_line line = {};
	struct edge_line_item items[3] = { { .who = key_of(1) },
		                           { .who = key_of(2) },
		                           { .who = key_of(1) } };
	assert_null(edge_line_next(&line, NULL, 0));
	for (size_t i = 0; i < COUNT_OF(items); i++)
		assert_true(edge_line_join(&line, &items[i]));
	assert_ptr_equal(edge_line_next(&line, NULL, 0), &items[0]);
	edge_line_leave(&line, &items[0]);
	edge_line_leave(&line, &items[0]);
	assert_ptr_equal(edge_line_next(&line, NULL, 0), &items[1]);
	edge_line_jump(&line, &items[0]);
	assert_ptr_equal(edge_line_next(&line, NULL, 0), &items[0]);
}

/* The last leaves, and another joins behind those that are left. */
static void test_line_end(void **state)
{
	(void)state;
	struct edge_line line = {};
	struct edge_line_item a = { .who = key_of(1) }, b = { .who = key_of(2) }, c = b;
	assert_true(edge_line_join(&line, &a));
	assert_true(edge_line_join(&line, &b));
	edge_line_leave(&line, &b);
	assert_true(edge_line_join(&line, &c));
	edge_line_leave(&line, &a);
	assert_ptr_equal(edge_line_next(&line, NULL, 0), &c);
}

/* Who came first gives way to whose address has fewer places, and waits with as many as he may. */
static void test_line_places(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		unsigned waiting[3], taken[4]; /* by address; 0: nobody */
		int next;                      /* of waiting; -1: nobody */
	} cases[] = {
		{ "nothing is taken", { 1, 2, 1 }, {}, 0 },
		{ "the first has one", { 1, 1, 2 }, { 1 }, 2 },
		{ "all have one", { 1, 2, 1 }, { 2, 1 }, 0 },
		{ "the first has what it may", { 1, 2, 1 }, { 1, 2, 1 }, 1 },
		{ "one alone, with one place", { 1, 1 }, { 1, 2, 2 }, 0 },
		{ "one alone, with what it may", { 1, 1, 1 }, { 1, 1 }, -1 },
		{ "others have places", { 3 }, { 1, 1, 2, 2 }, 0 },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct edge_line line = {};
		struct edge_line_item items[3] = {};
		struct edge_limits_key taken[4];
		size_t count = 0;
		for (; count < 4 && cases[i].taken[count]; count++)
			taken[count] = key_of(cases[i].taken[count]);
		for (size_t n = 0; n < 3 && cases[i].waiting[n]; n++) {
			items[n].who = key_of(cases[i].waiting[n]);
			assert_true(edge_line_join(&line, &items[n]));
		}
		struct edge_line_item *next = edge_line_next(&line, taken, count);
		if (next != (cases[i].next < 0 ? NULL : &items[cases[i].next]))
			fail_msg("%s: another is next", cases[i].name);
	}
}

static void test_line_is_full(void **state)
{
	(void)state;
	struct edge_line line = {};
	struct edge_line_item *items = calloc(EDGE_LINE_MAX, sizeof(*items));
	struct edge_line_item one = { .who = key_of(0) }, other = { .who = key_of(40000) };
	assert_non_null(items);
	for (unsigned i = 0; i < EDGE_LINE_EACH_MAX; i++)
		assert_true(edge_line_join(&line, &items[i]));
	assert_false(edge_line_join(&line, &one)); /* too many of him */
	for (unsigned i = EDGE_LINE_EACH_MAX; i < EDGE_LINE_MAX; i++) {
		items[i].who = key_of(i);
		assert_true(edge_line_join(&line, &items[i]));
	}
	assert_false(edge_line_join(&line, &other)); /* too many of all */
	edge_line_leave(&line, &items[0]);
	assert_true(edge_line_join(&line, &one));
	assert_false(edge_line_join(&line, &other));
	free(items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line_order),
		cmocka_unit_test(test_line_end),
		cmocka_unit_test(test_line_places),
		cmocka_unit_test(test_line_is_full),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
