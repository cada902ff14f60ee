#include "ledger/checks.h"
#include "ledger/hooks.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* For a day, at first soon. */
static void test_hooks_pauses(void **state)
{
	(void)state;
	unsigned total_s = 0, before_s = 0;
	assert_int_equal(hooks_pause_s(1), HOOKS_PAUSE_S);
	for (unsigned failed = 1; failed < HOOKS_TRIES_MAX; failed++) {
		unsigned pause_s = hooks_pause_s(failed);
		assert_true(pause_s >= before_s && pause_s <= HOOKS_PAUSE_MAX_S);
		assert_true(!before_s || pause_s <= 2 * before_s);
		total_s += before_s = pause_s;
	}
	assert_in_range(total_s, 23 * 3600, 25 * 3600);
	assert_int_equal(hooks_pause_s(HOOKS_TRIES_MAX), 0);
	assert_int_equal(hooks_pause_s(UINT32_MAX), 0);
}

/* At once for the first time, then so often; a clock that was wrong holds nothing up. */
static void test_checks_due(void **state)
{
	(void)state;
	enum { NOW = 1800000000, DAY = 86400 };
	assert_int_equal(checks_due_s(0, DAY, NOW), NOW);
	assert_int_equal(checks_due_s(NOW - 5, DAY, NOW), NOW - 5 + DAY);
	assert_int_equal(checks_due_s(NOW - 2 * DAY, DAY, NOW), NOW - DAY);
	assert_int_equal(checks_due_s(NOW + 100, DAY, NOW), NOW + 100 + DAY);
	assert_int_equal(checks_due_s(NOW + 100 * DAY, DAY, NOW), NOW);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_hooks_pauses),
		                            cmocka_unit_test(test_checks_due) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
