/* Addresses as a resolver that was taken over might send them. What is taken packs to the same. */
#include "base/clean.h"
#include "proc/host.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN(buf_deinit) struct buf again = {};
	struct policy_host_answer host;
	struct proc_unpacker u = proc_unpacker_over(slice_of(data, size));
	if (!proc_host_unpack(&u, &host))
		return 0;
	struct proc_packer p = proc_packer_onto(&again);
	proc_host_pack(&p, &host);
	assert(slice_equal(proc_packed(&p), slice_of(data, size)));
	return 0;
}
