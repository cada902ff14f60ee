/*
 * Finds the MTA-STS policy of a domain as it is published now (RFC 8461 3): the TXT record, then
 * the file. No memory: what was in force before is resolver/policies.h's to know.
 */
#ifndef ASK_STS_H
#define ASK_STS_H

#include "ask/fetch.h"
#include "ask/lookup.h"
#include "policy/way.h"

struct sts_result {
	bool is_unchanged; /* the record has known_id: nothing was fetched */
	struct slice text; /* of the file, if the policy is IN_FORCE */
};

struct sts_search;
/* The facts are as if nothing was in force before. The result is the search's; it may be freed from
 * inside. */
typedef void sts_fn(void *owner, const struct sts_result *result);

struct sts_settings {
	struct lookup *lookup;
	struct fetch *fetch;
	const char *domain;   /* dns_name_is_host() */
	const char *known_id; /* of a policy in force; NULL: none, or it is to be fetched anew */
	struct policy_sts_facts
		*facts; /* zeroed, to be filled in; the caller's as long as it lasts */
};

/* fn is called once, in a later turn, unless it is freed before. */
[[nodiscard]] int sts_search_new(struct sts_search **ret_search, const struct sts_settings *set,
                                 sts_fn *fn, void *owner);
void sts_search_free(struct sts_search *s);

#endif
