/* The MTA-STS policy of a domain as whoever writes its DNS records has to know it: that which site
 * serves, or would serve. Pure. */
#ifndef PUBLISH_PLANNED_H
#define PUBLISH_PLANNED_H

#include "publish/records.h"

/* Fills in policy, policy_id and policy_source; the MX records are there. 0 or -ENOMEM. */
[[nodiscard]] int publish_planned(struct publish_records *records, const struct publish_with *with);

#endif
