#include "base/log_lasting.h"

#include <stddef.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { BEGIN = 1000 };

static void test_log_lasting_is_said_once_an_hour(void **state)
{
	(void)state;
	struct log_lasting l = {};
	uint64_t unsaid = 7;
	assert_true(log_lasting(&l, BEGIN, &unsaid));
	assert_int_equal(unsaid, 0);
	for (int i = 0; i < 5; i++)
		assert_false(log_lasting(&l, BEGIN + LOG_LASTING_MS - 1, &unsaid));
	assert_true(log_lasting(&l, BEGIN + LOG_LASTING_MS, &unsaid));
	assert_int_equal(unsaid, 5);
}

static void test_log_lasting_is_over_once(void **state)
{
	(void)state;
	struct log_lasting l = {};
	uint64_t unsaid;
	assert_false(log_lasting_over(&l, BEGIN));
	assert_true(log_lasting(&l, BEGIN, &unsaid));
	/* What goes well in between is not its end. */
	assert_false(log_lasting_over(&l, BEGIN + LOG_LASTING_WELL_MS - 1));
	assert_false(log_lasting(&l, BEGIN + LOG_LASTING_WELL_MS - 1, &unsaid));
	assert_true(log_lasting_over(&l, BEGIN + 2 * LOG_LASTING_WELL_MS - 1));
	assert_false(log_lasting_over(&l, BEGIN + 2 * LOG_LASTING_WELL_MS));
	assert_true(log_lasting(&l, BEGIN + 2 * LOG_LASTING_WELL_MS, &unsaid));
	assert_int_equal(unsaid, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_log_lasting_is_said_once_an_hour),
		cmocka_unit_test(test_log_lasting_is_over_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
