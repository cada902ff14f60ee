/*
 * An owned, growing run of bytes: appended at the end, consumed from the front. An empty buf owns
 * no memory worth naming (buf_release gives it back), so an idle session costs nothing for it.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/slice.h"

enum { BUF_MAX = 1 << 30 };

struct buf {
	uint8_t *data;
	uint32_t start; /* first byte that is not consumed */
	uint32_t end;   /* one past the last byte */
	uint32_t cap;   /* bytes allocated: BUF_MAX at most */
};

void buf_deinit(struct buf *b);

/* Wipes before freeing: for what may hold a password. */
void buf_deinit_secret(struct buf *b);

static inline size_t buf_len(const struct buf *b)
{
	return b->end - b->start;
}

static inline struct slice buf_slice(const struct buf *b)
{
	if (!b->data)
		return (struct slice){};
	return (struct slice){ .data = b->data + b->start, .len = buf_len(b) };
}

/* Room for len more bytes; *ret_at is where they go, buf_commit says how many came. 0 or -ENOMEM,
 * also above BUF_MAX. */
[[nodiscard]] int buf_reserve(struct buf *b, size_t len, uint8_t **ret_at);
void buf_commit(struct buf *b, size_t len);

/* 0 or -ENOMEM. */
[[nodiscard]] int buf_add(struct buf *b, struct slice s);
[[nodiscard]] int buf_add_str(struct buf *b, const char *text);
[[nodiscard]] int buf_printf(struct buf *b, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Forgets the first len bytes (at most what there is). */
void buf_consume(struct buf *b, size_t len);

/* Forgets everything and keeps the memory. */
void buf_clear(struct buf *b);

/* Gives the memory back if nothing is in it. */
void buf_release(struct buf *b);

#endif
