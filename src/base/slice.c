#include "base/slice.h"

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

bool slice_equal(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool slice_equal_nocase(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (lower(a.data[i]) != lower(b.data[i]))
			return false;
	return true;
}

bool slice_starts_nocase(struct slice s, const char *prefix)
{
	size_t len = strlen(prefix);
	return s.len >= len && slice_equal_nocase(slice_head(s, len), slice_of(prefix, len));
}

struct slice slice_trim(struct slice s)
{
	while (s.len && (s.data[0] == ' ' || s.data[0] == '\t'))
		s = slice_skip(s, 1);
	while (s.len && (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t'))
		s.len--;
	return s;
}

bool slice_line_next(struct slice *text, struct slice *ret_line)
{
	if (!text->len)
		return false;
	*ret_line = slice_head(*text, slice_find(*text, '\n'));
	*text = slice_skip(*text, ret_line->len + 1);
	return true;
}

void slice_to_text(struct slice s, char *ret_text, size_t cap)
{
	size_t n = s.len < cap - 1 ? s.len : cap - 1;
	for (size_t i = 0; i < n; i++)
		ret_text[i] = slice_byte_shown(s.data[i]);
	ret_text[n] = '\0';
}
