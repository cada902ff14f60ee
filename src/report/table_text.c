/* A table as aligned lines of text. */
#include "base/clean.h"
#include "base/err.h"
#include "report/table.h"

#include <errno.h>
#include <stdlib.h>

/* How a table is laid out. */
struct layout {
	size_t *widths; /* of columns, in characters */
	size_t count;   /* columns that are shown */
};

/* Characters: of a text that is cut; that is worth more than a spare column; between columns. */
enum { NARROWEST = 12, WORTHY = 28, GAP = 2 };

static size_t cell_width(struct buf *scratch, const struct report_cell *cell)
{
	buf_clear(scratch);
	return report_cell_write(scratch, cell) ? 0 : buf_len(scratch);
}

static void layout_measure(struct layout *l, const struct report_table *t, struct buf *scratch)
{
	l->count = t->column_count;
	for (size_t i = 0; i < l->count; i++)
		l->widths[i] = strlen(t->columns[i].heading);
	for (size_t row = 0; row < t->row_count; row++)
		for (size_t i = 0; i < l->count; i++) {
			size_t wide = cell_width(scratch, report_table_cell(t, row, i));
			if (wide > l->widths[i])
				l->widths[i] = wide;
		}
}

/* With texts cut to text_max. */
static size_t line_width(const struct layout *l, const struct report_table *t, size_t text_max)
{
	size_t sum = l->count ? GAP * (l->count - 1) : 0;
	for (size_t i = 0; i < l->count; i++) {
		bool is_cut = t->columns[i].kind == REPORT_TEXT && l->widths[i] > text_max;
		sum += is_cut ? text_max : l->widths[i];
	}
	return sum;
}

/* The widest text that may still be cut, or l->count. */
static size_t widest_text(const struct layout *l, const struct report_table *t)
{
	size_t best = l->count;
	for (size_t i = 0; i < l->count; i++)
		if (t->columns[i].kind == REPORT_TEXT && l->widths[i] > NARROWEST &&
		    l->widths[i] > strlen(t->columns[i].heading) &&
		    (best == l->count || l->widths[i] > l->widths[best]))
			best = i;
	return best;
}

static void layout_fit(struct layout *l, const struct report_table *t, size_t width)
{
	while (t->spare_from && l->count > t->spare_from && line_width(l, t, WORTHY) > width)
		l->count--;
	while (line_width(l, t, SIZE_MAX) > width) {
		size_t i = widest_text(l, t);
		if (i == l->count)
			return;
		l->widths[i]--;
	}
}

static int pad(struct buf *out, size_t count)
{
	return count ? err_up(buf_printf(out, "%*s", (int)count, "")) : 0;
}

/* One cell of a line; the last one has nothing behind it. */
static int piece_write(struct buf *out, struct slice text, size_t width, bool is_right,
                       bool is_last)
{
	bool is_cut = text.len > width;
	struct slice shown = slice_head(text, is_cut ? width - 2 : text.len);
	size_t room = is_cut ? 0 : width - text.len;
	int r = is_right ? pad(out, room) : 0;
	if (!r)
		r = buf_add(out, shown);
	if (!r && is_cut)
		r = buf_add_str(out, "..");
	if (!r && !is_last)
		r = pad(out, (is_right ? 0 : room) + GAP);
	return err_up(r);
}

static int heading_write(struct buf *out, const struct report_table *t, const struct layout *l)
{
	int r = 0;
	for (size_t i = 0; !r && i < l->count; i++)
		r = piece_write(out, slice_str(t->columns[i].heading), l->widths[i],
		                report_kind_is_right(t->columns[i].kind), i + 1 == l->count);
	return r ? err_up(r) : err_up(buf_add_str(out, "\n"));
}

static int row_write(struct buf *out, const struct report_table *t, const struct layout *l,
                     size_t row, struct buf *scratch)
{
	int r = 0;
	for (size_t i = 0; !r && i < l->count; i++) {
		buf_clear(scratch);
		r = report_cell_write(scratch, report_table_cell(t, row, i));
		if (!r)
			r = piece_write(out, buf_slice(scratch), l->widths[i],
			                report_kind_is_right(t->columns[i].kind),
			                i + 1 == l->count);
	}
	return r ? err_up(r) : err_up(buf_add_str(out, "\n"));
}

static int rows_write(struct buf *out, const struct report_table *t, size_t width)
{
	CLEAN(buf_deinit) struct buf scratch = {};
	CLEAN(freep) size_t *widths = calloc(t->column_count, sizeof(*widths));
	struct layout l = { .widths = widths };
	if (!widths)
		return err_raise(-ENOMEM);
	if (!t->row_count)
		return err_up(buf_printf(out, "%s\n", t->empty ? t->empty : "nothing"));
	layout_measure(&l, t, &scratch);
	if (width)
		layout_fit(&l, t, width);
	int r = heading_write(out, t, &l);
	for (size_t row = 0; !r && row < t->row_count; row++)
		r = row_write(out, t, &l, row, &scratch);
	if (!r && l.count < t->column_count)
		r = buf_printf(out, "(%zu more columns on a wider terminal, or with --json)\n",
		               t->column_count - l.count);
	return err_up(r);
}

int report_table_text(struct buf *out, const struct report_table *t, size_t width)
{
	int r = t->title ? buf_printf(out, "%s\n\n", t->title) : 0;
	if (!r)
		r = rows_write(out, t, width);
	for (size_t i = 0; !r && i < t->note_count; i++) {
		const struct report_cell note = report_text(t->notes[i]);
		r = buf_add_str(out, i ? "" : "\n");
		if (!r)
			r = report_cell_write(out, &note);
		if (!r)
			r = buf_add_str(out, "\n");
	}
	return err_up(r);
}
