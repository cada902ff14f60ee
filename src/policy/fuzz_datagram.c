/* Any bytes as a datagram. What is taken is within all limits. */
#include "base/clean.h"
#include "policy/datagram.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN(policy_datagram_deinit) struct policy_datagram d;
	const char *why;
	int r = policy_datagram_parse(&d, slice_of(data, size), &why);
	assert(!r == !why);
	assert(r || policy_outcome_is_fine(&d.outcome));
	return 0;
}
