#include "relay/socketmap.h"

#include "base/clean.h"
#include "base/err.h"

static const char *const words[] = {
	[SOCKETMAP_OK] = "OK ",
	[SOCKETMAP_NOTFOUND] = "NOTFOUND ",
	[SOCKETMAP_TEMP] = "TEMP ",
	[SOCKETMAP_PERM] = "PERM ",
};
_Static_assert(COUNT_OF(words) == SOCKETMAP_RESULT_COUNT, "a result without its word");

/* "5:" at the front: its number, and what is behind it. */
static int length_take(struct slice input, size_t *ret_len, size_t *ret_used)
{
	size_t len = 0, at = 0;
	for (; at < input.len && input.data[at] >= '0' && input.data[at] <= '9'; at++) {
		len = len * 10 + (size_t)(input.data[at] - '0');
		if (len > SOCKETMAP_QUESTION_MAX || (at && input.data[0] == '0'))
			return SOCKETMAP_BROKEN;
	}
	if (at == input.len)
		return SOCKETMAP_MORE;
	if (!at || input.data[at] != ':')
		return SOCKETMAP_BROKEN;
	*ret_len = len;
	*ret_used = at + 1;
	return 0;
}

int socketmap_take(struct slice input, struct socketmap_question *ret_question, size_t *ret_used)
{
	size_t len, head;
	int r = length_take(input, &len, &head);
	if (r)
		return r;
	if (input.len < head + len + 1)
		return SOCKETMAP_MORE;
	struct slice whole = slice_head(slice_skip(input, head), len);
	size_t space = slice_find(whole, ' ');
	if (input.data[head + len] != ',' || space == whole.len)
		return SOCKETMAP_BROKEN;
	ret_question->name = slice_head(whole, space);
	ret_question->key = slice_skip(whole, space + 1);
	*ret_used = head + len + 1;
	return 0;
}

int socketmap_write(struct buf *out, enum socketmap_result result, struct slice text)
{
	struct slice word = slice_str(words[result]);
	text = slice_head(text, SOCKETMAP_ANSWER_MAX - word.len);
	int r = buf_printf(out, "%zu:", word.len + text.len);
	if (!r)
		r = buf_add(out, word);
	if (!r)
		r = buf_add(out, text);
	if (!r)
		r = buf_add_str(out, ",");
	return err_up(r);
}
