#include "link/word.h"

#include "base/err.h"

#include <stdio.h>

enum { REACHED = 1, NOT_REACHED = 2, HEAD_LEN = 2 };

int link_word_read(struct slice input, struct link_word *ret_word, size_t *ret_used)
{
	struct link_word word = {};
	if (!input.len)
		return LINK_WORD_MORE;
	if (input.data[0] == REACHED) {
		word.is_reached = true;
		*ret_word = word;
		*ret_used = 1;
		return 0;
	}
	if (input.data[0] != NOT_REACHED)
		return LINK_WORD_BAD;
	if (input.len < HEAD_LEN || input.len - HEAD_LEN < input.data[1])
		return LINK_WORD_MORE;
	slice_to_text(slice_of(input.data + HEAD_LEN, input.data[1]), word.why, sizeof(word.why));
	*ret_used = HEAD_LEN + (size_t)input.data[1];
	*ret_word = word;
	return 0;
}

int link_word_write(struct buf *out, const struct link_word *word)
{
	static const uint8_t reached = REACHED;
	if (word->is_reached)
		return err_up(buf_add(out, slice_of(&reached, 1)));
	size_t len = strlen(word->why);
	const uint8_t head[HEAD_LEN] = { NOT_REACHED, (uint8_t)len };
	int r = buf_add(out, slice_of(head, sizeof(head)));
	return r ? err_up(r) : err_up(buf_add(out, slice_of(word->why, len)));
}
