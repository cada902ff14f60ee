#include "relay/judge.h"

static enum policy_report report_of(enum tls_proof_result result)
{
	switch (result) {
	case TLS_PROOF_HOLDS:
	case TLS_PROOF_NOT_ASKED:
	case TLS_PROOF_RESULT_COUNT:
		break;
	case TLS_PROOF_NOT_TRUSTED:
		return POLICY_REPORT_CERTIFICATE_NOT_TRUSTED;
	case TLS_PROOF_WRONG_NAME:
		return POLICY_REPORT_CERTIFICATE_HOST_MISMATCH;
	case TLS_PROOF_EXPIRED:
		return POLICY_REPORT_CERTIFICATE_EXPIRED;
	case TLS_PROOF_INVALID:
		return POLICY_REPORT_VALIDATION_FAILURE;
	}
	return POLICY_REPORT_NONE;
}

/* What was to hold and does not; the first of them is what is reported. */
static bool holds(struct relay_verdict *v, enum tls_proof_result result, const char *why)
{
	if (result == TLS_PROOF_HOLDS)
		return true;
	if (!v->report) {
		v->report = report_of(result);
		v->why = why;
	}
	return false;
}

void relay_judge(struct relay_verdict *ret_v, const struct policy_decision *decision,
                 const struct tls_proof *proof)
{
	struct relay_verdict v = { .is_enough = true, .why = "", .report = POLICY_REPORT_NONE };
	if (decision->needs_dane && !holds(&v, proof->dane, proof->dane_why))
		v.is_enough = false;
	if (decision->needs_pkix && !holds(&v, proof->pkix, proof->pkix_why))
		v.is_enough = false;
	v.is_trusted = proof->pkix == TLS_PROOF_HOLDS;
	v.is_authenticated = v.is_enough && decision->is_authenticated;
	if (decision->tests_pkix)
		(void)holds(&v, proof->pkix, proof->pkix_why); /* reported, not enforced */
	*ret_v = v;
}
