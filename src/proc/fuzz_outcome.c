/* An outcome as a worker that was taken over might send it. What is taken packs to the same. */
#include "base/clean.h"
#include "proc/outcome.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN(buf_deinit) struct buf again = {};
	struct policy_outcome outcome;
	struct proc_unpacker u = proc_unpacker_over(slice_of(data, size));
	if (!proc_outcome_unpack(&u, &outcome))
		return 0;
	struct proc_packer p = proc_packer_onto(&again);
	proc_outcome_pack(&p, &outcome);
	assert(slice_equal(proc_packed(&p), slice_of(data, size)));
	return 0;
}
