/*
 * Finds the MTA-STS policy of a domain as it is published now (RFC 8461 3): the TXT record, then
 * the file. No cache: what was in force before is somebody else's to know.
 */
#ifndef RESOLVER_STS_H
#define RESOLVER_STS_H

#include "policy/way.h"
#include "resolver/fetch.h"
#include "resolver/lookup.h"

struct sts_search;
/* facts are the search's; it may be freed from inside. */
typedef void sts_fn(void *owner, const struct policy_sts_facts *facts);

/* domain: dns_name_is_host(). fn is called once, in a later turn, unless it is freed before. */
[[nodiscard]] int sts_search_new(struct sts_search **ret_search, struct lookup *lookup,
                                 struct fetch *fetch, const char *domain, sts_fn *fn, void *owner);
void sts_search_free(struct sts_search *s);

#endif
