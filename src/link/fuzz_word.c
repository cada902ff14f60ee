#include "link/word.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_of(data, size);
	struct link_word word, part;
	size_t used = 0, part_used = 0;
	if (link_word_read(input, &word, &used))
		return 0;
	assert(used && used <= size && strlen(word.why) < sizeof(word.why));
	assert(!word.is_reached || !word.why[0]);
	for (size_t i = 0; word.why[i]; i++)
		assert(word.why[i] >= ' ' && word.why[i] < 0x7f);
	for (size_t n = 0; n < used; n++)
		assert(link_word_read(slice_head(input, n), &part, &part_used) == LINK_WORD_MORE);
	return 0;
}
