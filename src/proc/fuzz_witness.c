/* A sight, or an alarm, as a process that was taken over might send it. What is taken packs to the
 * same. */
#include "base/clean.h"
#include "proc/alarm.h"
#include "proc/witness.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN(buf_deinit) struct buf again = {};
	struct proc_witness_sight sight;
	struct proc_alarm alarm;
	struct slice input = slice_of(data, size);
	struct proc_packer p = proc_packer_onto(&again);
	if (proc_witness_sight_unpack(input, &sight)) {
		proc_witness_sight_pack(&p, &sight);
		assert(slice_equal(proc_packed(&p), input));
	}
	p = proc_packer_onto(&again);
	if (proc_alarm_unpack(input, &alarm)) {
		proc_alarm_pack(&p, &alarm);
		assert(slice_equal(proc_packed(&p), input));
	}
	return 0;
}
