/* Lines of bans, as another node writes them into the store: what is taken from them says the same
 * when it is written and read again. */
#include "base/clean.h"
#include "edge/bans.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct edge_bans bans, again;
	CLEAN(buf_deinit) struct buf text = {}, same = {};
	edge_bans_read(&bans, slice_of(data, size));
	assert(!edge_bans_write(&text, &bans));
	edge_bans_read(&again, buf_slice(&text));
	assert(!edge_bans_write(&same, &again));
	assert(slice_equal(buf_slice(&text), buf_slice(&same)));
	assert(again.count == bans.count);
	return 0;
}
