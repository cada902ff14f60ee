/*
 * Writes HTML. There is no way to write a byte that is not escaped: tags and attribute names are
 * words of ours, everything else goes through html_text() or the value of an attribute. Controls,
 * bytes that are no UTF-8 and marks that turn the direction of text come out as U+FFFD.
 */
#ifndef WEB_HTML_H
#define WEB_HTML_H

#include "base/buf.h"

#include <stdbool.h>

enum { HTML_DEPTH_MAX = 24 };

/* Zeroed is empty. */
struct html {
	struct buf out;
	const char *open[HTML_DEPTH_MAX]; /* tags that are not closed yet */
	size_t depth;
	bool has_failed; /* no memory; it sticks and is looked at once, at the end */
};

struct html_attr {
	const char *name; /* ours */
	const char *value;
};

void html_deinit(struct html *h);

/* The text of an element. */
void html_text(struct html *h, const char *text);
void html_textf(struct html *h, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Attributes end with one whose name is NULL: use the macros. A NULL value leaves it out. */
void html_open_with(struct html *h, const char *tag, const struct html_attr *attrs);
/* The innermost one that is open. */
void html_close(struct html *h);
/* An element without an end (input, meta), and one with a text alone. */
void html_void_with(struct html *h, const char *tag, const struct html_attr *attrs);
void html_element_with(struct html *h, const char *tag, const char *text,
                       const struct html_attr *attrs);

#define HTML_ATTRS_(...)                                                                           \
	(const struct html_attr[])                                                                 \
	{                                                                                          \
		__VA_ARGS__ __VA_OPT__(, )                                                         \
		{                                                                                  \
			NULL, NULL                                                                 \
		}                                                                                  \
	}
#define html_open(h, tag, ...) html_open_with((h), (tag), HTML_ATTRS_(__VA_ARGS__))
#define html_void(h, tag, ...) html_void_with((h), (tag), HTML_ATTRS_(__VA_ARGS__))
#define html_element(h, tag, text, ...)                                                            \
	html_element_with((h), (tag), (text), HTML_ATTRS_(__VA_ARGS__))

/* "<!doctype html>". */
void html_doctype(struct html *h);

#endif
