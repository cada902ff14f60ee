/*
 * A report's answer as data: columns, rows, notes. Reports compute tables; who shows them (the
 * terminal, CSV, JSON, web/) draws them from the same cells. Pure.
 *
 *	r = REPORT_ROW(t, report_text(edge), report_count(sessions), report_share(sealed, all));
 */
#ifndef REPORT_TABLE_H
#define REPORT_TABLE_H

#include "base/buf.h"

struct json_t;

enum report_kind {
	REPORT_TEXT, /* may be what a stranger wrote */
	REPORT_COUNT,
	REPORT_BYTES,
	REPORT_SHARE, /* a part of a whole, 0 to 1 */
	REPORT_TIME,  /* Unix time in seconds */
	REPORT_BOOL,
};

struct report_column {
	const char *id;      /* in JSON and CSV */
	const char *heading; /* for people */
	enum report_kind kind;
};

/* All zero: nothing is known. */
struct report_cell {
	enum report_kind kind;
	bool is_known;
	union {
		const char *text; /* the table's own once it is in one */
		int64_t number;   /* COUNT, BYTES, TIME */
		double share;
		bool yes;
	};
};

/* All zero but what is above "Owned" is an empty one. */
struct report_table {
	const char *id;    /* its key where JSON has several */
	const char *title; /* for people; not owned */
	const char *empty; /* what is said if there are no rows; NULL: "nothing" */
	const struct report_column *columns;
	size_t column_count;
	/* Columns from here on are left out, the last first, on a terminal that has no room; 0:
	 * none is. */
	size_t spare_from;
	/* Owned. */
	struct report_cell *cells; /* row after row */
	size_t row_count, row_cap;
	char **notes; /* sentences below it */
	size_t note_count;
};

static inline struct report_cell report_unknown(void)
{
	return (struct report_cell){};
}

/* NULL or "": nothing is known. Borrowed until it is in a table. */
static inline struct report_cell report_text(const char *text)
{
	bool is_known = text && text[0];
	return (struct report_cell){ .kind = REPORT_TEXT, .is_known = is_known, .text = text };
}

static inline struct report_cell report_count(uint64_t count)
{
	return (struct report_cell){ REPORT_COUNT, true, { .number = (int64_t)count } };
}

static inline struct report_cell report_bytes(uint64_t count)
{
	return (struct report_cell){ REPORT_BYTES, true, { .number = (int64_t)count } };
}

/* Of nothing no share is known. */
static inline struct report_cell report_share(uint64_t part, uint64_t whole)
{
	double share = whole ? (double)part / (double)whole : 0;
	return (struct report_cell){ REPORT_SHARE, whole != 0, { .share = share } };
}

/* 0: never. */
static inline struct report_cell report_time(int64_t at_s)
{
	return (struct report_cell){ REPORT_TIME, at_s != 0, { .number = at_s } };
}

static inline struct report_cell report_bool(bool yes)
{
	return (struct report_cell){ .kind = REPORT_BOOL, .is_known = true, .yes = yes };
}

void report_table_deinit(struct report_table *t);

/* A row of column_count cells, each unknown or of its column's kind; texts are copied. 0 or
 * -ENOMEM. */
[[nodiscard]] int report_table_add(struct report_table *t, const struct report_cell *cells,
                                   size_t count);
#define REPORT_ROW(t, ...)                                                                         \
	report_table_add((t), (const struct report_cell[]){ __VA_ARGS__ },                         \
	                 sizeof((struct report_cell[]){ __VA_ARGS__ }) /                           \
	                         sizeof(struct report_cell))

/* A sentence below the rows. 0 or -ENOMEM. */
[[nodiscard]] int report_table_note(struct report_table *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static inline const struct report_cell *report_table_cell(const struct report_table *t, size_t row,
                                                          size_t column)
{
	return &t->cells[row * t->column_count + column];
}

/* Numbers stand to the right. */
bool report_kind_is_right(enum report_kind kind);

/*
 * A cell for people, one line: "98.7 %" (never rounded up to all, nor down to none), "1.5 MiB",
 * "2027-03-31 12:00" (UTC), "yes", "-" where nothing is known. A text is printable ASCII then: any
 * other byte is "\xNN". 0 or -ENOMEM.
 */
[[nodiscard]] int report_cell_write(struct buf *out, const struct report_cell *cell);

/* Title, heading, rows, notes. Where the lines would be wider than width characters (0: never),
 * spare columns are left out until texts have 28, then texts are cut, with "..". 0 or -ENOMEM. */
[[nodiscard]] int report_table_text(struct buf *out, const struct report_table *t, size_t width);

/* RFC 4180, ids first. What a spreadsheet would take for a formula has a ' before it; bytes that
 * are not printable ASCII are "\xNN". Shares as 0.9871, times as in JSON. 0 or -ENOMEM. */
[[nodiscard]] int report_table_csv(struct buf *out, const struct report_table *t);

/* A list of objects by the columns' ids; null where nothing is known. Times as
 * "2027-03-31T12:00:00Z", shares as numbers. What is no UTF-8 comes with "\xNN" for its odd bytes.
 * NULL: out of memory. */
struct json_t *report_table_json(const struct report_table *t);

#endif
