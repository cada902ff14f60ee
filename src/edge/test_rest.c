#include "base/sparse.h"
#include "edge/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* The sanitizer is to give NULL, as the library does. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

/* More than there is: it can never wake. */
static const struct conv_ops heavy = { .protocol = "heavy", .size = SIZE_MAX / 2 };

/* Nothing of a session is lost where there was no memory to wake it. */
static void test_rest_is_recalled(void **state)
{
	struct conv conv = { .ops = &heavy, .is_logged_in = true }, room;
	struct edge_session s = {};
	(void)state;
	snprintf(conv.user, sizeof(conv.user), "anna@example.com");
	s.rest = sparse_new(&conv, sizeof(conv));
	assert_non_null(s.rest);
	assert_false(edge_session_wake(&s));
	s.unheard = CONV_OUTCOME_DRAINED;
	assert_true(edge_session_recall(&s, &room));
	assert_ptr_equal(s.conv, &room);
	assert_string_equal(room.user, "anna@example.com");
	assert_true(room.is_logged_in);
	assert_int_equal(room.outcome, CONV_OUTCOME_DRAINED);
	sparse_free(s.rest);
}

static void test_rest_awake_is_left_alone(void **state)
{
	struct conv conv = { .ops = &heavy }, room;
	struct edge_session s = { .conv = &conv };
	(void)state;
	assert_false(edge_session_recall(&s, &room));
	assert_ptr_equal(s.conv, &conv);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rest_is_recalled),
		cmocka_unit_test(test_rest_awake_is_left_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
