#include "report/table.h"

#include "base/clean.h"
#include "base/err.h"

#include <assert.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROWS_FIRST = 16, NUMBER_CAP = 48 };

void report_table_deinit(struct report_table *t)
{
	for (size_t i = 0; i < t->row_count * t->column_count; i++)
		if (t->cells[i].kind == REPORT_TEXT)
			free((char *)t->cells[i].text);
	for (size_t i = 0; i < t->note_count; i++)
		free(t->notes[i]);
	free(t->cells);
	free(t->notes);
	t->cells = NULL;
	t->notes = NULL;
	t->row_count = t->row_cap = t->note_count = 0;
}

static int row_reserve(struct report_table *t)
{
	size_t cap = t->row_cap ? 2 * t->row_cap : ROWS_FIRST;
	if (t->row_count < t->row_cap)
		return 0;
	void *cells = reallocarray(t->cells, cap * t->column_count, sizeof(*t->cells));
	if (!cells)
		return err_raise(-ENOMEM);
	t->cells = cells;
	t->row_cap = cap;
	return 0;
}

static int cell_take(struct report_cell *to, const struct report_cell *from)
{
	*to = *from;
	if (!from->is_known)
		*to = (struct report_cell){};
	else if (from->kind == REPORT_TEXT && !(to->text = strdup(from->text)))
		return err_raise(-ENOMEM);
	return 0;
}

int report_table_add(struct report_table *t, const struct report_cell *cells, size_t count)
{
	assert(count == t->column_count);
	int r = row_reserve(t);
	if (r)
		return err_up(r);
	struct report_cell *row = &t->cells[t->row_count * t->column_count];
	memset(row, 0, count * sizeof(*row));
	t->row_count++;
	for (size_t i = 0; !r && i < count; i++) {
		assert(!cells[i].is_known || cells[i].kind == t->columns[i].kind);
		r = cell_take(&row[i], &cells[i]);
	}
	return err_up(r);
}

int report_table_note(struct report_table *t, const char *format, ...)
{
	va_list args;
	char *note = NULL;
	char **notes = reallocarray(t->notes, t->note_count + 1, sizeof(*notes));
	if (!notes)
		return err_raise(-ENOMEM);
	t->notes = notes;
	va_start(args, format);
	int n = vasprintf(&note, format, args);
	va_end(args);
	if (n < 0)
		return err_raise(-ENOMEM);
	t->notes[t->note_count++] = note;
	return 0;
}

bool report_kind_is_right(enum report_kind kind)
{
	return kind == REPORT_COUNT || kind == REPORT_BYTES || kind == REPORT_SHARE;
}

/* --- cells --- */

static int text_write(struct buf *out, const char *text)
{
	int r = 0;
	while (!r && *text) {
		size_t fine = 0;
		while (text[fine] >= ' ' && text[fine] <= '~')
			fine++;
		r = buf_add(out, slice_of(text, fine));
		text += fine;
		if (!r && *text)
			r = buf_printf(out, "\\x%02x", (unsigned)(uint8_t)*text++);
	}
	return err_up(r);
}

static int share_write(struct buf *out, double share)
{
	double percent = floor(share * 1000) / 10;
	if (share > 0 && percent < 0.1)
		return buf_add_str(out, "<0.1 %");
	return buf_printf(out, "%.1f %%", percent);
}

static int bytes_write(struct buf *out, int64_t count)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB" };
	double size = (double)count / 1024;
	size_t unit = 0;
	if (count < 1024)
		return buf_printf(out, "%lld B", (long long)count);
	for (; size >= 1024 && unit + 1 < COUNT_OF(units); unit++)
		size /= 1024;
	return buf_printf(out, "%.1f %s", floor(size * 10) / 10, units[unit]);
}

static int time_write(struct buf *out, int64_t at_s, bool is_for_people)
{
	char text[NUMBER_CAP];
	struct tm tm;
	time_t at = (time_t)at_s;
	if (!gmtime_r(&at, &tm))
		return buf_printf(out, "%lld", (long long)at_s);
	size_t len = is_for_people ? strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &tm)
	                           : strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return buf_add(out, slice_of(text, len));
}

int report_cell_write(struct buf *out, const struct report_cell *cell)
{
	if (!cell->is_known)
		return err_up(buf_add_str(out, "-"));
	switch (cell->kind) {
	case REPORT_TEXT:
		return err_up(text_write(out, cell->text));
	case REPORT_COUNT:
		return err_up(buf_printf(out, "%lld", (long long)cell->number));
	case REPORT_BYTES:
		return err_up(bytes_write(out, cell->number));
	case REPORT_SHARE:
		return err_up(share_write(out, cell->share));
	case REPORT_TIME:
		return err_up(time_write(out, cell->number, true));
	case REPORT_BOOL:
		return err_up(buf_add_str(out, cell->yes ? "yes" : "no"));
	}
	return err_raise(-EINVAL);
}

/* --- CSV --- */

/* What a spreadsheet would run, or quotes would break. The text is printable by now. */
static int csv_text(struct buf *out, const char *text)
{
	CLEAN(buf_deinit) struct buf plain = {};
	int r = text_write(&plain, text);
	struct slice left = buf_slice(&plain);
	const char *blanks = left.len ? (const char *)left.data : "";
	size_t first = 0;
	while (first < left.len && blanks[first] == ' ')
		first++;
	bool is_formula = first < left.len && strchr("=+-@", blanks[first]);
	if (!r)
		r = buf_add_str(out, is_formula ? "\"'" : "\"");
	while (!r && left.len) {
		size_t quote = slice_find(left, '"');
		r = buf_add(out, slice_head(left, quote));
		if (!r && quote < left.len)
			r = buf_add_str(out, "\"\"");
		left = slice_skip(left, quote + 1);
	}
	return r ? err_up(r) : err_up(buf_add_str(out, "\""));
}

static int csv_cell(struct buf *out, const struct report_cell *cell)
{
	if (!cell->is_known)
		return 0;
	switch (cell->kind) {
	case REPORT_TEXT:
		return err_up(csv_text(out, cell->text));
	case REPORT_COUNT:
	case REPORT_BYTES:
		return err_up(buf_printf(out, "%lld", (long long)cell->number));
	case REPORT_SHARE:
		return err_up(buf_printf(out, "%.6f", cell->share));
	case REPORT_TIME:
		return err_up(time_write(out, cell->number, false));
	case REPORT_BOOL:
		return err_up(buf_add_str(out, cell->yes ? "true" : "false"));
	}
	return err_raise(-EINVAL);
}

int report_table_csv(struct buf *out, const struct report_table *t)
{
	int r = 0;
	for (size_t i = 0; !r && i < t->column_count; i++)
		r = buf_printf(out, "%s%s", i ? "," : "", t->columns[i].id);
	for (size_t row = 0; !r && row < t->row_count; row++) {
		r = buf_add_str(out, "\r\n");
		for (size_t i = 0; !r && i < t->column_count; i++) {
			if (i)
				r = buf_add_str(out, ",");
			if (!r)
				r = csv_cell(out, report_table_cell(t, row, i));
		}
	}
	return r ? err_up(r) : err_up(buf_add_str(out, "\r\n"));
}

/* --- JSON --- */

static json_t *json_written(int (*write)(struct buf *out, const struct report_cell *cell),
                            const struct report_cell *cell)
{
	CLEAN(buf_deinit) struct buf text = {};
	if (write(&text, cell))
		return NULL;
	return json_stringn((const char *)buf_slice(&text).data, buf_len(&text));
}

static json_t *json_cell(const struct report_cell *cell)
{
	if (!cell->is_known)
		return json_null();
	switch (cell->kind) {
	case REPORT_TEXT: {
		json_t *text = json_string(cell->text);
		return text ? text : json_written(report_cell_write, cell);
	}
	case REPORT_COUNT:
	case REPORT_BYTES:
		return json_integer(cell->number);
	case REPORT_SHARE:
		return json_real(cell->share);
	case REPORT_TIME:
		return json_written(csv_cell, cell);
	case REPORT_BOOL:
		return json_boolean(cell->yes);
	}
	return NULL;
}

static int json_row(json_t *list, const struct report_table *t, size_t row)
{
	json_t *object = json_object();
	if (json_array_append_new(list, object))
		return err_raise(-ENOMEM);
	for (size_t i = 0; i < t->column_count; i++)
		if (json_object_set_new(object, t->columns[i].id,
		                        json_cell(report_table_cell(t, row, i))))
			return err_raise(-ENOMEM);
	return 0;
}

struct json_t *report_table_json(const struct report_table *t)
{
	json_t *list = json_array();
	int r = list ? 0 : -ENOMEM;
	for (size_t row = 0; !r && row < t->row_count; row++)
		r = json_row(list, t, row);
	if (!r)
		return list;
	json_decref(list);
	return NULL;
}
