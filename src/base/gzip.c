#include "base/gzip.h"

#include "base/err.h"

#include <errno.h>
#include <limits.h>
#include <zlib.h>

enum {
	WITH_GZIP = 16, /* zlib's way to ask for RFC 1952 */
	MEMORY_LEVEL = 8,
	PIECE = 16 * 1024,
	ALWAYS = 1024 * 1024, /* comes out whatever the ratio */
};

static void input_set(z_stream *z, struct slice from)
{
	z->next_in = (Bytef *)(uintptr_t)from.data;
	z->avail_in = (uInt)from.len;
}

int gzip_pack(struct buf *to, struct slice from)
{
	z_stream z = {};
	uint8_t *at;
	if (from.len > INT_MAX)
		return err_raise(-EFBIG);
	if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, MAX_WBITS + WITH_GZIP, MEMORY_LEVEL,
	                 Z_DEFAULT_STRATEGY))
		return err_raise(-ENOMEM);
	size_t room = deflateBound(&z, from.len);
	if (buf_reserve(to, room, &at)) {
		deflateEnd(&z);
		return err_raise(-ENOMEM);
	}
	input_set(&z, from);
	z.next_out = at;
	z.avail_out = (uInt)room;
	int r = deflate(&z, Z_FINISH);
	buf_commit(to, room - z.avail_out);
	deflateEnd(&z);
	return r == Z_STREAM_END ? 0 : err_raise(-ENOTRECOVERABLE);
}

bool gzip_is(struct slice bytes)
{
	return bytes.len >= 3 && bytes.data[0] == 0x1f && bytes.data[1] == 0x8b &&
	       bytes.data[2] == Z_DEFLATED;
}

static bool is_over(const z_stream *z, const struct gzip_limits *limits)
{
	return z->total_out > limits->len ||
	       (z->total_out > ALWAYS && z->total_out / limits->ratio > z->total_in);
}

static int inflate_all(z_stream *z, struct buf *to, const struct gzip_limits *limits)
{
	for (;;) {
		uint8_t *at;
		if (buf_reserve(to, PIECE, &at))
			return err_raise(-ENOMEM);
		z->next_out = at;
		z->avail_out = PIECE;
		int r = inflate(z, Z_NO_FLUSH);
		buf_commit(to, PIECE - z->avail_out);
		if (r == Z_MEM_ERROR)
			return err_raise(-ENOMEM);
		if (is_over(z, limits))
			return GZIP_TOO_LONG;
		if (r == Z_STREAM_END)
			return 0;
		if (r != Z_OK) /* Z_BUF_ERROR: there is no more input */
			return GZIP_BAD;
	}
}

int gzip_unpack(struct buf *to, struct slice from, const struct gzip_limits *limits)
{
	z_stream z = {};
	if (from.len > INT_MAX)
		return GZIP_TOO_LONG;
	if (inflateInit2(&z, MAX_WBITS + WITH_GZIP))
		return err_raise(-ENOMEM);
	input_set(&z, from);
	int r = inflate_all(&z, to, limits);
	inflateEnd(&z);
	return r;
}
