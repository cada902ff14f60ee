/* A borrowed run of bytes. It dies with the call it was given to. */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const uint8_t *data;
	size_t len; /* bytes */
};

static inline struct slice slice_of(const void *data, size_t len)
{
	return (struct slice){ .data = data, .len = len };
}

static inline struct slice slice_str(const char *text)
{
	return slice_of(text, strlen(text));
}

/* The rest behind the first n bytes; n past the end gives the empty slice. */
static inline struct slice slice_skip(struct slice s, size_t n)
{
	if (n > s.len)
		n = s.len;
	return (struct slice){ .data = s.len ? s.data + n : s.data, .len = s.len - n };
}

static inline struct slice slice_head(struct slice s, size_t n)
{
	return (struct slice){ .data = s.data, .len = n < s.len ? n : s.len };
}

/* Offset of the first byte c, or s.len. */
static inline size_t slice_find(struct slice s, uint8_t c)
{
	const uint8_t *at = s.len ? memchr(s.data, c, s.len) : NULL;
	return at ? (size_t)(at - s.data) : s.len;
}

bool slice_equal(struct slice a, struct slice b);

/* ASCII letters compare without case (protocol keywords); no locale. */
bool slice_equal_nocase(struct slice a, struct slice b);
bool slice_starts_nocase(struct slice s, const char *prefix);

/* Without spaces and tabs at both ends. */
struct slice slice_trim(struct slice s);

/* Cuts the next line off *text, without its end. False: nothing is left. */
bool slice_line_next(struct slice *text, struct slice *ret_line);

/* A byte that a stranger wrote, for a terminal or a log: printable ASCII, else '?'. */
static inline char slice_byte_shown(uint8_t byte)
{
	return byte >= ' ' && byte <= '~' ? (char)byte : '?';
}

/*
 * Copies into a fixed string, cut to cap - 1 bytes; control bytes and bytes over 126 become '?'.
 * For names that a peer wrote and that go into records and logs.
 */
void slice_to_text(struct slice s, char *ret_text, size_t cap);

#endif
