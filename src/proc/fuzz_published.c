/* What witness saw of strangers' servers: unpacked or refused. */
#include "proc/published.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proc_published published = {};
	if (!proc_published_unpack(slice_of(data, size), &published))
		return 0;
	assert(strlen(published.domain) < sizeof(published.domain));
	assert(strlen(published.why) < sizeof(published.why));
	assert(published.text.len <= size);
	return 0;
}
