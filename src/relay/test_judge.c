#include "base/clean.h"
#include "relay/judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const enum policy_report reports[] = {
	[TLS_PROOF_HOLDS] = POLICY_REPORT_NONE,
	[TLS_PROOF_NOT_ASKED] = POLICY_REPORT_NONE,
	[TLS_PROOF_NOT_TRUSTED] = POLICY_REPORT_CERTIFICATE_NOT_TRUSTED,
	[TLS_PROOF_WRONG_NAME] = POLICY_REPORT_CERTIFICATE_HOST_MISMATCH,
	[TLS_PROOF_EXPIRED] = POLICY_REPORT_CERTIFICATE_EXPIRED,
	[TLS_PROOF_INVALID] = POLICY_REPORT_VALIDATION_FAILURE,
};
_Static_assert(COUNT_OF(reports) == TLS_PROOF_RESULT_COUNT, "every result has its report");

/* What is wanted, and with which level policy/decide.c says so. */
static const struct {
	const char *name;
	bool needs_dane, needs_pkix, tests_pkix;
	enum policy_level level;
} wants[] = {
	{ "nothing", false, false, false, POLICY_OPPORTUNISTIC },
	{ "TLS of anybody", false, false, false, POLICY_ENCRYPT },
	{ "a test", false, false, true, POLICY_OPPORTUNISTIC },
	{ "TLS of anybody, and a test", false, false, true, POLICY_ENCRYPT },
	{ "a name", false, true, false, POLICY_VERIFY },
	{ "a name, and a test of it", false, true, true, POLICY_VERIFY },
	{ "DANE", true, false, false, POLICY_VERIFY },
	{ "DANE, and a test", true, false, true, POLICY_VERIFY },
	{ "both", true, true, false, POLICY_VERIFY },
	{ "both, and a test", true, true, true, POLICY_VERIFY },
};

struct expected {
	bool is_enough, is_authenticated;
	enum policy_report report, dane, pkix;
	const char *why;
};

static struct expected expect(size_t want, enum tls_proof_result dane, enum tls_proof_result pkix)
{
	bool dane_holds = dane == TLS_PROOF_HOLDS, pkix_holds = pkix == TLS_PROOF_HOLDS;
	bool sees_pkix = wants[want].needs_pkix || wants[want].tests_pkix;
	struct expected e = { .report = POLICY_REPORT_NONE, .why = "" };
	e.is_enough =
		(!wants[want].needs_dane || dane_holds) && (!wants[want].needs_pkix || pkix_holds);
	e.is_authenticated = e.is_enough && wants[want].level == POLICY_VERIFY;
	/* By each policy alone, for TLS reports. */
	e.dane = wants[want].needs_dane ? reports[dane] : POLICY_REPORT_NONE;
	e.pkix = sees_pkix ? reports[pkix] : POLICY_REPORT_NONE;
	/* The first that says something is reported. */
	if (wants[want].needs_dane && !dane_holds) {
		e.report = reports[dane];
		e.why = "of DANE";
	}
	if (sees_pkix && !pkix_holds && !e.report) {
		e.report = reports[pkix];
		e.why = "of the CAs";
	}
	return e;
}

static void test_judge_every_combination(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(wants) * TLS_PROOF_RESULT_COUNT * TLS_PROOF_RESULT_COUNT;
	     i++) {
		size_t want = i % COUNT_OF(wants);
		struct tls_proof proof = { .dane_why = "of DANE", .pkix_why = "of the CAs" };
		struct relay_verdict v;
		proof.dane = (enum tls_proof_result)(i / COUNT_OF(wants) % TLS_PROOF_RESULT_COUNT);
		proof.pkix = (enum tls_proof_result)(i / COUNT_OF(wants) / TLS_PROOF_RESULT_COUNT);
		const struct expected e = expect(want, proof.dane, proof.pkix);
		relay_judge(&v,
		            &(struct policy_decision){ .level = wants[want].level,
		                                       .is_authenticated =
		                                               wants[want].level == POLICY_VERIFY,
		                                       .needs_dane = wants[want].needs_dane,
		                                       .needs_pkix = wants[want].needs_pkix,
		                                       .tests_pkix = wants[want].tests_pkix },
		            &proof);
		if (v.is_enough != e.is_enough || v.is_authenticated != e.is_authenticated ||
		    v.report != e.report || v.dane != e.dane || v.pkix != e.pkix ||
		    strcmp(v.why, e.why) != 0)
			fail_msg("%s, DANE %d, CAs %d: %d %d %d \"%s\"", wants[want].name,
			         (int)proof.dane, (int)proof.pkix, v.is_enough, v.is_authenticated,
			         (int)v.report, v.why);
	}
}

/* A decision that wants a proof, and a handshake that was not asked for one. */
static void test_judge_what_was_not_asked_proves_nothing(void **state)
{
	const struct tls_proof proof = { .dane = TLS_PROOF_NOT_ASKED,
		                         .pkix = TLS_PROOF_NOT_ASKED,
		                         .dane_why = "",
		                         .pkix_why = "" };
	struct relay_verdict v;
	(void)state;
	relay_judge(&v, &(struct policy_decision){ .level = POLICY_VERIFY, .needs_dane = true },
	            &proof);
	assert_false(v.is_enough || v.is_authenticated);
	relay_judge(&v, &(struct policy_decision){ .level = POLICY_VERIFY, .needs_pkix = true },
	            &proof);
	assert_false(v.is_enough || v.is_authenticated);
}

static void test_judge_numbers_of_reports(void **state)
{
	static const struct {
		enum tls_proof_result result;
		int number; /* RFC 8460 4.3, as libtlsrpt counts */
	} numbers[] = {
		{ TLS_PROOF_WRONG_NAME, 202 },
		{ TLS_PROOF_NOT_TRUSTED, 203 },
		{ TLS_PROOF_EXPIRED, 204 },
		{ TLS_PROOF_INVALID, 205 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		const struct tls_proof proof = { .pkix = numbers[i].result, .pkix_why = "why" };
		struct relay_verdict v;
		relay_judge(&v,
		            &(struct policy_decision){ .level = POLICY_VERIFY, .needs_pkix = true },
		            &proof);
		assert_int_equal(v.report, numbers[i].number);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_judge_every_combination),
		cmocka_unit_test(test_judge_what_was_not_asked_proves_nothing),
		cmocka_unit_test(test_judge_numbers_of_reports),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
