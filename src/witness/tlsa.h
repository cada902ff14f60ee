/*
 * The TLSA records of a port (RFC 6698 3), as far as DNSSEC vouches for them, and the addresses of
 * a host: questions to DNS, each asked once a look.
 */
#ifndef WITNESS_TLSA_H
#define WITNESS_TLSA_H

#include "ask/lookup.h"
#include "policy/tlsa.h"
#include "proc/witness.h"
#include "tls/proof.h"

struct witness_tlsa {
	enum proc_witness_tlsa state; /* COVERS is never said here: NONE, MISSES (there are some
	                                 that count) or UNKNOWN */
	struct policy_tlsa records[POLICY_TLSA_MAX];
	bool is_used[POLICY_TLSA_MAX];
	size_t count;
};

/* From the answer to such a question. */
void witness_tlsa_read(struct witness_tlsa *ret_tlsa, const struct lookup_answer *answer);
/* Those that count, for tls/proof.h; borrowed. ret_records: POLICY_TLSA_MAX. Returns how many. */
size_t witness_tlsa_records(const struct witness_tlsa *tlsa, struct tls_record *ret_records);

/*
 * Has an answer the record "3 1 1" with this digest? ret_ttl_s: the largest of the TLSA records;
 * ret_owner (DNS_NAME_CAP): whose they are, the end of a CNAME chain. Both as far as there are any.
 */
bool witness_tlsa_has_key(struct slice packet, const uint8_t *spki, uint32_t *ret_ttl_s,
                          char *ret_owner);

/* "_993._tcp.imap.example.org" */
void witness_tlsa_name(const char *host, uint16_t port, char *ret_name, size_t cap);

/* Addresses of an answer to A or AAAA, behind those that are there. Returns how many there are. */
size_t witness_addresses_read(const struct lookup_answer *answer,
                              char (*addresses)[DNS_ADDRESS_CAP], size_t count, size_t max);

#endif
