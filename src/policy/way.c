#include "policy/way.h"

#include <stdlib.h>
#include <strings.h>

void policy_way_deinit(struct policy_way *way)
{
	for (size_t i = 0; i < way->host_count; i++)
		free(way->hosts[i].tlsa);
	free(way->hosts);
	way->hosts = NULL;
	way->host_count = 0;
}

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

unsigned policy_way_own_preference(const struct policy_way *way, const char *hostname)
{
	unsigned own = UINT32_MAX;
	for (size_t i = 0; i < way->host_count; i++)
		if (!strcasecmp(way->hosts[i].name, hostname) && way->hosts[i].preference < own)
			own = way->hosts[i].preference;
	return own;
}

bool policy_way_loops(const struct policy_way *way, unsigned own)
{
	return way->host_count && way->hosts[0].preference >= own;
}
