/* Asks DNS for the way to a domain (policy/way.h). */
#ifndef RESOLVER_WAY_H
#define RESOLVER_WAY_H

#include "policy/way.h"
#include "resolver/lookup.h"

struct way;
/* facts are way's; it may be freed from inside. */
typedef void way_fn(void *owner, const struct policy_way *facts);

/* domain: dns_name_is_host(). fn is called once, in a later turn, unless it is freed before. */
[[nodiscard]] int way_new(struct way **ret_way, struct lookup *lookup, const char *domain,
                          way_fn *fn, void *owner);
void way_free(struct way *w);

#endif
