#include "base/clean.h"
#include "policy/rule.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_rule_is_for(void **state)
{
	static const struct {
		const char *pattern, *domain;
		bool is_for;
	} cases[] = {
		{ "example.org", "example.org", true },
		{ "Example.ORG", "example.org", true },
		{ "example.org", "a.example.org", false },
		{ "example.org", "anexample.org", false },
		{ ".example.org", "a.example.org", true },
		{ ".example.org", "a.b.example.org", true },
		{ ".example.org", "example.org", false },
		{ ".example.org", "anexample.org", false },
		{ "*", "example.org", true },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		if (policy_rule_is_for(cases[i].pattern, cases[i].domain) != cases[i].is_for)
			fail_msg("%s, %s", cases[i].pattern, cases[i].domain);
}

static void test_rule_is_listed(void **state)
{
	char *patterns[] = { "a.example", ".b.example" };
	(void)state;
	assert_true(policy_rule_is_listed(patterns, 2, "x.b.example"));
	assert_false(policy_rule_is_listed(patterns, 2, "b.example"));
	assert_false(policy_rule_is_listed(NULL, 0, "a.example"));
}

static void test_rule_decide(void **state)
{
	static const uint8_t pins[2][32] = { { 1 }, { 2 } };
	static const struct {
		struct policy_rule rule;
		enum policy_level level;
		bool pkix, dane, is_authenticated;
		size_t count;
	} cases[] = {
		{ { .is_plain = true }, POLICY_PLAIN, false, false, false, 0 },
		{ { .proof = POLICY_PROOF_PKIX }, POLICY_VERIFY, true, false, true, 0 },
		{ { .proof = POLICY_PROOF_NONE }, POLICY_ENCRYPT, false, false, false, 0 },
		{ { .proof = POLICY_PROOF_PIN, .pins = pins, .pin_count = 2 },
		  POLICY_VERIFY,
		  false,
		  true,
		  true,
		  2 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct policy_decision d;
		struct policy_tlsa records[POLICY_TLSA_MAX];
		size_t count = 99;
		policy_rule_decide(&cases[i].rule, &d, records, &count);
		assert_int_equal(d.level, cases[i].level);
		assert_int_equal(d.needs_pkix, cases[i].pkix);
		assert_int_equal(d.needs_dane, cases[i].dane);
		assert_int_equal(d.is_authenticated, cases[i].is_authenticated);
		assert_int_equal(count, cases[i].count);
		assert_int_equal(d.used_count, count);
		for (size_t n = 0; n < count; n++) {
			assert_null(policy_tlsa_fault(&records[n]));
			assert_memory_equal(records[n].data, pins[n], 32);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rule_is_for),
		cmocka_unit_test(test_rule_is_listed),
		cmocka_unit_test(test_rule_decide),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
