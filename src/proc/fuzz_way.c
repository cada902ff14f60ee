/* A way as a resolver that was taken over might send it. What is taken packs to the same bytes. */
#include "base/clean.h"
#include "proc/way.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN(proc_way_freep) struct proc_way *w = NULL;
	CLEAN(buf_deinit) struct buf again = {};
	struct proc_unpacker u = proc_unpacker_over(slice_of(data, size));
	if (proc_way_unpack(&u, &w))
		return 0;
	struct proc_packer p = proc_packer_onto(&again);
	proc_way_pack(&p, &w->way, &w->sts, NULL);
	assert(slice_equal(proc_packed(&p), slice_of(data, size)));
	return 0;
}
