#include "up/edit.h"

#include "base/clean.h"
#include "base/err.h"
#include "servers/edit.h"

#include <errno.h>
#include <stdio.h>

static const char mark[] = "# mailseal up ";
static const char was[] = "#mailseal# ";

/* Shorter lines of ours ("}") are those of many. */
enum { TELLING_LEN = 12, MARK_CAP = 96 };

static bool begins(struct slice line, const char *with)
{
	return slice_equal(slice_head(line, strlen(with)), slice_str(with));
}

static bool contains(struct slice text, const char *what)
{
	return text.data && memmem(text.data, text.len, what, strlen(what));
}

static int line_add(struct buf *out, struct slice line)
{
	int r = buf_add(out, line);
	return r ? r : buf_add(out, slice_str("\n"));
}

/* --- putting them in --- */

static void mark_write(char ret_text[MARK_CAP], unsigned number, bool is_end)
{
	snprintf(ret_text, MARK_CAP,
	         is_end ? "%s%u: end" : "%s%u: begin; \"mailseal up --undo\" takes this block back",
	         mark, number);
}

static int block_begin(struct buf *out, unsigned number)
{
	char text[MARK_CAP];
	mark_write(text, number, false);
	return line_add(out, slice_str(text));
}

static int block_end(struct buf *out, const struct up_block *block, unsigned number)
{
	char text[MARK_CAP];
	mark_write(text, number, true);
	int r = buf_add_str(out, block->text);
	return r ? r : line_add(out, slice_str(text));
}

static int comment_add(struct buf *out, struct slice line)
{
	int r = buf_add_str(out, was);
	return r ? r : line_add(out, line);
}

/* At the end; a last line without its end gets one. */
static int block_append(struct buf *out, const struct up_block *block, unsigned number)
{
	struct slice before = buf_slice(out);
	int r = before.len && before.data[before.len - 1] != '\n' ? buf_add_str(out, "\n") : 0;
	if (!r)
		r = block_begin(out, number);
	return r ? r : block_end(out, block, number);
}

/* A line of the text, which a block may begin at, end at, or have in it. */
static int line_put(struct buf *out, struct slice whole, unsigned line,
                    const struct up_block *block, unsigned number)
{
	struct slice bare = slice_head(whole, slice_find(whole, '\n'));
	bool is_in = block && block->line && line >= block->line;
	if (!is_in)
		return buf_add(out, whole);
	int r = line == block->line ? block_begin(out, number) : 0;
	if (!r)
		r = comment_add(out, bare);
	if (!r && line + 1 == block->line + block->lines)
		r = block_end(out, block, number);
	return r;
}

int up_edit_apply(struct buf *out, struct slice text, const struct up_block *blocks, size_t count)
{
	size_t i = 0;
	int r = 0;
	if (contains(text, mark) || contains(text, was))
		return UP_EDIT_MARKED;
	for (unsigned line = 1; text.len && !r; line++) {
		struct slice whole = slice_head(text, slice_find(text, '\n') + 1);
		r = line_put(out, whole, line, i < count ? &blocks[i] : NULL, (unsigned)i + 1);
		if (i < count && blocks[i].line && line + 1 >= blocks[i].line + blocks[i].lines)
			i++;
		text = slice_skip(text, whole.len);
	}
	for (; i < count && !r; i++)
		r = block_append(out, &blocks[i], (unsigned)i + 1);
	return r ? err_up(r) : 0;
}

/* --- taking them back --- */

/* One block of the file as we wrote it: all its lines, marks included. */
struct own {
	struct slice text;
	unsigned lines;
	unsigned number;
};

static bool own_next(struct slice *written, struct own *ret_own)
{
	struct slice line;
	struct slice from = *written;
	unsigned lines = 0;
	char end[MARK_CAP];
	while (slice_line_next(written, &line)) {
		if (!lines && !begins(line, mark)) {
			from = *written;
			continue;
		}
		mark_write(end, ret_own->number, true);
		lines++;
		if (!slice_equal(line, slice_str(end)))
			continue;
		ret_own->text = slice_head(from, (size_t)(written->data - from.data));
		ret_own->lines = lines;
		return true;
	}
	return false;
}

/* now begins with all lines of the block; a last line may have lost its end. */
static bool own_is_here(const struct own *own, struct slice now)
{
	struct slice ours = own->text;
	struct slice a, b;
	while (slice_line_next(&ours, &a))
		if (!slice_line_next(&now, &b) || !slice_equal(a, b))
			return false;
	return true;
}

/* Where it stands in now; 0: nowhere. *ret_count: how often. */
static unsigned own_find(const struct own *own, struct slice now, unsigned *ret_count)
{
	unsigned found = 0;
	unsigned line = 1;
	*ret_count = 0;
	for (struct slice skipped; now.len; line++) {
		if (own_is_here(own, now)) {
			++*ret_count;
			found = line;
		}
		(void)slice_line_next(&now, &skipped);
	}
	return found;
}

/* The first line of now that is one of the block's, its number in any form included; 0: none. */
static unsigned own_trace(const struct own *own, struct slice now)
{
	char number[MARK_CAP];
	struct slice line, ours;
	snprintf(number, sizeof(number), "mailseal up %u:", own->number);
	for (unsigned at = 1; slice_line_next(&now, &line); at++) {
		if (contains(line, number))
			return at;
		struct slice rest = own->text;
		while (slice_line_next(&rest, &ours))
			if (ours.len >= TELLING_LEN && slice_equal(ours, line))
				return at;
	}
	return 0;
}

/* What stood there before us. */
static int own_before(const struct own *own, struct buf *out)
{
	struct slice rest = own->text;
	struct slice line;
	int r = 0;
	while (!r && slice_line_next(&rest, &line))
		if (begins(line, was))
			r = line_add(out, slice_skip(line, sizeof(was) - 1));
	return r;
}

static int change_add(struct up_changes *c, const struct own *own, unsigned line)
{
	struct up_change *more = realloc(c->items, (c->count + 1) * sizeof(*more));
	if (!more)
		return err_raise(-ENOMEM);
	c->items = more;
	struct up_change *change = &more[c->count++];
	*change = (struct up_change){ .line = line, .lines = own->lines };
	return own_before(own, &change->text);
}

/* Notes what is to be done about one block. 0, UP_EDIT_CONFLICT or -ENOMEM. */
static int own_judge(struct up_changes *c, const struct own *own, struct slice now)
{
	unsigned count;
	unsigned line = own_find(own, now, &count);
	if (count == 1)
		return change_add(c, own, line);
	unsigned trace = count ? line : own_trace(own, now);
	if (!trace) {
		c->gone++;
		return 0;
	}
	c->conflict = own->number;
	c->conflict_line = trace;
	return UP_EDIT_CONFLICT;
}

static const struct up_change *change_at(const struct up_changes *c, unsigned line)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->items[i].line == line)
			return &c->items[i];
	return NULL;
}

/* Everything but the lines that change stays byte for byte. */
static int changes_make(struct buf *out, struct slice now, const struct up_changes *c)
{
	unsigned skip = 0;
	int r = 0;
	for (unsigned line = 1; now.len && !r; line++) {
		const struct up_change *change = change_at(c, line);
		struct slice whole = slice_head(now, slice_find(now, '\n') + 1);
		if (change) {
			skip = change->lines;
			r = buf_add(out, buf_slice(&change->text));
		}
		if (skip)
			skip--;
		else
			r = buf_add(out, whole);
		now = slice_skip(now, whole.len);
	}
	return r;
}

int up_edit_take_back(struct buf *out, struct slice now, struct slice written,
                      struct up_changes *ret_changes)
{
	struct own own = { .number = 1 };
	*ret_changes = (struct up_changes){};
	for (; own_next(&written, &own); own.number++) {
		int r = own_judge(ret_changes, &own, now);
		if (r == UP_EDIT_CONFLICT)
			return r;
		if (r)
			return err_up(r);
	}
	int r = changes_make(out, now, ret_changes);
	return r ? err_up(r) : 0;
}

void up_changes_deinit(struct up_changes *changes)
{
	for (size_t i = 0; i < changes->count; i++)
		buf_deinit(&changes->items[i].text);
	free(changes->items);
	*changes = (struct up_changes){};
}

/* --- showing them --- */

struct edits {
	struct servers_edit *items;
	size_t count;
};

static void edits_deinit(struct edits *edits)
{
	for (size_t i = 0; i < edits->count; i++)
		free((char *)edits->items[i].text);
	free(edits->items);
}

static int edit_add(struct edits *edits, struct servers_edit edit, struct slice text)
{
	struct servers_edit *more = realloc(edits->items, (edits->count + 1) * sizeof(*more));
	if (!more)
		return err_raise(-ENOMEM);
	edits->items = more;
	edit.text = strndup(text.len ? (const char *)text.data : "", text.len);
	more[edits->count++] = edit;
	return edit.text ? 0 : err_raise(-ENOMEM);
}

static unsigned lines_count(struct slice text)
{
	struct slice line;
	unsigned count = 0;
	while (slice_line_next(&text, &line))
		count++;
	return count;
}

static unsigned lines_before(const struct own *own)
{
	struct slice rest = own->text;
	struct slice line;
	unsigned count = 0;
	while (slice_line_next(&rest, &line))
		count += begins(line, was);
	return count;
}

int up_edit_patch(struct buf *out, const char *path, struct slice before, struct slice after)
{
	CLEAN(edits_deinit) struct edits edits = {};
	struct slice rest = after;
	unsigned grown = 0;
	int r = 0;
	for (struct own own = { .number = 1 }; !r && own_next(&rest, &own); own.number++) {
		size_t at = (size_t)(own.text.data - after.data);
		struct servers_edit edit = { .path = path, .lines = lines_before(&own) };
		if (edit.lines)
			edit.line = lines_count(slice_head(after, at)) - grown + 1;
		grown += own.lines - edit.lines;
		r = edit_add(&edits, edit, own.text);
	}
	if (!r && !before.len)
		r = edit_add(&edits, (struct servers_edit){ .path = path }, after);
	return r ? err_up(r)
	         : err_up(servers_edit_patch(out, path, before, edits.items, edits.count));
}

int up_changes_patch(struct buf *out, const char *path, struct slice now,
                     const struct up_changes *changes)
{
	CLEAN(edits_deinit) struct edits edits = {};
	int r = 0;
	for (size_t i = 0; i < changes->count && !r; i++) {
		const struct up_change *c = &changes->items[i];
		r = edit_add(
			&edits,
			(struct servers_edit){ .path = path, .line = c->line, .lines = c->lines },
			buf_slice(&c->text));
	}
	return r ? err_up(r) : err_up(servers_edit_patch(out, path, now, edits.items, edits.count));
}
