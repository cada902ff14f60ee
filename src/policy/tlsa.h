/*
 * Which TLSA records count for SMTP (RFC 7672 3.1, RFC 7671): usages 2 and 3, and of each usage
 * and selector the strongest digest alone (RFC 7671 9). Pure. Whether a certificate matches is
 * tls/'s to see.
 */
#ifndef POLICY_TLSA_H
#define POLICY_TLSA_H

#include "base/slice.h"
#include "dns/message.h"

enum { POLICY_TLSA_DATA_MAX = 1024, POLICY_TLSA_MAX = 32 };

struct policy_tlsa {
	uint8_t usage, selector, matching;
	uint16_t len;
	uint8_t data[POLICY_TLSA_DATA_MAX];
};

/* What cannot be read, or is too long to be a key, is a record all the same: an unusable one
 * (RFC 7672 2.2). */
void policy_tlsa_take(struct policy_tlsa *ret_tlsa, const struct dns_record *record);

/* Why a record does not count, in words; NULL if it does. Digest agility is not asked here. */
const char *policy_tlsa_fault(const struct policy_tlsa *t);

/*
 * Marks those that a certificate is compared with. is_used: count of them. Returns how many;
 * 0 of some means all-unusable: TLS without authentication, but never none (RFC 7672 2.2).
 */
size_t policy_tlsa_choose(const struct policy_tlsa *records, size_t count, bool *is_used);

#endif
