/* What answers of DNS say, as facts of a domain. Pure: who asks is check/discover.h. */
#ifndef CHECK_RECORDS_H
#define CHECK_RECORDS_H

#include "check/domain.h"

/* TXT records of _mta-sts. and _smtp._tls.; status and ttl_s are set too. */
void check_records_sts(struct check_txt *t, enum policy_dns status, struct slice packet);
void check_records_tlsrpt(struct check_txt *t, struct policy_tlsrpt_record *ret_record,
                          enum policy_dns status, struct slice packet);

/* A domain's, or host's, own CAA records; count 0: it has none, and its parent is to be asked
 * (RFC 8659 3). */
void check_records_caa(struct check_txt *t, enum policy_dns status, struct slice packet);

/* Those of the answer, the first by priority; *ret_count is 1 at least, max at most. The label is
 * set already. */
void check_records_srv(struct check_srv *srv, unsigned max, enum policy_dns status,
                       struct slice packet, unsigned *ret_count);

/* Of an answer to NSEC3PARAM; the most of what is said there. -1: no NSEC3. */
int check_records_nsec3(struct slice packet);

/* A null MX record stands beside others (RFC 7505 3). */
bool check_records_null_mx_is_not_alone(struct slice packet);

/* The least TTL of the records of a type; 0: there are none. */
uint32_t check_records_ttl_s(struct slice packet, enum dns_type type);

#endif
