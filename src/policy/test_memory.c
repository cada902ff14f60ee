#include "base/clean.h"
#include "policy/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { NOW = 1800000000, HOUR = 3600, DAY = 24 * HOUR, HOLD = 4 * HOUR };

static const struct {
	const char *name;
	struct policy_memory memory;
	bool is_listed, is_refused;
	enum policy_memory_verdict verdict;
} cases[] = {
	{ "nothing known", {}, false, false, POLICY_MEMORY_QUIET },
	{ "nothing known, listed", {}, true, true, POLICY_MEMORY_QUIET },
	{ "known for a day",
	  { NOW - DAY, 100, false, 0, true, {} },
	  false,
	  false,
	  POLICY_MEMORY_WARN },
	{ "known for a day, listed",
	  { NOW - DAY, 1, false, 0, true, {} },
	  true,
	  false,
	  POLICY_MEMORY_HOLD },
	{ "30 days and 20 sessions",
	  { NOW - 30 * DAY, 20, false, 0, true, {} },
	  false,
	  false,
	  POLICY_MEMORY_HOLD },
	{ "30 days, 19 sessions",
	  { NOW - 30 * DAY, 19, false, 0, true, {} },
	  false,
	  false,
	  POLICY_MEMORY_WARN },
	{ "a second less",
	  { NOW - 30 * DAY + 1, 20, false, 0, true, {} },
	  false,
	  false,
	  POLICY_MEMORY_WARN },
	{ "still held",
	  { NOW - 60 * DAY, 99, true, NOW - HOLD + 1, true, {} },
	  false,
	  false,
	  POLICY_MEMORY_HOLD },
	{ "held long enough",
	  { NOW - 60 * DAY, 99, true, NOW - HOLD, true, {} },
	  true,
	  false,
	  POLICY_MEMORY_WARN },
	{ "the fault is ours",
	  { NOW - 60 * DAY, 99, true, 0, false, {} },
	  true,
	  false,
	  POLICY_MEMORY_WARN },
	{ "refused",
	  { NOW - DAY, 1, false, NOW - 9 * DAY, false, {} },
	  false,
	  true,
	  POLICY_MEMORY_REFUSE },
};

static void test_memory_judge(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct policy_memory_rules rules = { .is_listed = cases[i].is_listed,
			                                   .is_refused = cases[i].is_refused,
			                                   .hold_s = HOLD };
		if (policy_memory_judge(&cases[i].memory, &rules, NOW) != cases[i].verdict)
			fail_msg("%s", cases[i].name);
	}
	const struct policy_memory_rules never = { .is_listed = true };
	assert_int_equal(policy_memory_judge(&cases[4].memory, &never, NOW), POLICY_MEMORY_WARN);
}

static void test_memory_our_fault(void **state)
{
	(void)state;
	assert_false(policy_memory_is_our_fault(4, 0));
	assert_true(policy_memory_is_our_fault(5, 499));
	assert_false(policy_memory_is_our_fault(5, 500));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_memory_judge),
		                            cmocka_unit_test(test_memory_our_fault) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
