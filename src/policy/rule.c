#include "policy/rule.h"

#include <string.h>

enum { USAGE_KEY = 3, SELECTOR_KEY = 1, MATCHING_SHA256 = 1, DIGEST_LEN = 32 };

static void pins_take(const struct policy_rule *rule, struct policy_decision *d,
                      struct policy_tlsa *records)
{
	for (size_t i = 0; i < rule->pin_count && i < POLICY_TLSA_MAX; i++) {
		records[i] = (struct policy_tlsa){ .usage = USAGE_KEY,
			                           .selector = SELECTOR_KEY,
			                           .matching = MATCHING_SHA256,
			                           .len = DIGEST_LEN };
		memcpy(records[i].data, rule->pins[i], DIGEST_LEN);
		d->is_used[i] = true;
		d->used_count++;
	}
}

void policy_rule_decide(const struct policy_rule *rule, struct policy_decision *ret_decision,
                        struct policy_tlsa *ret_records, size_t *ret_count)
{
	struct policy_decision d = { .level = POLICY_VERIFY,
		                     .is_authenticated = true,
		                     .why = "the operator's route" };
	if (rule->is_plain) {
		d.level = POLICY_PLAIN;
		d.is_authenticated = false;
	} else if (rule->proof == POLICY_PROOF_PKIX) {
		d.needs_pkix = true;
	} else if (rule->proof == POLICY_PROOF_PIN) {
		d.needs_dane = true;
		pins_take(rule, &d, ret_records);
	} else {
		d.level = POLICY_ENCRYPT;
		d.is_authenticated = false;
	}
	*ret_count = d.used_count;
	*ret_decision = d;
}

bool policy_rule_is_for(const char *pattern, const char *domain)
{
	size_t len = strlen(domain), own = strlen(pattern);
	if (!strcmp(pattern, "*"))
		return true;
	if (pattern[0] == '.')
		return len > own && !strcasecmp(domain + len - own, pattern);
	return !strcasecmp(pattern, domain);
}

bool policy_rule_is_listed(char *const *patterns, size_t count, const char *domain)
{
	size_t i = 0;
	while (i < count && !policy_rule_is_for(patterns[i], domain))
		i++;
	return i < count;
}
