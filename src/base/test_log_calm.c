#include "base/log_calm.h"

#include <stddef.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_log_calm(void **state)
{
	(void)state;
	struct log_calm c = {};
	uint64_t unsaid = 7;
	for (int i = 0; i < LOG_CALM_LINES; i++) {
		assert_true(log_calm(&c, 1000, &unsaid));
		assert_int_equal(unsaid, 0);
	}
	for (int i = 0; i < 5; i++)
		assert_false(log_calm(&c, 1000 + LOG_CALM_MS - 1, &unsaid));
	assert_true(log_calm(&c, 1000 + LOG_CALM_MS, &unsaid));
	assert_int_equal(unsaid, 5);
	assert_true(log_calm(&c, 1001 + LOG_CALM_MS, &unsaid));
	assert_int_equal(unsaid, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_log_calm) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
