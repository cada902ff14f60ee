#include "conv/line.h"

int conv_line_take(struct slice input, size_t max, struct slice *ret_line, size_t *ret_used)
{
	*ret_used = 0;
	struct slice within = slice_head(input, max);
	size_t lf = slice_find(within, '\n');
	/* A CR is bare as soon as the byte behind it is there and is no LF. */
	size_t cr = slice_find(slice_head(within, lf), '\r');
	if (lf == within.len) {
		if (cr + 1 < within.len) {
			*ret_used = within.len;
			return CONV_LINE_BARE;
		}
		return input.len >= max ? CONV_LINE_TOO_LONG : CONV_LINE_MORE;
	}
	*ret_used = lf + 1;
	if (lf == 0 || cr != lf - 1)
		return CONV_LINE_BARE;
	*ret_line = slice_head(input, lf - 1);
	return 0;
}

struct slice conv_line_word(struct slice *line)
{
	struct slice word = slice_head(*line, slice_find(*line, ' '));
	*line = slice_skip(*line, word.len);
	while (line->len && line->data[0] == ' ')
		*line = slice_skip(*line, 1);
	return word;
}

bool conv_line_has_controls(struct slice line)
{
	for (size_t i = 0; i < line.len; i++)
		if (line.data[i] < 0x20 || line.data[i] == 0x7f)
			return true;
	return false;
}
