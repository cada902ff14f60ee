/* A message's text, whole and in pieces: the same comes out, and it is canonical. */
#include "smtp/data.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_canonical(struct slice out)
{
	for (size_t i = 0; i < out.len; i++) {
		assert(out.data[i] != 0);
		if (out.data[i] == '\n')
			assert(i && out.data[i - 1] == '\r');
		if (out.data[i] == '\r' && i + 1 < out.len)
			assert(out.data[i + 1] == '\n');
	}
}

/* A server that ends a message at CRLF.CRLF finds no end but the last bytes. */
static void check_end(struct slice out, bool has_ended)
{
	const uint8_t *end = out.len ? memmem(out.data, out.len, "\r\n.\r\n", 5) : NULL;
	bool is_empty = out.len >= 3 && memcmp(out.data, ".\r\n", 3) == 0;
	if (!has_ended)
		assert(!end && !is_empty);
	else if (is_empty)
		assert(out.len == 3);
	else
		assert(end && end + 5 == out.data + out.len);
}

static bool take(struct slice input, size_t step, bool rejects, struct buf *out, size_t *ret_used)
{
	struct smtp_data d = { .rejects = rejects };
	size_t done = 0;
	int r = 0;
	while (!r && done < input.len) {
		size_t used;
		r = smtp_data_take(&d, slice_head(slice_skip(input, done), step), out, &used);
		assert(r >= 0);
		done += used;
	}
	*ret_used = done;
	assert(d.is_rejected == (rejects && d.bare));
	return r == SMTP_DATA_END && !d.is_muted;
}

static void chunk(struct slice input, size_t step, struct buf *out)
{
	struct smtp_data d = {};
	for (size_t at = 0; at < input.len; at += step)
		assert(smtp_data_chunk_take(&d, slice_head(slice_skip(input, at), step), out) == 0);
	assert(smtp_data_chunk_end(&d, out) == 0);
	check_canonical(buf_slice(out));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole = {}, pieces = {};
	size_t used_whole, used_pieces;
	if (size < 2)
		return 0;
	size_t step = data[0] ? data[0] : 1;
	bool rejects = data[1] & 1;
	struct slice input = slice_of(data + 2, size - 2);
	bool end = take(input, input.len, rejects, &whole, &used_whole);
	assert(take(input, step, rejects, &pieces, &used_pieces) == end);
	assert(used_whole == used_pieces);
	assert(slice_equal(buf_slice(&whole), buf_slice(&pieces)));
	check_canonical(buf_slice(&whole));
	check_end(buf_slice(&whole), end);
	buf_clear(&whole);
	buf_clear(&pieces);
	chunk(input, input.len ? input.len : 1, &whole);
	chunk(input, step, &pieces);
	assert(slice_equal(buf_slice(&whole), buf_slice(&pieces)));
	buf_deinit(&whole);
	buf_deinit(&pieces);
	return 0;
}
