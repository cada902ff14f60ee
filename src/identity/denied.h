/*
 * The denial list: certificates of the internal CA that were revoked and would else still be
 * accepted, as a short file that every node has:
 *
 *	4f0c…(hex) 1798675200
 *
 * serial, and the Unix time from which nobody needs to be told any more. "#" begins a comment.
 */
#ifndef IDENTITY_DENIED_H
#define IDENTITY_DENIED_H

#include "base/buf.h"

enum {
	IDENTITY_SERIAL_CAP = 41,   /* lower-case hex of 20 bytes */
	IDENTITY_DENIED_MAX = 5000, /* in one list */
};

enum identity_denied_result {
	IDENTITY_DENIED_BAD = 1, /* a line is neither; *ret_line says which */
	IDENTITY_DENIED_MANY,    /* over IDENTITY_DENIED_MAX */
};

struct identity_denial {
	char serial[IDENTITY_SERIAL_CAP];
	int64_t until_s;
};

struct identity_denied {
	struct identity_denial *list; /* sorted by serial, each once */
	size_t count;
};
void identity_denied_deinit(struct identity_denied *denied);

bool identity_serial_is_valid(const char *serial);

/* Empty text is an empty list. 0, enum identity_denied_result, or -ENOMEM. */
[[nodiscard]] int identity_denied_read(struct identity_denied *ret_denied, struct slice text,
                                       unsigned *ret_line);

/* One that is there already is denied until the later of both. 0, MANY, or -ENOMEM. */
[[nodiscard]] int identity_denied_add(struct identity_denied *denied, const char *serial,
                                      int64_t until_s);

bool identity_denied_has(const struct identity_denied *denied, const char *serial);

/* Without those whose time has passed. 0 or -ENOMEM. */
[[nodiscard]] int identity_denied_write(const struct identity_denied *denied, int64_t now_s,
                                        struct buf *ret_text);

#endif
