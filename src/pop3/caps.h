/* Lines of a POP3 server's CAPA (RFC 2449 5), '\n' between, as struct conv_caps keeps them. */
#ifndef POP3_CAPS_H
#define POP3_CAPS_H

#include "base/buf.h"
#include "base/slice.h"

/* Adds a line, if it prints and still fits. */
void pop3_caps_keep(struct slice line, char *caps, size_t cap);

/*
 * Appends what a client behind the edge may see of them, CRLF behind each: without STLS and
 * XCLIENT, which are the edge's, and unless keeps_plus without -PLUS mechanisms (RFC 5034 3).
 *
 * word: only lines that start with it; NULL: all
 *
 * 0 or -ENOMEM.
 */
[[nodiscard]] int pop3_caps_print(const char *caps, const char *word, bool keeps_plus,
                                  struct buf *out);

#endif
