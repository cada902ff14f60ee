/* Small pieces that parsers of lines share. */
#ifndef WATCH_WORD_H
#define WATCH_WORD_H

#include "watch/proto.h"

/* How a text that may not be whole yet fits one of the beginnings (NULL last), without case. */
enum watch_fit watch_word_fit(struct slice text, const char *const *beginnings);

/* Begins with one of them. */
bool watch_word_begins(struct slice text, const char *const *beginnings);

/* Takes the next word off *rest, up to a space or tab; empty at the end. */
struct slice watch_word_take(struct slice *rest);

bool watch_word_is(struct slice word, const char *text);

/* Is text somewhere in s? Without case. */
bool watch_word_in(struct slice s, const char *text);

/* A decimal number that is all of s. False: it is none, or over 4 billion. */
bool watch_word_number(struct slice s, uint32_t *ret_number);

/* "{12}" or "{12+}" at the end of a line (RFC 3501 4.3, RFC 7888): how many bytes follow. */
bool watch_word_literal(struct slice line, uint32_t *ret_len);

/* Takes an atom or a quoted string off *rest; *ret_text is what is between the quotes. False:
 * neither stands there, or it is a literal. */
bool watch_word_string(struct slice *rest, struct slice *ret_text);

/* The first line of a text, without its end; empty: it is not whole yet. */
struct slice watch_word_line(struct slice text);

/* May what a server says begin so? MORE: it said nothing yet. */
enum watch_fit watch_word_answer(struct slice server, const char *first_bytes);

/* Lines of text are to be read at all: only printable bytes, tabs, UTF-8. */
bool watch_word_is_text(struct slice s);

#endif
