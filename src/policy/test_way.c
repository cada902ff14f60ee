#include "base/clean.h"
#include "policy/way.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* A policy counts where it is in force; one that is lost is not one that is not there. */
static void test_way_domain(void **state)
{
	static const struct {
		enum policy_sts_state sts;
		bool has_policy, is_lost;
	} cases[] = {
		{ POLICY_STS_UNUSED, false, false },
		{ POLICY_STS_LOST, false, true },
		{ POLICY_STS_BROKEN, false, false },
		{ POLICY_STS_IN_FORCE, true, false },
	};
	static const struct policy_way way = { .domain = "example.org", .mx = POLICY_DNS_SECURE };
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct policy_sts_facts sts = { .state = cases[i].sts };
		struct policy_domain domain;
		policy_way_domain(&domain, &way, &sts);
		assert_string_equal(domain.name, "example.org");
		assert_int_equal(domain.mx, POLICY_DNS_SECURE);
		assert_ptr_equal(domain.sts, cases[i].has_policy ? &sts.policy : NULL);
		assert_int_equal(domain.sts_is_lost, cases[i].is_lost);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_way_domain) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
