/*
 * What a domain has published of its mail exchangers (TLSA records, an MTA-STS policy), against the
 * certificates that mailseal is to show in their place: what would not match is refused, for mail
 * would stop coming. Pure.
 */
#ifndef UP_PUBLISHED_H
#define UP_PUBLISHED_H

#include "policy/way.h"
#include "up/plan.h"

#include <time.h>

enum { UP_DOMAINS_MAX = 64 };

struct up_domains {
	const char *names[UP_DOMAINS_MAX]; /* dns_name_is_host() */
	size_t count;
};

/* Those that the servers take mail for, as far as they are written down; tables are noted. 0 or
 * -ENOMEM. */
[[nodiscard]] int up_domains_find(struct up_domains *ret_domains, struct up_plan *plan,
                                  struct servers *servers);
/* One more, once; in any script. False: it is no name of a host, or there is no room (or memory).
 */
bool up_domains_add(struct up_domains *domains, struct servers *servers, struct slice name);

struct up_published {
	struct servers *texts;
	const struct buf *chains;     /* PEM, one for each certificate of the plan */
	struct slice ca_pem;          /* of the public CAs */
	const char *const *addresses; /* of this host */
	size_t address_count;
	time_t now;
};

/* Adds to the plan's refusals and notes. 0 or -ENOMEM. */
[[nodiscard]] int up_published_check(struct up_plan *plan, const struct up_published *with,
                                     const struct policy_way *way,
                                     const struct policy_sts_facts *sts);

#endif
