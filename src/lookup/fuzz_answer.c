/* Whatever a socketmap server answers, whole and byte by byte: the same answers. */
#include "lookup/socketmap.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_of(data, size), text, again_text;
	enum socketmap_result result, again;
	size_t used = 0, again_used = 0;
	int r;
	while (!(r = socketmap_answer_take(input, &result, &text, &used))) {
		assert(used && used <= input.len && text.len < used);
		for (size_t len = 0; len < used; len++)
			assert(socketmap_answer_take(slice_head(input, len), &again, &again_text,
			                             &again_used) == SOCKETMAP_MORE);
		input = slice_skip(input, used);
	}
	assert(r == SOCKETMAP_MORE || r == SOCKETMAP_BROKEN);
	return 0;
}
