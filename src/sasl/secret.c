#include "sasl/secret.h"

#include "base/err.h"

/* A bigger copy instead of realloc(), which would leave the old one behind. */
static int grow(struct buf *b, size_t len)
{
	struct buf bigger = {};
	uint8_t *at;
	int r = buf_reserve(&bigger, buf_len(b) * 2 + len, &at);
	if (r)
		return err_up(r);
	r = buf_add(&bigger, buf_slice(b));
	if (r) {
		buf_deinit_secret(&bigger);
		return err_up(r);
	}
	buf_deinit_secret(b);
	*b = bigger;
	return 0;
}

int sasl_secret_add(struct buf *b, struct slice s)
{
	if (s.len > b->cap - b->end) {
		int r = grow(b, s.len);
		if (r)
			return err_up(r);
	}
	return err_up(buf_add(b, s));
}

void sasl_secret_clear(struct buf *b)
{
	buf_deinit_secret(b);
}
