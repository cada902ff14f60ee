/*
 * What the operator wrote down for a destination (a route): it comes before all that DNS says.
 * Pure.
 */
#ifndef POLICY_RULE_H
#define POLICY_RULE_H

#include "policy/decide.h"

enum policy_proof {
	POLICY_PROOF_PKIX, /* a certificate of the CAs, for the name */
	POLICY_PROOF_PIN,  /* a key that is known */
	POLICY_PROOF_NONE,
};

struct policy_rule {
	bool is_plain; /* no TLS: on this host, or where that is wanted */
	enum policy_proof proof;
	const uint8_t (*pins)[32]; /* SHA-256 of SubjectPublicKeyInfo */
	size_t pin_count;
};

/*
 * ret_records: room for POLICY_TLSA_MAX; pins become records of usage 3, so that one matcher sees
 *              to both
 */
void policy_rule_decide(const struct policy_rule *rule, struct policy_decision *ret_decision,
                        struct policy_tlsa *ret_records, size_t *ret_count);

/* "example.org", ".example.org" (all below it) or "*", against a domain in lower case. */
bool policy_rule_is_for(const char *pattern, const char *domain);
/* One of them is for it. */
bool policy_rule_is_listed(char *const *patterns, size_t count, const char *domain);

#endif
