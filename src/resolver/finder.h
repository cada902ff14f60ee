/*
 * The way to a domain and its MTA-STS policy, together: what one question of a worker, or of
 * `mailseal policy`, wants to know. Who asks for the same domain meanwhile shares the search.
 */
#ifndef RESOLVER_FINDER_H
#define RESOLVER_FINDER_H

#include "policy/way.h"

struct finder;
struct finder_wish;
struct io_loop;
struct lookup;
struct policies;

enum {
	FINDER_BUSY = 1,
	FINDER_SEARCHES_MAX = 1024, /* at a time, whoever wishes */
};

[[nodiscard]] int finder_new(struct finder **ret_f, struct io_loop *loop, struct lookup *lookup,
                             struct policies *policies);
/* Ends all searches; no wish may be left. */
void finder_free(struct finder *f);
/* Searches under way. */
size_t finder_open(const struct finder *f);

/* Both are borrowed; the wish may be freed from inside. */
typedef void finder_fn(void *owner, const struct policy_way *way,
                       const struct policy_sts_facts *sts);
/* domain: dns_name_is_host(). is_host: see way_new(); it has no MTA-STS policy. fn is called once,
 * in a later turn, unless the wish is freed. 0, FINDER_BUSY (it would be one search too many) or
 * -ENOMEM. */
[[nodiscard]] int finder_wish(struct finder_wish **ret_wish, struct finder *f, const char *domain,
                              bool is_host, finder_fn *fn, void *owner);
void finder_wish_free(struct finder_wish *w);

#endif
