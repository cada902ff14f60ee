/* gzip (RFC 1952), whole and in memory. */
#ifndef BASE_GZIP_H
#define BASE_GZIP_H

#include "base/buf.h"

enum { GZIP_BAD = 1, GZIP_TOO_LONG };

/* Appends. 0 or -ENOMEM. */
[[nodiscard]] int gzip_pack(struct buf *to, struct slice from);

/* It begins as such. */
bool gzip_is(struct slice bytes);

struct gzip_limits {
	size_t len;     /* bytes that may come out */
	unsigned ratio; /* times what went in, once more than a MiB came out */
};

/*
 * Appends what is in it; what stands behind is not looked at. 0, GZIP_BAD (broken, or it ends too
 * early), GZIP_TOO_LONG or -ENOMEM; to may have a part of it then.
 */
[[nodiscard]] int gzip_unpack(struct buf *to, struct slice from, const struct gzip_limits *limits);

#endif
