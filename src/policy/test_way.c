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

static void test_way_own_preference(void **state)
{
	static const struct {
		const char *name;
		const char *ours;
		unsigned own;
		bool loops;
	} cases[] = {
		{ "none of ours", "mail.example.net", UINT32_MAX, false },
		{ "the best", "A.example.org", 5, true },
		{ "beside the best", "b.example.org", 5, true },
		{ "twice: the better counts", "c.example.org", 10, false },
	};
	struct policy_way_host hosts[] = {
		{ .preference = 5, .name = "a.example.org" },
		{ .preference = 5, .name = "b.example.org" },
		{ .preference = 10, .name = "c.example.org" },
		{ .preference = 20, .name = "c.example.org" },
	};
	struct policy_way way = { .hosts = hosts, .host_count = COUNT_OF(hosts) };
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		unsigned own = policy_way_own_preference(&way, cases[i].ours);
		if (own != cases[i].own || policy_way_loops(&way, own) != cases[i].loops)
			fail_msg("%s: %u", cases[i].name, own);
	}
	way.host_count = 0;
	assert_false(policy_way_loops(&way, policy_way_own_preference(&way, "a.example.org")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_way_domain),
		cmocka_unit_test(test_way_own_preference),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
