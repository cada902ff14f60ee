#include "base/buf.h"

#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { BUF_SMALLEST = 256 };

void buf_deinit(struct buf *b)
{
	if (!b)
		return;
	free(b->data);
	*b = (struct buf){};
}

void buf_deinit_secret(struct buf *b)
{
	if (b && b->data)
		explicit_bzero(b->data, b->cap);
	buf_deinit(b);
}

int buf_reserve(struct buf *b, size_t len, uint8_t **ret_at)
{
	if (b->start == b->end)
		b->start = b->end = 0;
	if (b->cap - b->end < len && b->start) {
		memmove(b->data, b->data + b->start, buf_len(b));
		b->end -= b->start;
		b->start = 0;
	}
	if (b->cap - b->end < len) {
		size_t need;
		if (__builtin_add_overflow(b->end, len, &need) || need > BUF_MAX)
			return err_raise(-ENOMEM);
		size_t cap = b->cap ? b->cap : BUF_SMALLEST;
		while (cap < need)
			cap *= 2;
		uint8_t *data = realloc(b->data, cap);
		if (!data)
			return err_raise(-ENOMEM);
		b->data = data;
		b->cap = (uint32_t)cap;
	}
	*ret_at = b->data + b->end;
	return 0;
}

void buf_commit(struct buf *b, size_t len)
{
	b->end += (uint32_t)len;
}

int buf_add(struct buf *b, struct slice s)
{
	uint8_t *at;
	if (s.len == 0)
		return 0;
	int r = buf_reserve(b, s.len, &at);
	if (r)
		return err_up(r);
	memcpy(at, s.data, s.len);
	buf_commit(b, s.len);
	return 0;
}

int buf_add_str(struct buf *b, const char *text)
{
	return buf_add(b, slice_str(text));
}

int buf_printf(struct buf *b, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	char *text = NULL;
	int len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0)
		return err_raise(-ENOMEM);
	int r = buf_add(b, slice_of(text, (size_t)len));
	free(text);
	return r;
}

void buf_consume(struct buf *b, size_t len)
{
	size_t have = buf_len(b);
	b->start += (uint32_t)(len < have ? len : have);
	if (b->start == b->end)
		b->start = b->end = 0;
}

void buf_clear(struct buf *b)
{
	b->start = b->end = 0;
}

void buf_release(struct buf *b)
{
	if (buf_len(b) == 0)
		buf_deinit(b);
}
