#include "policy/tlsrpt_due.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after stdarg.h and setjmp.h */
#include <cmocka.h>

enum { DAY_S = 86400 };
static const int64_t midnight = 20545LL * DAY_S;

static void test_tlsrpt_due_day(void **state)
{
	int64_t day, first_s;
	assert_false(policy_tlsrpt_day(midnight, &day, &first_s));
	assert_false(policy_tlsrpt_day(midnight + POLICY_TLSRPT_AFTER_S - 1, &day, &first_s));
	assert_true(policy_tlsrpt_day(midnight + POLICY_TLSRPT_AFTER_S, &day, &first_s));
	assert_int_equal(day, 20544);
	assert_int_equal(first_s, midnight + POLICY_TLSRPT_AFTER_S);
	/* A daemon that was away at midnight makes up for it, spread as well. */
	assert_true(policy_tlsrpt_day(midnight + DAY_S - 1, &day, &first_s));
	assert_int_equal(day, 20544);
	assert_int_equal(first_s, midnight + DAY_S - 1);
}

/* A clock that goes on by itself: every try fails. */
static void test_tlsrpt_due_tries(void **state)
{
	int64_t now_s = midnight, due_s, pause_s = 0;
	unsigned tries = 1;
	while (policy_tlsrpt_again(midnight, tries, now_s, &due_s)) {
		assert_true(due_s - now_s >= pause_s);
		pause_s = due_s - now_s;
		assert_true(pause_s >= POLICY_TLSRPT_PAUSE_S &&
		            pause_s <= POLICY_TLSRPT_PAUSE_MAX_S);
		now_s = due_s;
		tries++;
		assert_true(tries < 100);
	}
	assert_int_equal(pause_s, POLICY_TLSRPT_PAUSE_MAX_S);
	assert_in_range(tries, 8, 20);
	assert_true(now_s - midnight > 18 * 3600 && now_s - midnight <= POLICY_TLSRPT_PATIENCE_S);
	/* Away for long: one more try was made, and that is all. */
	assert_false(policy_tlsrpt_again(midnight, 2, midnight + 2 * DAY_S, &due_s));
}

/* What one side of a pair counts and sends on a day; both count the sessions that carry reports. */
struct provider {
	uint64_t sessions, reports;
};

/* Two providers whose MTAs count report mail, too: after the last real message they fall silent. */
static void test_tlsrpt_due_two_that_only_report(void **state)
{
	struct provider sides[2] = { { .sessions = 3 }, { .sessions = 1 } };
	unsigned sent = 0;
	for (int day = 0; day < 10; day++) {
		struct provider next[2] = {};
		for (int i = 0; i < 2; i++)
			if (sides[i].sessions &&
			    !policy_tlsrpt_is_own_echo(sides[i].sessions, sides[i].reports)) {
				next[i] = (struct provider){ .sessions = 1, .reports = 1 };
				sent += day + 1;
			}
		sides[0] = next[0];
		sides[1] = next[1];
	}
	assert_int_equal(sent, 2); /* both on the first day, and never again */
}

static void test_tlsrpt_due_echo(void **state)
{
	assert_true(policy_tlsrpt_is_own_echo(1, 1));
	assert_true(policy_tlsrpt_is_own_echo(1, 2));
	assert_false(policy_tlsrpt_is_own_echo(1, 0));
	assert_false(policy_tlsrpt_is_own_echo(2, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tlsrpt_due_day),
		cmocka_unit_test(test_tlsrpt_due_tries),
		cmocka_unit_test(test_tlsrpt_due_two_that_only_report),
		cmocka_unit_test(test_tlsrpt_due_echo),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
