#include "servers/edit.h"

#include "base/clean.h"
#include "base/err.h"
#include "servers/secret.h"

#include <errno.h>
#include <stdlib.h>

enum { CONTEXT = 3 };

/* An edit with its place as offsets into the lines: [from, to) are replaced. */
struct change {
	size_t from, to; /* lines, from 0 */
	size_t order;    /* as given: what comes first stays first */
	struct slice text;
};

struct work {
	struct slice *lines; /* each with its end, the last maybe without */
	size_t line_count;
	struct change *changes;
	size_t change_count;
};

static void work_deinit(struct work *w)
{
	free(w->lines);
	free(w->changes);
}

static size_t line_take(struct slice *text, struct slice *ret_line)
{
	size_t end = slice_find(*text, '\n');
	*ret_line = slice_head(*text, end + 1);
	*text = slice_skip(*text, end + 1);
	return ret_line->len;
}

static size_t lines_count(struct slice text)
{
	struct slice line;
	size_t count = 0;
	while (text.len)
		count += line_take(&text, &line) > 0;
	return count;
}

static int by_place(const void *a, const void *b)
{
	const struct change *one = a, *two = b;
	if (one->from != two->from)
		return one->from < two->from ? -1 : 1;
	/* What is put before a line comes before what replaces it. */
	if ((one->to == one->from) != (two->to == two->from))
		return one->to == one->from ? -1 : 1;
	return one->order < two->order ? -1 : one->order > two->order;
}

static struct change change_of(const struct servers_edit *edit, size_t line_count, size_t order)
{
	size_t from = edit->line ? edit->line - 1 : line_count;
	if (from > line_count)
		from = line_count;
	size_t to = edit->line ? from + edit->lines : from;
	if (to > line_count)
		to = line_count;
	return (struct change){ from, to, order, slice_str(edit->text) };
}

/* Those that touch lines of one before them go. */
static void overlaps_drop(struct work *w)
{
	size_t kept = 0;
	size_t free_from = 0;
	for (size_t i = 0; i < w->change_count; i++) {
		if (w->changes[i].from < free_from)
			continue;
		free_from = w->changes[i].to;
		w->changes[kept++] = w->changes[i];
	}
	w->change_count = kept;
}

static int work_make(struct work *w, struct slice text, const struct servers_edit *edits,
                     size_t count)
{
	w->line_count = lines_count(text);
	w->lines = calloc(w->line_count + 1, sizeof(*w->lines));
	w->changes = calloc(count + 1, sizeof(*w->changes));
	if (!w->lines || !w->changes)
		return err_raise(-ENOMEM);
	for (size_t i = 0; i < w->line_count; i++)
		line_take(&text, &w->lines[i]);
	for (size_t i = 0; i < count; i++)
		w->changes[w->change_count++] = change_of(&edits[i], w->line_count, i);
	qsort(w->changes, w->change_count, sizeof(*w->changes), by_place);
	overlaps_drop(w);
	return 0;
}

static bool has_end(struct slice line)
{
	return line.len && line.data[line.len - 1] == '\n';
}

/* --- the patch --- */

static int line_print(struct buf *out, char mark, struct slice line)
{
	int r = buf_printf(out, "%c", mark);
	if (!r)
		r = buf_add(out, line);
	if (!r && !has_end(line))
		r = buf_add_str(out, "\n\\ No newline at end of file\n");
	return err_up(r);
}

static int lines_print(struct buf *out, char mark, const struct work *w, size_t from, size_t to)
{
	int r = 0;
	for (size_t i = from; !r && i < to; i++)
		r = line_print(out, mark, w->lines[i]);
	return err_up(r);
}

static int added_print(struct buf *out, struct slice text)
{
	struct slice line;
	int r = 0;
	while (!r && text.len) {
		line_take(&text, &line);
		r = line_print(out, '+', line);
	}
	return err_up(r);
}

/* The changes [first, last) whose contexts meet, and the lines they show. */
struct hunk {
	size_t first, last;
	size_t from, to;
};

/* Lines [from, to) hold no secret. */
static bool may_be_shown(const struct work *w, size_t from, size_t to)
{
	while (from < to && !servers_secret_is_in(w->lines[from]))
		from++;
	return from == to;
}

static bool contexts_meet(const struct work *w, const struct change *one, const struct change *next)
{
	return next->from <= one->to + (size_t)2 * CONTEXT && may_be_shown(w, one->to, next->from);
}

/* A patch is shown to others: its context has no passwords. Where a side is cut both are, for
 * patch takes the longer one for a sign of where the file ends. */
static void contexts_cut(const struct work *w, struct hunk *h, size_t begin, size_t end)
{
	size_t before = begin - h->from, after = h->to - end,
	       least = before < after ? before : after;
	if (may_be_shown(w, h->from, begin) && may_be_shown(w, end, h->to))
		return;
	while (least &&
	       !(may_be_shown(w, begin - least, begin) && may_be_shown(w, end, end + least)))
		least--;
	h->from = begin - least;
	h->to = end + least;
}

static struct hunk hunk_find(const struct work *w, size_t first)
{
	struct hunk h = { .first = first, .last = first + 1 };
	while (h.last < w->change_count &&
	       contexts_meet(w, &w->changes[h.last - 1], &w->changes[h.last]))
		h.last++;
	size_t begin = w->changes[first].from, end = w->changes[h.last - 1].to;
	h.from = begin > CONTEXT ? begin - CONTEXT : 0;
	h.to = end + CONTEXT < w->line_count ? end + CONTEXT : w->line_count;
	contexts_cut(w, &h, begin, end);
	return h;
}

static bool is_unfinished_end(const struct work *w, const struct change *change)
{
	return change->from == w->line_count && w->line_count && change->text.len &&
	       !has_end(w->lines[w->line_count - 1]);
}

/* A last line without an end is replaced by itself with one. */
static void unfinished_mend(struct work *w, struct buf *ret_text, int *ret_r)
{
	struct change *last = w->change_count ? &w->changes[w->change_count - 1] : NULL;
	if (!last || !is_unfinished_end(w, last))
		return;
	int r = buf_add(ret_text, w->lines[w->line_count - 1]);
	if (!r)
		r = buf_add_str(ret_text, "\n");
	for (size_t i = 0; !r && i < w->change_count; i++)
		if (w->changes[i].from == w->line_count)
			r = buf_add(ret_text, w->changes[i].text);
	while (w->change_count && w->changes[w->change_count - 1].from == w->line_count)
		w->change_count--;
	w->changes[w->change_count++] =
		(struct change){ w->line_count - 1, w->line_count, 0, buf_slice(ret_text) };
	overlaps_drop(w);
	*ret_r = err_up(r);
}

static long hunk_growth(const struct work *w, const struct hunk *h)
{
	long growth = 0;
	for (size_t i = h->first; i < h->last; i++)
		growth += (long)lines_count(w->changes[i].text) -
		          (long)(w->changes[i].to - w->changes[i].from);
	return growth;
}

static int hunk_print(struct buf *out, const struct work *w, const struct hunk *h, long shift)
{
	long before = (long)(h->to - h->from), after = before + hunk_growth(w, h);
	long from = (long)h->from;
	int r = buf_printf(out, "@@ -%ld,%ld +%ld,%ld @@\n", before ? from + 1 : from, before,
	                   after ? from + shift + 1 : from + shift, after);
	size_t at = h->from;
	for (size_t i = h->first; !r && i < h->last; i++) {
		const struct change *change = &w->changes[i];
		r = lines_print(out, ' ', w, at, change->from);
		if (!r)
			r = lines_print(out, '-', w, change->from, change->to);
		if (!r)
			r = added_print(out, change->text);
		at = change->to;
	}
	return r ? err_up(r) : lines_print(out, ' ', w, at, h->to);
}

int servers_edit_patch(struct buf *out, const char *path, struct slice text,
                       const struct servers_edit *edits, size_t count)
{
	CLEAN(work_deinit) struct work w = {};
	CLEAN(buf_deinit) struct buf mended = {};
	int r = work_make(&w, text, edits, count);
	if (!r)
		unfinished_mend(&w, &mended, &r);
	if (r || !w.change_count)
		return err_up(r);
	path += path[0] == '/';
	r = buf_printf(out, "--- a/%s\n+++ b/%s\n", path, path);
	long shift = 0;
	for (size_t i = 0; !r && i < w.change_count;) {
		struct hunk h = hunk_find(&w, i);
		r = hunk_print(out, &w, &h, shift);
		shift += hunk_growth(&w, &h);
		i = h.last;
	}
	return err_up(r);
}
