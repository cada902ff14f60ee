/* What was served, as a file says: read, written and read again it is the same. */
#include "base/clean.h"
#include "publish/served.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN(publish_history_deinit) struct publish_history h = {}, again = {};
	CLEAN(buf_deinit) struct buf text = {}, second = {};
	if (publish_history_read(&h, slice_of(data, size)))
		return 0;
	if (publish_history_write(&h, &text) || publish_history_read(&again, buf_slice(&text)) ||
	    publish_history_write(&again, &second))
		assert(!"what was written cannot be read");
	assert(slice_equal(buf_slice(&text), buf_slice(&second)));
	for (size_t i = 0; i < h.count; i++) {
		CLEAN(buf_deinit) struct buf policy = {};
		static struct policy_sts parsed;
		const char *why;
		assert(publish_history_find(&h, h.items[i].domain) == &h.items[i]);
		assert(!publish_served_text(&h.items[i], &policy));
		assert(!policy_sts_parse(buf_slice(&policy), &parsed, &why));
	}
	return 0;
}
