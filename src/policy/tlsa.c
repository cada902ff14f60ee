#include "policy/tlsa.h"

#include <string.h>

enum { USAGE_TA = 2, USAGE_EE = 3 };
enum { SELECTOR_CERTIFICATE, SELECTOR_KEY };
enum { MATCHING_FULL, MATCHING_SHA256, MATCHING_SHA512 };

void policy_tlsa_take(struct policy_tlsa *ret_tlsa, const struct dns_record *record)
{
	struct dns_tlsa t;
	*ret_tlsa = (struct policy_tlsa){ .usage = UINT8_MAX };
	if (dns_tlsa_read(record, &t) || t.data.len > sizeof(ret_tlsa->data))
		return;
	*ret_tlsa = (struct policy_tlsa){ .usage = t.usage,
		                          .selector = t.selector,
		                          .matching = t.matching,
		                          .len = (uint16_t)t.data.len };
	memcpy(ret_tlsa->data, t.data.data, t.data.len);
}

const char *policy_tlsa_fault(const struct policy_tlsa *t)
{
	if (t->usage < USAGE_TA)
		return "usages 0 and 1 do not count for SMTP (RFC 7672 3.1.3)";
	if (t->usage > USAGE_EE)
		return "unknown usage";
	if (t->selector > SELECTOR_KEY)
		return "unknown selector";
	if (t->matching > MATCHING_SHA512)
		return "unknown matching type";
	if (t->matching == MATCHING_SHA256 && t->len != 32)
		return "a SHA-256 digest has 32 bytes";
	if (t->matching == MATCHING_SHA512 && t->len != 64)
		return "a SHA-512 digest has 64 bytes";
	if (!t->len)
		return "it has no data";
	return NULL;
}

/* A digest, and another record of the same kind has a stronger one. */
static bool is_outdone(const struct policy_tlsa *records, size_t count, const struct policy_tlsa *t)
{
	for (size_t i = 0; i < count && t->matching != MATCHING_FULL; i++)
		if (!policy_tlsa_fault(&records[i]) && records[i].usage == t->usage &&
		    records[i].selector == t->selector && records[i].matching > t->matching)
			return true;
	return false;
}

size_t policy_tlsa_choose(const struct policy_tlsa *records, size_t count, bool *is_used)
{
	size_t used = 0;
	for (size_t i = 0; i < count; i++) {
		is_used[i] =
			!policy_tlsa_fault(&records[i]) && !is_outdone(records, count, &records[i]);
		used += is_used[i];
	}
	return used;
}
