/*
 * Any file with any block in it, and whatever somebody makes of that: taking back never loses a
 * line that is not ours, and of an untouched file gives the file before.
 */
#include "base/clean.h"
#include "up/edit.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t lines_count(struct slice text, struct slice line)
{
	struct slice one;
	size_t count = 0;
	while (slice_line_next(&text, &one))
		count += slice_equal(one, line);
	return count;
}

static void lines_check(struct slice now, struct slice written, struct slice out)
{
	struct slice rest = now;
	struct slice line;
	while (slice_line_next(&rest, &line))
		if (!lines_count(written, line))
			assert(lines_count(out, line) >= lines_count(now, line));
}

static void back_check(struct slice now, struct slice written, struct slice before)
{
	CLEAN(buf_deinit) struct buf out = {};
	CLEAN(up_changes_deinit) struct up_changes changes = {};
	if (up_edit_take_back(&out, now, written, &changes)) {
		assert(changes.conflict && changes.conflict_line);
		assert(before.data == NULL);
		return;
	}
	lines_check(now, written, buf_slice(&out));
	if (!before.data)
		return;
	struct slice got = buf_slice(&out);
	if (got.len == before.len + 1) /* a last line without its end */
		got.len--;
	assert(slice_equal(got, before));
}

/* The first bytes: where the block stands; where somebody puts the rest of the input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char ours[] = "127.0.0.1:10025 inet n - y - - smtpd\n}\n";
	CLEAN(buf_deinit) struct buf written = {};
	CLEAN(buf_deinit) struct buf now = {};
	if (size < 5)
		return 0;
	size_t split = 5 + data[4] % (size - 4);
	struct slice before = slice_of(data + 5, split - 5);
	struct slice put = slice_of(data + split, size - split);
	const struct up_block blocks[] = {
		{ .line = 1U + data[0] % 4, .lines = 1U + data[1] % 2, .text = ours },
		{ .text = "service imap-login {\n}\n" },
	};
	size_t lines = 0;
	struct slice rest = before, line;
	while (slice_line_next(&rest, &line))
		lines++;
	bool fits = blocks[0].line + blocks[0].lines <= lines + 1;
	if (up_edit_apply(&written, before, blocks + !fits, fits ? 2 : 1))
		return 0;
	struct slice w = buf_slice(&written);
	back_check(w, w, before);
	size_t from = data[2] * w.len / 256, cut = data[3] * (w.len - from) / 256;
	assert(!buf_add(&now, slice_head(w, from)) && !buf_add(&now, put) &&
	       !buf_add(&now, slice_skip(w, from + cut)));
	back_check(buf_slice(&now), w, (struct slice){});
	back_check(put, w, (struct slice){});
	return 0;
}
