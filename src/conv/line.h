/* Lines as the mail protocols have them: CRLF ends one, and nothing else does (RFC 5321 2.3.8). */
#ifndef CONV_LINE_H
#define CONV_LINE_H

#include "base/slice.h"

enum conv_line_result {
	CONV_LINE_MORE = 1, /* no CRLF yet, and still within max */
	CONV_LINE_TOO_LONG, /* no CRLF within max bytes */
	CONV_LINE_BARE, /* an LF without CR, or a CR without LF; *ret_used covers the bad line */
};

/*
 * One line from the front of input.
 *
 * max:      longest line allowed, CRLF included
 * ret_line: borrowed, without CRLF
 * ret_used: bytes taken, CRLF included; 0 for MORE and TOO_LONG
 *
 * Returns 0 or an enum conv_line_result.
 */
[[nodiscard]] int conv_line_take(struct slice input, size_t max, struct slice *ret_line,
                                 size_t *ret_used);

/* Cuts the first word (up to a space) off *line; *line is then what follows the spaces. */
struct slice conv_line_word(struct slice *line);

/* A byte that is no text (0 to 31, 127) is in it. */
bool conv_line_has_controls(struct slice line);

#endif
