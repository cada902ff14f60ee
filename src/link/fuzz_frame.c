#include "link/frame.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_of(data, size), message;
	size_t used = 0;
	int r = 0;
	while (rest.len && (r = link_frame_read(rest, &message, &used)) == 0) {
		assert(used <= rest.len && message.len && message.len < used);
		assert(message.data + message.len == rest.data + used);
		/* Fed byte by byte it says MORE until it is whole. */
		for (size_t part = 0; part < used && used < 64; part++)
			assert(link_frame_read(slice_head(rest, part), &message, &used) ==
			       LINK_FRAME_MORE);
		rest = slice_skip(rest, used);
	}
	assert(r == 0 || r == LINK_FRAME_BAD ||
	       rest.len < LINK_FRAME_MESSAGE_MAX + 6); /* a MORE that ends */
	return 0;
}
