#include "witness/tlsa.h"

#include "base/clean.h"

#include <stdio.h>

void witness_tlsa_name(const char *host, uint16_t port, char *ret_name, size_t cap)
{
	snprintf(ret_name, cap, "_%u._tcp.%s", port, host);
}

static void records_take(struct witness_tlsa *tlsa, struct slice packet)
{
	struct dns_message m;
	struct dns_record r;
	if (dns_message_open(&m, packet))
		return;
	while (tlsa->count < POLICY_TLSA_MAX && !dns_message_next(&m, &r))
		if (r.type == DNS_TLSA)
			policy_tlsa_take(&tlsa->records[tlsa->count++], &r);
}

void witness_tlsa_read(struct witness_tlsa *ret_tlsa, const struct lookup_answer *answer)
{
	*ret_tlsa = (struct witness_tlsa){ .state = PROC_WITNESS_TLSA_NONE };
	if (policy_dns_is_lost(answer->status))
		ret_tlsa->state = PROC_WITNESS_TLSA_UNKNOWN;
	if (answer->status != POLICY_DNS_SECURE) /* what nobody vouches for is none: RFC 7671 3 */
		return;
	records_take(ret_tlsa, answer->packet);
	if (policy_tlsa_choose(ret_tlsa->records, ret_tlsa->count, ret_tlsa->is_used))
		ret_tlsa->state = PROC_WITNESS_TLSA_MISSES;
}

size_t witness_tlsa_records(const struct witness_tlsa *tlsa, struct tls_record *ret_records)
{
	size_t count = 0;
	for (size_t i = 0; i < tlsa->count; i++) {
		const struct policy_tlsa *t = &tlsa->records[i];
		if (tlsa->is_used[i])
			ret_records[count++] =
				(struct tls_record){ .usage = t->usage,
				                     .selector = t->selector,
				                     .matching = t->matching,
				                     .data = slice_of(t->data, t->len) };
	}
	return count;
}

static bool is_of_key(const struct dns_record *r, const uint8_t *spki)
{
	enum { DANE_EE = 3, SPKI = 1, SHA2_256 = 1, DIGEST_LEN = 32 };
	struct dns_tlsa t;
	return !dns_tlsa_read(r, &t) && t.usage == DANE_EE && t.selector == SPKI &&
	       t.matching == SHA2_256 && slice_equal(t.data, slice_of(spki, DIGEST_LEN));
}

bool witness_tlsa_has_key(struct slice packet, const uint8_t *spki, uint32_t *ret_ttl_s,
                          char *ret_owner)
{
	struct dns_message m;
	struct dns_record r;
	bool has_key = false;
	if (dns_message_open(&m, packet))
		return false;
	while (!dns_message_next(&m, &r)) {
		if (r.type != DNS_TLSA)
			continue;
		has_key |= is_of_key(&r, spki);
		if (r.ttl_s > *ret_ttl_s)
			*ret_ttl_s = r.ttl_s;
		snprintf(ret_owner, DNS_NAME_CAP, "%s", r.name);
	}
	return has_key;
}

size_t witness_addresses_read(const struct lookup_answer *answer,
                              char (*addresses)[DNS_ADDRESS_CAP], size_t count, size_t max)
{
	struct dns_message m;
	struct dns_record r;
	if (policy_dns_is_lost(answer->status) || dns_message_open(&m, answer->packet))
		return count;
	while (count < max && !dns_message_next(&m, &r))
		if ((r.type == DNS_A || r.type == DNS_AAAA) &&
		    !dns_address_read(&r, addresses[count]))
			count++;
	return count;
}
