#include "base/html.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

static void put(struct html *h, struct slice bytes)
{
	if (!h->has_failed && buf_add(&h->out, bytes))
		h->has_failed = true;
}

static void put_str(struct html *h, const char *text)
{
	put(h, slice_str(text));
}

/* A word of ours: a tag or the name of an attribute. */
static void put_name(struct html *h, const char *name)
{
	assert(name[0] && !name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
	                                     "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")]);
	put_str(h, name);
}

/* How many bytes the UTF-8 character at the start has; 0: there is none. */
static size_t utf8_len(const unsigned char *at)
{
	static const struct {
		unsigned char mask, lead;
		uint32_t least;
	} forms[] = { { 0xe0, 0xc0, 0x80 }, { 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 } };
	if (at[0] < 0x80)
		return 1;
	for (size_t more = 1; more <= 3; more++) {
		if ((at[0] & forms[more - 1].mask) != forms[more - 1].lead)
			continue;
		uint32_t c = at[0] & (unsigned char)~forms[more - 1].mask;
		for (size_t i = 1; i <= more; i++) {
			if ((at[i] & 0xc0) != 0x80)
				return 0;
			c = c << 6 | (at[i] & 0x3f);
		}
		bool is_one =
			c >= forms[more - 1].least && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
		return is_one ? more + 1 : 0;
	}
	return 0;
}

/* U+061C, U+200E, U+200F, U+202A to U+202E, U+2028, U+2029, U+2066 to U+2069, and C1 controls. */
static bool turns_text(const unsigned char *at, size_t len)
{
	if (len == 2)
		return (at[0] == 0xd8 && at[1] == 0x9c) || (at[0] == 0xc2 && at[1] < 0xa0);
	if (len != 3 || at[0] != 0xe2)
		return false;
	return (at[1] == 0x80 &&
	        (at[2] == 0x8e || at[2] == 0x8f || (at[2] >= 0xa8 && at[2] <= 0xae))) ||
	       (at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9);
}

/* What a byte is written as; NULL: as it is. */
static const char *escape_of(unsigned char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	case '`':
		return "&#96;";
	case '\n':
	case '\t':
		return " ";
	default:
		return c < ' ' || c == 0x7f ? replacement : NULL;
	}
}

/* The same in elements and in values, which are always in quotes. */
static void put_escaped(struct html *h, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	while (*at && !h->has_failed) {
		size_t len = utf8_len(at);
		const char *escape = len == 1 ? escape_of(*at) : NULL;
		if (!len || turns_text(at, len))
			put_str(h, replacement);
		else if (escape)
			put_str(h, escape);
		else
			put(h, slice_of(at, len));
		at += len ? len : 1;
	}
}

static void put_start(struct html *h, const char *tag, const struct html_attr *attrs)
{
	put_str(h, "<");
	put_name(h, tag);
	for (; attrs->name; attrs++) {
		if (!attrs->value)
			continue;
		put_str(h, " ");
		put_name(h, attrs->name);
		put_str(h, "=\"");
		put_escaped(h, attrs->value);
		put_str(h, "\"");
	}
	put_str(h, ">");
}

void html_deinit(struct html *h)
{
	buf_deinit(&h->out);
}

void html_text(struct html *h, const char *text)
{
	put_escaped(h, text);
}

void html_textf(struct html *h, const char *format, ...)
{
	va_list args;
	char *text = NULL;
	va_start(args, format);
	int len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0) {
		h->has_failed = true;
		return;
	}
	put_escaped(h, text);
	free(text);
}

void html_open_with(struct html *h, const char *tag, const struct html_attr *attrs)
{
	assert(h->depth < HTML_DEPTH_MAX);
	h->open[h->depth++] = tag;
	put_start(h, tag, attrs);
}

void html_close(struct html *h)
{
	assert(h->depth);
	put_str(h, "</");
	put_name(h, h->open[--h->depth]);
	put_str(h, ">\n");
}

void html_void_with(struct html *h, const char *tag, const struct html_attr *attrs)
{
	put_start(h, tag, attrs);
}

void html_element_with(struct html *h, const char *tag, const char *text,
                       const struct html_attr *attrs)
{
	html_open_with(h, tag, attrs);
	html_text(h, text);
	html_close(h);
}

void html_doctype(struct html *h)
{
	put_str(h, "<!doctype html>\n");
}
