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

/* What was to hold and does not; the first of them is what is said. */
static enum policy_report fault(struct relay_verdict *v, bool is_seen, enum tls_proof_result result,
                                const char *why)
{
	if (!is_seen || result == TLS_PROOF_HOLDS)
		return POLICY_REPORT_NONE;
	if (!v->report) {
		v->report = report_of(result);
		v->why = why;
	}
	return report_of(result);
}

void relay_judge(struct relay_verdict *ret_v, const struct policy_decision *decision,
                 const struct tls_proof *proof)
{
	struct relay_verdict v = { .why = "",
		                   .dane_why = proof->dane_why,
		                   .pkix_why = proof->pkix_why };
	v.is_enough = (!decision->needs_dane || proof->dane == TLS_PROOF_HOLDS) &&
	              (!decision->needs_pkix || proof->pkix == TLS_PROOF_HOLDS);
	v.is_trusted = proof->pkix == TLS_PROOF_HOLDS;
	v.is_authenticated = v.is_enough && decision->is_authenticated;
	v.dane = fault(&v, decision->needs_dane, proof->dane, proof->dane_why);
	/* What is tested alone is reported, not enforced. */
	v.pkix = fault(&v, decision->needs_pkix || decision->tests_pkix, proof->pkix,
	               proof->pkix_why);
	*ret_v = v;
}
