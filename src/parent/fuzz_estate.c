/* What can be read is written and read again as the same. */
#include "parent/estate.h"

#include "base/clean.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN(buf_deinit) struct buf once = {};
	CLEAN(buf_deinit) struct buf twice = {};
	struct estate e;
	if (estate_read(&e, slice_of(data, size)))
		return 0;
	int r = estate_write(&e, &once);
	estate_deinit(&e);
	if (r)
		return 0;
	r = estate_read(&e, buf_slice(&once));
	assert(r == 0);
	r = estate_write(&e, &twice);
	assert(r || slice_equal(buf_slice(&once), buf_slice(&twice)));
	estate_deinit(&e);
	return 0;
}
