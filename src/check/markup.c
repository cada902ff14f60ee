#include "check/markup.h"

#include <strings.h>

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool is_letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_name(uint8_t c)
{
	return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == ':';
}

struct slice check_markup_trim(struct slice s)
{
	while (s.len && is_space(s.data[0]))
		s = slice_skip(s, 1);
	while (s.len && is_space(s.data[s.len - 1]))
		s.len--;
	return s;
}

/* Where text begins in s, or s.len. */
static size_t find(struct slice s, const char *text)
{
	const uint8_t *at = s.len ? memmem(s.data, s.len, text, strlen(text)) : NULL;
	return at ? (size_t)(at - s.data) : s.len;
}

static bool starts(struct slice s, const char *text)
{
	return s.len >= strlen(text) && !memcmp(s.data, text, strlen(text));
}

static size_t name_len(struct slice s)
{
	size_t len = 0;
	while (len < s.len && is_name(s.data[len]))
		len++;
	return len;
}

/* The ">" that ends a tag: not one in quotes. Or s.len. */
static size_t tag_end(struct slice s)
{
	uint8_t quote = 0;
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.data[i];
		if (quote)
			quote = c == quote ? 0 : quote;
		else if (c == '>')
			return i;
		else if ((c == '"' || c == '\'') && i && s.data[i - 1] == '=')
			quote = c;
	}
	return s.len;
}

/* What stands inside is no markup: behind its end tag it is again. */
static void raw_skip(struct slice *rest, const struct check_tag *tag)
{
	struct slice s = *rest;
	if (tag->is_end || (!check_tag_is(tag, "script") && !check_tag_is(tag, "style")))
		return;
	for (;;) {
		s = slice_skip(s, find(s, "</"));
		if (!s.len || slice_starts_nocase(slice_skip(s, 2),
		                                  check_tag_is(tag, "style") ? "style" : "script"))
			break;
		s = slice_skip(s, 2);
	}
	*rest = s;
}

bool check_markup_next(struct slice *rest, struct check_tag *ret_tag)
{
	const uint8_t *text = rest->data;
	struct slice s = *rest;
	while (s.len) {
		s = slice_skip(s, slice_find(s, '<'));
		if (starts(s, "<!--")) {
			s = slice_skip(s, find(slice_skip(s, 4), "-->") + 4);
			continue;
		}
		size_t before = (size_t)(s.data - text);
		s = slice_skip(s, 1);
		bool is_end = s.len && s.data[0] == '/';
		struct slice inside = slice_skip(s, is_end);
		if (!inside.len || !is_letter(inside.data[0]))
			continue;
		size_t end = tag_end(inside);
		*rest = slice_skip(inside, end + 1);
		inside = slice_head(inside, end);
		*ret_tag = (struct check_tag){ .text = slice_of(text, before),
			                       .name = slice_head(inside, name_len(inside)),
			                       .is_end = is_end,
			                       .attributes = slice_skip(inside, name_len(inside)) };
		raw_skip(rest, ret_tag);
		return true;
	}
	*rest = (struct slice){};
	return false;
}

/* Takes NAME, NAME=VALUE, NAME='VALUE' or NAME="VALUE" off. */
static bool attribute_take(struct slice *s, struct slice *ret_name, struct slice *ret_value)
{
	while (s->len && (is_space(s->data[0]) || s->data[0] == '/'))
		*s = slice_skip(*s, 1);
	if (!s->len)
		return false;
	size_t len = 1; /* whatever it is: it has to go on */
	while (len < s->len && !is_space(s->data[len]) && s->data[len] != '=')
		len++;
	*ret_name = slice_head(*s, len);
	*ret_value = (struct slice){};
	*s = check_markup_trim(slice_skip(*s, len));
	if (!s->len || s->data[0] != '=')
		return true;
	*s = check_markup_trim(slice_skip(*s, 1));
	if (s->len && (s->data[0] == '"' || s->data[0] == '\'')) {
		uint8_t quote = s->data[0];
		*s = slice_skip(*s, 1);
		*ret_value = slice_head(*s, slice_find(*s, quote));
		*s = slice_skip(*s, ret_value->len + 1);
		return true;
	}
	for (len = 0; len < s->len && !is_space(s->data[len]);)
		len++;
	*ret_value = slice_head(*s, len);
	*s = slice_skip(*s, len);
	return true;
}

bool check_tag_attribute(const struct check_tag *tag, const char *name, struct slice *ret_value)
{
	struct slice rest = tag->attributes, found;
	while (attribute_take(&rest, &found, ret_value))
		if (slice_equal_nocase(found, slice_str(name)))
			return true;
	return false;
}

bool check_tag_is(const struct check_tag *tag, const char *name)
{
	return slice_equal_nocase(tag->name, slice_str(name));
}
