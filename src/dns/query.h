/*
 * A question to a resolver that validates, asked for its verdict: RD, AD (RFC 6840 5.7) and EDNS
 * (RFC 6891), without CD and DO. Pure.
 */
#ifndef DNS_QUERY_H
#define DNS_QUERY_H

#include "dns/message.h"

enum { DNS_QUERY_MAX = 12 + 255 + 4 + 11 };
enum { DNS_TRUNCATED = 3 }; /* beside DNS_BAD and DNS_END */

/* name: text without the final dot. 0, or DNS_BAD: DNS has no such name. */
[[nodiscard]] int dns_query_write(uint8_t ret_query[DNS_QUERY_MAX], size_t *ret_len, uint16_t id,
                                  const char *name, enum dns_type type);
/* The same for a server of the zone itself, which is asked for what it has: without RD and AD. */
void dns_query_undirect(uint8_t query[DNS_QUERY_MAX]);
/* Does packet answer that very question? 0, DNS_BAD (no), DNS_TRUNCATED (ask over TCP, RFC 7766 5).
 */
[[nodiscard]] int dns_query_match(struct slice query, struct slice packet);

#endif
