/* When a policy may go on to its next mode. */
#include "base/clean.h"
#include "publish/step.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NOW_S = 1700000000, DAY_S = 86400 };

static void test_each_step_has_its_reason(void **state)
{
	(void)state;
	const struct {
		struct publish_step_facts facts;
		enum publish_step step;
		const char *text;
	} cases[] = {
		{ {}, PUBLISH_STEP_TO_TESTING, "it stops no mail" },
		{ { .is_served = true, .failed = 3 }, PUBLISH_STEP_TO_TESTING, "testing" },
		{ { .is_served = true,
		    .mode = CONF_STS_TESTING,
		    .since_s = NOW_S - 30 * DAY_S,
		    .reports = 40,
		    .senders = 3 },
		  PUBLISH_STEP_TO_ENFORCE,
		  "testing for 30 days, 40 reports of 3 senders, no failures: mode \"enforce\" "
		  "may" },
		{ { .is_served = true,
		    .mode = CONF_STS_TESTING,
		    .since_s = NOW_S - 14 * DAY_S + 1,
		    .reports = 40,
		    .senders = 3 },
		  PUBLISH_STEP_WAIT,
		  "may come after 14 days" },
		{ { .is_served = true,
		    .mode = CONF_STS_TESTING,
		    .since_s = NOW_S - 300 * DAY_S,
		    .reports = 40,
		    .senders = 1 },
		  PUBLISH_STEP_WAIT,
		  "too few to judge by" },
		{ { .is_served = true,
		    .mode = CONF_STS_TESTING,
		    .since_s = NOW_S - 30 * DAY_S,
		    .senders = 3,
		    .failed = 7,
		    .failed_senders = 1,
		    .worst = "certificate-expired at mx\x1b[31m" },
		  PUBLISH_STEP_MEND,
		  ": 7 sessions of 1 senders failed, most: certificate-expired at mx?[31m; mend" },
		{ { .is_served = true,
		    .mode = CONF_STS_ENFORCE,
		    .since_s = NOW_S - DAY_S,
		    .senders = 1,
		    .failed = 1 },
		  PUBLISH_STEP_MEND,
		  "not delivered" },
		{ { .is_served = true, .mode = CONF_STS_ENFORCE, .since_s = NOW_S + DAY_S },
		  PUBLISH_STEP_STAY,
		  "enforce for 0 days" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char text[PUBLISH_STEP_CAP];
		assert_int_equal(publish_step_next(&cases[i].facts, NOW_S, text), cases[i].step);
		if (!strstr(text, cases[i].text))
			fail_msg("%zu: %s", i, text);
	}
}

static void test_dane_is_another_matter(void **state)
{
	(void)state;
	assert_false(publish_step_counts("tlsa-invalid"));
	assert_false(publish_step_counts("dnssec-invalid"));
	assert_false(publish_step_counts("dane-required"));
	assert_true(publish_step_counts("certificate-expired"));
	assert_true(publish_step_counts("sts-webpki-invalid"));
	assert_true(publish_step_counts("what nobody knows"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_step_has_its_reason),
		cmocka_unit_test(test_dane_is_another_matter),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
