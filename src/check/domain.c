#include "check/domain.h"

void check_domain_deinit(struct check_domain *d)
{
	if (d)
		policy_way_deinit(&d->way);
}
