#include "base/clean.h"
#include "check/sender_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NEVER CHECK_SENDER_NEVER
#define LEFT CHECK_SENDER_LEFT
#define BROKEN CHECK_SENDER_BROKEN
#define LEFT_IN_TLS CHECK_SENDER_LEFT_IN_TLS
#define IN_TLS CHECK_SENDER_IN_TLS
#define IN_CLEAR CHECK_SENDER_IN_CLEAR
#define MISLED CHECK_SENDER_MISLED
#define PASS CHECK_SENDER_PASS
#define WARN CHECK_SENDER_WARN
#define FAIL CHECK_SENDER_FAIL
#define UNKNOWN CHECK_SENDER_UNKNOWN

static const struct judged {
	const char *name;
	enum check_sender_arrival arrival;
	enum check_sender_verdict want;
} cases[] = {
	{ "good", IN_TLS, PASS },
	{ "good", IN_CLEAR, FAIL },
	{ "good", BROKEN, FAIL },
	{ "good", NEVER, UNKNOWN },
	{ "plain", IN_CLEAR, PASS },
	{ "plain", LEFT, WARN },
	{ "refused", IN_CLEAR, PASS },
	{ "tls10", IN_TLS, WARN },
	{ "tls10", BROKEN, PASS },
	{ "tls10", IN_CLEAR, PASS },
	{ "no-secrecy", IN_TLS, WARN },
	{ "self-signed", IN_TLS, PASS },
	{ "self-signed", IN_CLEAR, FAIL },
	{ "self-signed", BROKEN, WARN },
	{ "expired", LEFT_IN_TLS, WARN },
	{ "wrong-name", IN_CLEAR, FAIL },
	{ "injected", IN_TLS, PASS },
	{ "injected", MISLED, FAIL },
	{ "injected", BROKEN, PASS },
	{ "dane-mismatch", LEFT_IN_TLS, PASS },
	{ "dane-mismatch", IN_TLS, FAIL },
	{ "dane-plain", LEFT, PASS },
	{ "dane-plain", IN_CLEAR, FAIL },
	{ "dane-unusable", IN_TLS, PASS },
	{ "dane-unusable", IN_CLEAR, FAIL },
	{ "sts-certificate", BROKEN, PASS },
	{ "sts-certificate", IN_TLS, FAIL },
	{ "sts-mx", NEVER, UNKNOWN },
	{ "sts-mx", LEFT, PASS },
	{ "sts-mx", IN_TLS, FAIL },
	{ "sts-plain", IN_CLEAR, FAIL },
	{ "sts-testing", IN_TLS, PASS },
	{ "sts-testing", LEFT_IN_TLS, FAIL },
};

static void test_sender_case_verdicts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct check_sender_case *c = check_sender_case_find(cases[i].name);
		struct check_sender_seen seen = {};
		assert_non_null(c);
		if (cases[i].arrival != NEVER)
			seen.counts[cases[i].arrival] = 1;
		if (check_sender_judge(c, &seen) != cases[i].want)
			fail_msg("%s %s: %s", c->name, check_sender_arrival_id(cases[i].arrival),
			         check_sender_verdict_name(check_sender_judge(c, &seen)));
	}
}

/* Broken off first, and then sent in clear: the message counts. */
static void test_sender_case_the_message_counts(void **state)
{
	(void)state;
	const struct check_sender_case *c = check_sender_case_find("self-signed");
	struct check_sender_seen seen = { .counts = { [BROKEN] = 3, [IN_CLEAR] = 1 } };
	assert_int_equal(check_sender_arrived(&seen), IN_CLEAR);
	assert_int_equal(check_sender_judge(c, &seen), FAIL);
	assert_true(check_sender_is_settled(&seen));
	seen.counts[IN_CLEAR] = 0;
	assert_false(check_sender_is_settled(&seen));
}

static void test_sender_case_stripped_needs_two(void **state)
{
	(void)state;
	const struct check_sender_case *c = check_sender_case_find("stripped");
	struct check_sender_seen seen = { .counts = { [LEFT] = 1 } };
	assert_int_equal(check_sender_judge(c, &seen), UNKNOWN);
	seen.counts[IN_CLEAR] = 1; /* TLS was offered */
	assert_int_equal(check_sender_judge(c, &seen), FAIL);
	seen = (struct check_sender_seen){ .was_sealed = true };
	assert_int_equal(check_sender_judge(c, &seen), UNKNOWN);
	seen.counts[LEFT] = 1;
	assert_int_equal(check_sender_judge(c, &seen), PASS);
	seen.counts[IN_CLEAR] = 1;
	assert_int_equal(check_sender_judge(c, &seen), WARN);
}

/* Who read the policy has no reason to come to a host that it does not name. */
static void test_sender_case_policy_read(void **state)
{
	(void)state;
	struct check_sender_seen seen = { .fetches = 1 };
	assert_int_equal(check_sender_judge(check_sender_case_find("sts-mx"), &seen), PASS);
	assert_int_equal(check_sender_judge(check_sender_case_find("sts-plain"), &seen), UNKNOWN);
}

/* It wanted the policy and could not have it: that is the bench's fault. */
static void test_sender_case_policy_not_believed(void **state)
{
	(void)state;
	const struct check_sender_case *c = check_sender_case_find("sts-certificate");
	struct check_sender_seen seen = { .refusals = 1, .counts = { [IN_TLS] = 1 } };
	assert_int_equal(check_sender_judge(c, &seen), UNKNOWN);
	seen.fetches = 1;
	assert_int_equal(check_sender_judge(c, &seen), FAIL);
	seen.fetches = 0;
	assert_int_equal(check_sender_judge(check_sender_case_find("good"), &seen), PASS);
}

static uint32_t bit(const char *name)
{
	return 1U << (check_sender_case_find(name) - check_sender_cases);
}

static void test_sender_case_sums(void **state)
{
	(void)state;
	struct check_sender_seen seen[CHECK_SENDER_CASE_COUNT] = {};
	uint32_t set = bit("good") | bit("tls10") | bit("dane-mismatch");
	seen[check_sender_case_find("good") - check_sender_cases].counts[IN_TLS] = 1;
	assert_int_equal(check_sender_sum(seen, bit("good"), CHECK_SENDER_GROUP_COUNT), PASS);
	assert_int_equal(check_sender_sum(seen, set, CHECK_SENDER_GROUP_COUNT), UNKNOWN);
	seen[check_sender_case_find("tls10") - check_sender_cases].counts[IN_TLS] = 1;
	assert_int_equal(check_sender_sum(seen, set, CHECK_SENDER_OPPORTUNISTIC), WARN);
	assert_int_equal(check_sender_sum(seen, set, CHECK_SENDER_DANE), UNKNOWN);
	seen[check_sender_case_find("dane-mismatch") - check_sender_cases].counts[IN_CLEAR] = 1;
	assert_int_equal(check_sender_sum(seen, set, CHECK_SENDER_DANE), FAIL);
	assert_int_equal(check_sender_sum(seen, set, CHECK_SENDER_GROUP_COUNT), FAIL);
	assert_int_equal(check_sender_sum(seen, set, CHECK_SENDER_STS), UNKNOWN);
}

/* Each has all that a person is told, and a name that is a label. */
static void test_sender_case_rows_are_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHECK_SENDER_CASE_COUNT; i++) {
		const struct check_sender_case *c = &check_sender_cases[i];
		assert_non_null(c->name);
		assert_int_equal(strspn(c->name, "abcdefghijklmnopqrstuvwxyz0123456789-"),
		                 strlen(c->name));
		assert_ptr_equal(check_sender_case_find(c->name), c);
		assert_true(c->fault && c->wanted && c->source &&
		            strncmp(c->source, "RFC ", 4) == 0);
	}
	assert_null(check_sender_case_find("nosuch"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sender_case_verdicts),
		cmocka_unit_test(test_sender_case_the_message_counts),
		cmocka_unit_test(test_sender_case_stripped_needs_two),
		cmocka_unit_test(test_sender_case_policy_read),
		cmocka_unit_test(test_sender_case_policy_not_believed),
		cmocka_unit_test(test_sender_case_sums),
		cmocka_unit_test(test_sender_case_rows_are_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
