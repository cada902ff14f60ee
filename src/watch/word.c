#include "watch/word.h"

enum watch_fit watch_word_fit(struct slice text, const char *const *beginnings)
{
	enum watch_fit best = WATCH_FIT_NO;
	for (; *beginnings; beginnings++) {
		size_t len = strlen(*beginnings);
		if (slice_starts_nocase(text, *beginnings))
			return WATCH_FIT_YES;
		if (text.len < len && slice_equal_nocase(text, slice_of(*beginnings, text.len)))
			best = WATCH_FIT_MORE;
	}
	return best;
}

bool watch_word_begins(struct slice text, const char *const *beginnings)
{
	return watch_word_fit(text, beginnings) == WATCH_FIT_YES;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

struct slice watch_word_take(struct slice *rest)
{
	size_t at = 0, end;
	while (at < rest->len && is_blank(rest->data[at]))
		at++;
	for (end = at; end < rest->len && !is_blank(rest->data[end]);)
		end++;
	struct slice word = slice_head(slice_skip(*rest, at), end - at);
	*rest = slice_skip(*rest, end);
	return word;
}

bool watch_word_is(struct slice word, const char *text)
{
	return slice_equal_nocase(word, slice_str(text));
}

bool watch_word_in(struct slice s, const char *text)
{
	for (; s.len; s = slice_skip(s, 1))
		if (slice_starts_nocase(s, text))
			return true;
	return false;
}

bool watch_word_number(struct slice s, uint32_t *ret_number)
{
	uint64_t number = 0;
	if (!s.len || s.len > 10)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] < '0' || s.data[i] > '9')
			return false;
		number = number * 10 + (uint64_t)(s.data[i] - '0');
	}
	if (number > UINT32_MAX)
		return false;
	*ret_number = (uint32_t)number;
	return true;
}

bool watch_word_literal(struct slice line, uint32_t *ret_len)
{
	if (line.len < 3 || line.data[line.len - 1] != '}')
		return false;
	size_t end = line.len - 1, at = end;
	if (line.data[end - 1] == '+' || line.data[end - 1] == '-')
		end--;
	while (at && line.data[at - 1] != '{')
		at--;
	return at && at < end &&
	       watch_word_number(slice_head(slice_skip(line, at), end - at), ret_len);
}

/* Up to the closing quote; a backslash takes the next byte with it. */
static bool quoted_take(struct slice *rest, struct slice *ret_text)
{
	for (size_t i = 1; i < rest->len; i++) {
		if (rest->data[i] == '\\') {
			i++;
		} else if (rest->data[i] == '"') {
			*ret_text = slice_head(slice_skip(*rest, 1), i - 1);
			*rest = slice_skip(*rest, i + 1);
			return true;
		}
	}
	return false;
}

bool watch_word_string(struct slice *rest, struct slice *ret_text)
{
	while (rest->len && is_blank(rest->data[0]))
		*rest = slice_skip(*rest, 1);
	if (!rest->len || rest->data[0] == '{')
		return false;
	if (rest->data[0] == '"')
		return quoted_take(rest, ret_text);
	*ret_text = watch_word_take(rest);
	return true;
}

struct slice watch_word_line(struct slice text)
{
	size_t end = slice_find(text, '\n');
	if (end == text.len)
		return (struct slice){};
	return slice_head(text, end && text.data[end - 1] == '\r' ? end - 1 : end);
}

enum watch_fit watch_word_answer(struct slice server, const char *first_bytes)
{
	if (!server.len)
		return WATCH_FIT_MORE;
	return strchr(first_bytes, server.data[0]) && server.data[0] ? WATCH_FIT_YES : WATCH_FIT_NO;
}

bool watch_word_is_text(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((s.data[i] < ' ' && s.data[i] != '\t') || s.data[i] == 0x7f)
			return false;
	return true;
}
