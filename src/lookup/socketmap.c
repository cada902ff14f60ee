#include "lookup/socketmap.h"

#include "base/clean.h"
#include "base/err.h"

static const char *const words[] = {
	[SOCKETMAP_OK] = "OK ",     [SOCKETMAP_NOTFOUND] = "NOTFOUND ",
	[SOCKETMAP_TEMP] = "TEMP ", [SOCKETMAP_TIMEOUT] = "TIMEOUT ",
	[SOCKETMAP_PERM] = "PERM ",
};
_Static_assert(COUNT_OF(words) == SOCKETMAP_RESULT_COUNT, "a result without its word");

/* "5:" at the front: its number, and what is behind it. */
static int length_take(struct slice input, size_t max, size_t *ret_len, size_t *ret_used)
{
	size_t len = 0, at = 0;
	for (; at < input.len && input.data[at] >= '0' && input.data[at] <= '9'; at++) {
		len = len * 10 + (size_t)(input.data[at] - '0');
		if (len > max || (at && input.data[0] == '0'))
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

/* A whole netstring: what is in it. */
static int netstring_take(struct slice input, size_t max, struct slice *ret_whole, size_t *ret_used)
{
	size_t len, head;
	int r = length_take(input, max, &len, &head);
	if (r)
		return r;
	if (input.len < head + len + 1)
		return SOCKETMAP_MORE;
	if (input.data[head + len] != ',')
		return SOCKETMAP_BROKEN;
	*ret_whole = slice_head(slice_skip(input, head), len);
	*ret_used = head + len + 1;
	return 0;
}

int socketmap_take(struct slice input, struct socketmap_question *ret_question, size_t *ret_used)
{
	struct slice whole;
	size_t used;
	int r = netstring_take(input, SOCKETMAP_QUESTION_MAX, &whole, &used);
	if (r)
		return r;
	size_t space = slice_find(whole, ' ');
	if (space == whole.len)
		return SOCKETMAP_BROKEN;
	ret_question->name = slice_head(whole, space);
	ret_question->key = slice_skip(whole, space + 1);
	*ret_used = used;
	return 0;
}

int socketmap_answer_take(struct slice input, enum socketmap_result *ret_result,
                          struct slice *ret_text, size_t *ret_used)
{
	struct slice whole;
	size_t used;
	int r = netstring_take(input, SOCKETMAP_ANSWER_MAX, &whole, &used);
	if (r)
		return r;
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		struct slice word = slice_str(words[i]);
		/* Some leave the space out where no text follows. */
		struct slice bare = slice_head(word, word.len - 1);
		bool is_bare = slice_equal(whole, bare);
		if (!is_bare && !slice_equal(slice_head(whole, word.len), word))
			continue;
		*ret_result = (enum socketmap_result)i;
		*ret_text = slice_skip(whole, is_bare ? bare.len : word.len);
		*ret_used = used;
		return 0;
	}
	return SOCKETMAP_BROKEN;
}

int socketmap_ask(struct buf *out, const char *name, struct slice key)
{
	int r = buf_printf(out, "%zu:%s ", strlen(name) + 1 + key.len, name);
	if (!r)
		r = buf_add(out, key);
	return r ? err_up(r) : err_up(buf_add_str(out, ","));
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
