#include "advice/profile.h"
#include "base/clean.h"
#include "check/grade.h"
#include "check/judge.h"
#include "check/test_facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define AT(which) (f->endpoints[FACTS_##which])

static void nothing(struct facts *f)
{
	(void)f;
}

static void no_policies(struct facts *f)
{
	for (unsigned i = 0; i < 2; i++)
		f->hosts[i].facts.count = 0;
	for (unsigned i = 0; i < FACTS_ENDPOINT_COUNT; i++)
		f->endpoints[i].has_proof = false;
	f->domain.sts = (struct policy_sts_facts){};
	f->domain.sts_record = (struct check_txt){};
}

static void sts_alone(struct facts *f)
{
	for (unsigned i = 0; i < 2; i++)
		f->hosts[i].facts.count = 0;
}

static void no_pq_on_mx(struct facts *f)
{
	AT(MX2).has_pq = CHECK_NO;
}

static void mx_is_rate_limited(struct facts *f)
{
	AT(MX2).reach = CHECK_RATE;
}

static void users_are_rate_limited(struct facts *f)
{
	AT(IMAPS).reach = CHECK_RATE;
}

static void all_mx_are_rate_limited(struct facts *f)
{
	AT(MX).reach = AT(MX6).reach = AT(MX2).reach = CHECK_RATE;
}

static void old_version_on_25(struct facts *f)
{
	AT(MX).versions[CHECK_TLS10].is_there = CHECK_YES;
	AT(MX6).versions[CHECK_TLS10].is_there = CHECK_YES;
}

static void self_signed_on_25(struct facts *f)
{
	no_policies(f);
	AT(MX2).chain.pkix = TLS_PROOF_NOT_TRUSTED;
}

static void old_version_for_users(struct facts *f)
{
	AT(POP3S).versions[CHECK_TLS11].is_there = CHECK_YES;
}

static void some_mx_without_tls(struct facts *f)
{
	no_policies(f);
	AT(MX2).clear.offers_starttls = false;
	AT(MX2).has_tls = CHECK_NO;
}

static void no_mx_has_tls(struct facts *f)
{
	some_mx_without_tls(f);
	AT(MX).clear.offers_starttls = AT(MX6).clear.offers_starttls = false;
	AT(MX).has_tls = AT(MX6).has_tls = CHECK_NO;
}

static void broken_handshakes(struct facts *f)
{
	no_policies(f);
	AT(MX).handshake.is_done = AT(MX6).handshake.is_done = AT(MX2).handshake.is_done = CHECK_NO;
}

static void password_in_clear(struct facts *f)
{
	AT(POP3).clear.offers_user = true;
}

static void password_in_clear_on_25(struct facts *f)
{
	strcpy(AT(MX).clear.auth, "PLAIN");
	strcpy(AT(MX6).clear.auth, "PLAIN");
}

static void deferred_by_dane(struct facts *f)
{
	AT(MX2).proof.dane = TLS_PROOF_NOT_TRUSTED;
}

static void deferred_by_sts(struct facts *f)
{
	strcpy(f->domain.sts.policy.mx[0], "mx.example.org");
}

static void heartbleed_for_users(struct facts *f)
{
	AT(IMAPS).attacks.heartbleed = CHECK_YES;
}

static void no_reports(struct facts *f)
{
	f->domain.tlsrpt_record.count = 0;
}

static void no_users(struct facts *f)
{
	for (unsigned i = FACTS_SUBMISSION; i < FACTS_ENDPOINT_COUNT; i++)
		f->endpoints[i].reach = CHECK_CLOSED;
	f->domain.srv_count = f->domain.autoconfig_count = 0;
}

static void bad_certificate_for_users(struct facts *f)
{
	AT(SUBMISSIONS).chain.not_after_s = FACTS_NOW - 1;
}

static const struct grade_case {
	const char *name;
	void (*spoil)(struct facts *f);
	const char *between, *users, *overall;
	bool is_partial;
} cases[] = {
	{ "nothing wrong", nothing, "A+", "A+", "A+", false },
	{ "MTA-STS alone", sts_alone, "A+", "A+", "A+", false },
	{ "no policies", no_policies, "A", "A+", "A", false },
	{ "no post-quantum exchange", no_pq_on_mx, "A", "A+", "A", false },
	{ "an MX not tested", mx_is_rate_limited, "A", "A+", "A", true },
	{ "a port of users not tested", users_are_rate_limited, "A+", "A", "A", true },
	{ "no MX tested", all_mx_are_rate_limited, "-", "A+", "A", true },
	{ "TLS 1.0 on 25", old_version_on_25, "B", "A+", "B", false },
	{ "self-signed on 25", self_signed_on_25, "B", "A+", "B", false },
	{ "TLS 1.1 for users", old_version_for_users, "A+", "C", "C", false },
	{ "some MX without TLS", some_mx_without_tls, "C", "A+", "C", false },
	{ "no MX with TLS", no_mx_has_tls, "F", "A+", "F", false },
	{ "TLS that does not work", broken_handshakes, "F", "A+", "F", false },
	{ "password in clear", password_in_clear, "A+", "D", "D", false },
	{ "password in clear on 25", password_in_clear_on_25, "A+", "D", "D", false },
	{ "deferred by DANE", deferred_by_dane, "F", "A+", "F", false },
	{ "deferred by MTA-STS", deferred_by_sts, "F", "A+", "F", false },
	{ "Heartbleed", heartbleed_for_users, "A+", "F", "F", false },
	{ "no reports", no_reports, "B", "A+", "B", false },
	{ "no users", no_users, "A+", "-", "A+", false },
	{ "expired for users", bad_certificate_for_users, "A+", "C", "C", false },
};

static void letter_is(const struct grade_case *c, const struct check_letter *letter,
                      const char *expected)
{
	if (strcmp(letter->letter, expected) != 0)
		print_error("%s: %s (%s), not %s\n", c->name, letter->letter, letter->why,
		            expected);
	assert_string_equal(letter->letter, expected);
	if (strcmp(expected, "A+") != 0)
		assert_true(letter->why[0]);
}

static void test_grade_letters(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct grade_case *c = &cases[i];
		struct facts *f = facts_new();
		struct check_report r;
		c->spoil(f);
		assert_int_equal(check_judge(&f->domain, advice_profile_find("m3aawg"), &r), 0);
		letter_is(c, &r.letters[CHECK_BETWEEN], c->between);
		letter_is(c, &r.letters[CHECK_USERS], c->users);
		letter_is(c, &r.overall, c->overall);
		assert_string_equal(r.letters[CHECK_INSIDE].letter, "-");
		if (r.overall.is_partial != c->is_partial)
			fail_msg("%s: partial or not", c->name);
		check_report_deinit(&r);
		free(f);
	}
}

/* The same facts, by who judges. */
static void test_grade_profiles_differ(void **state)
{
	static const struct {
		const char *profile, *letter;
	} profiles[] = { { "m3aawg", "B" },
		         { "rfc9325", "B" },
		         { "ncsc2025", "C" },
		         { "bsi2026", "C" },
		         { "mozilla6", "C" } };
	(void)state;
	for (size_t i = 0; i < COUNT_OF(profiles); i++) {
		struct facts *f = facts_new();
		struct check_report r;
		old_version_on_25(f);
		assert_int_equal(
			check_judge(&f->domain, advice_profile_find(profiles[i].profile), &r), 0);
		assert_string_equal(r.letters[CHECK_BETWEEN].letter, profiles[i].letter);
		check_report_deinit(&r);
		free(f);
	}
}

/* Facts without fault are without fault for everybody. */
static void test_grade_all_profiles_know_an_a_plus(void **state)
{
	(void)state;
	for (size_t i = 0; i < advice_profile_count; i++) {
		struct facts *f = facts_new();
		struct check_report r;
		assert_int_equal(check_judge(&f->domain, &advice_profiles[i], &r), 0);
		assert_string_equal(r.overall.letter, "A+");
		check_report_deinit(&r);
		free(f);
	}
}

static void test_grade_cap_of_a_finding(void **state)
{
	(void)state;
	struct check_finding f = { .criterion = advice_criterion_find("C2"),
		                   .verdict = CHECK_WARN };
	assert_string_equal(check_grade_cap(&f), "B");
	f.verdict = CHECK_NOT_TESTED;
	assert_string_equal(check_grade_cap(&f), "A+");
	f.verdict = CHECK_FAIL;
	assert_string_equal(check_grade_cap(&f), "C");
	f.criterion = advice_criterion_find("D9");
	f.verdict = CHECK_WARN;
	assert_string_equal(check_grade_cap(&f), "A");
	f.criterion = advice_criterion_find("F2");
	f.verdict = CHECK_CRITICAL;
	assert_string_equal(check_grade_cap(&f), "F");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grade_letters),
		cmocka_unit_test(test_grade_profiles_differ),
		cmocka_unit_test(test_grade_all_profiles_know_an_a_plus),
		cmocka_unit_test(test_grade_cap_of_a_finding),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
