/* Asks DNS for the way to a domain (policy/way.h). */
#ifndef ASK_WAY_H
#define ASK_WAY_H

#include "ask/lookup.h"
#include "policy/way.h"

struct way;
/* facts are way's; it may be freed from inside. */
typedef void way_fn(void *owner, const struct policy_way *facts);

/*
 * fn is called once, in a later turn, unless it is freed before.
 *
 * domain:  dns_name_is_host()
 * is_host: it is a host that the operator named: no MX is asked for, and the name counts as vouched
 *          for (RFC 7672 2.2.1)
 */
[[nodiscard]] int way_new(struct way **ret_way, struct lookup *lookup, const char *domain,
                          bool is_host, way_fn *fn, void *owner);
void way_free(struct way *w);

/* Waits no longer: what is not known yet counts as no answer in time. fn is called from inside,
 * unless it was before. */
void way_hurry(struct way *w);
/* Once fn was called: its facts are the caller's from now on, to be policy_way_deinit()ed. */
void way_take(struct way *w, struct policy_way *ret_facts);

#endif
