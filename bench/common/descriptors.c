#include "common/descriptors.h"

#include <sys/resource.h>

size_t descriptors_raise(size_t wanted)
{
	struct rlimit limit = {}, more = { wanted, wanted };
	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_max < wanted && setrlimit(RLIMIT_NOFILE, &more) == 0)
		return wanted;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_max;
}
