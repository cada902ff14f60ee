#include "policy/way.h"

void policy_way_domain(struct policy_domain *ret_domain, const struct policy_way *way,
                       const struct policy_sts_facts *sts)
{
	*ret_domain = (struct policy_domain){
		.name = way->domain,
		.mx = way->mx,
		.sts = sts->state == POLICY_STS_IN_FORCE ? &sts->policy : NULL,
		.sts_is_lost = sts->state == POLICY_STS_LOST,
	};
}
