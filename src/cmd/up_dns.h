/* What is published of the domains that a plan is about, looked up. */
#ifndef CMD_UP_DNS_H
#define CMD_UP_DNS_H

#include "up/published.h"

struct dns_options;

/* dns: settled. Adds to the plan's refusals and notes; a lookup that fails is a refusal. 0, or a
 * negative that was told. */
[[nodiscard]] int up_dns_check(struct up_plan *plan, struct servers *servers,
                               const struct up_domains *domains, const struct dns_options *dns);

#endif
