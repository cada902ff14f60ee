#include "edge/shy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct edge_shy shy;
static const struct edge_limits_key sender = { .bytes = { 1 } }, other = { .bytes = { 2 } };

static int setup(void **state)
{
	(void)state;
	memset(&shy, 0, sizeof(shy));
	return 0;
}

static void test_three_in_a_row(void **state)
{
	(void)state;
	assert_false(edge_shy_hung_up(&shy, sender, 1));
	assert_false(edge_shy_hung_up(&shy, sender, 2));
	assert_false(edge_shy_is(&shy, sender, 2));
	assert_true(edge_shy_hung_up(&shy, sender, 3)); /* said once */
	assert_false(edge_shy_hung_up(&shy, sender, 4));
	assert_true(edge_shy_is(&shy, sender, 4));
	assert_false(edge_shy_is(&shy, other, 4));
}

static void test_who_goes_on_is_not_shy(void **state)
{
	(void)state;
	edge_shy_hung_up(&shy, sender, 1);
	edge_shy_hung_up(&shy, sender, 2);
	edge_shy_went_on(&shy, sender);
	assert_false(edge_shy_hung_up(&shy, sender, 3));
	assert_false(edge_shy_is(&shy, sender, 3));
}

static void test_a_day_later_it_is_tried_again(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 3; i++)
		edge_shy_hung_up(&shy, sender, i);
	assert_true(edge_shy_is(&shy, sender, EDGE_SHY_FORGET_MS));
	assert_false(edge_shy_is(&shy, sender, EDGE_SHY_FORGET_MS + 2));
	assert_false(edge_shy_hung_up(&shy, sender,
	                              EDGE_SHY_FORGET_MS + 2)); /* counted from one again */
	assert_false(edge_shy_is(&shy, sender, EDGE_SHY_FORGET_MS + 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_three_in_a_row, setup),
		cmocka_unit_test_setup(test_who_goes_on_is_not_shy, setup),
		cmocka_unit_test_setup(test_a_day_later_it_is_tried_again, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
