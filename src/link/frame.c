#include "link/frame.h"

#include "base/err.h"

enum { DIGITS_MAX = 5 }; /* of LINK_FRAME_MESSAGE_MAX */

int link_frame_read(struct slice input, struct slice *ret_message, size_t *ret_used)
{
	size_t len = 0, i = 0;
	for (; i < input.len && input.data[i] != ' '; i++) {
		uint8_t c = input.data[i];
		/* MSG-LEN = NONZERO-DIGIT *DIGIT */
		if (c < '0' || c > '9' || (i == 0 && c == '0') || i == DIGITS_MAX)
			return LINK_FRAME_BAD;
		len = len * 10 + (size_t)(c - '0');
	}
	if (len > LINK_FRAME_MESSAGE_MAX || (i < input.len && i == 0))
		return LINK_FRAME_BAD;
	if (i == input.len || input.len - i - 1 < len)
		return LINK_FRAME_MORE;
	*ret_message = slice_of(input.data + i + 1, len);
	*ret_used = i + 1 + len;
	return 0;
}

int link_frame_write(struct buf *out, struct slice message)
{
	struct slice cut = slice_head(message, LINK_FRAME_MESSAGE_MAX);
	int r = buf_printf(out, "%zu ", cut.len);
	return r ? err_up(r) : err_up(buf_add(out, cut));
}
