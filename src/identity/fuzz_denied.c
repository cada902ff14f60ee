/* What was read is written, and reads the same again. */
#include "base/clean.h"
#include "identity/denied.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN(identity_denied_deinit) struct identity_denied first = {};
	CLEAN(identity_denied_deinit) struct identity_denied again = {};
	CLEAN(buf_deinit) struct buf text = {};
	unsigned line;
	if (identity_denied_read(&first, slice_of(data, size), &line))
		return 0;
	if (identity_denied_write(&first, -1, &text))
		return 0;
	assert(identity_denied_read(&again, buf_slice(&text), &line) == 0);
	assert(again.count == first.count);
	for (size_t i = 0; i < first.count; i++)
		assert(identity_denied_has(&again, first.list[i].serial));
	return 0;
}
