/* A file of a rollover: what is read can be written, and reads the same. */
#include "rollover/rollover.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rollover r = {}, again = {};
	struct buf text = {};
	if (rollover_read(&r, slice_of(data, size)))
		return 0;
	assert(r.state < ROLLOVER_STATE_COUNT && r.watched_s >= 0);
	assert(!rollover_write(&text, &r));
	assert(!rollover_read(&again, buf_slice(&text)));
	assert(again.state == r.state && again.watched_s == r.watched_s && again.ttl_s == r.ttl_s);
	assert(rollover_wait_s(&r) >= 0);
	buf_deinit(&text);
	return 0;
}
