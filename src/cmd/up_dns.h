/* What is published of the domains that a plan is about, looked up. */
#ifndef CMD_UP_DNS_H
#define CMD_UP_DNS_H

#include "ask/lookup.h"
#include "up/published.h"

struct up_dns {
	const struct lookup_settings *lookup;
	const char *ca_file; /* CAs beside the system's; NULL: none */
};

/* Adds to the plan's refusals and notes; a lookup that fails is a refusal. 0, or a negative that
 * was told. */
[[nodiscard]] int up_dns_check(struct up_plan *plan, struct servers *servers,
                               const struct up_domains *domains, const struct up_dns *dns);

#endif
