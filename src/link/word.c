#include "link/word.h"

#include "base/err.h"

#include <stdio.h>

enum { REACHED = 1, NOT_REACHED = 2, HEAD_LEN = 2 };

/* It goes into a log: of our own host, but all the same. */
static void why_take(struct slice text, char ret_why[LINK_WORD_WHY_CAP])
{
	size_t n = 0;
	for (size_t i = 0; i < text.len && n < LINK_WORD_WHY_CAP - 1; i++)
		ret_why[n++] =
			(char)(text.data[i] >= ' ' && text.data[i] < 0x7f ? text.data[i] : '?');
	ret_why[n] = '\0';
}

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
	why_take(slice_of(input.data + HEAD_LEN, input.data[1]), word.why);
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
