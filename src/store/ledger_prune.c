/* What is due to go, a few rows at a time. */
#include "store/ledger_inside.h"

#include "base/clean.h"
#include "base/err.h"

#include <sqlite3.h>

enum {
	SESSIONS_AT_ONCE = 100,           /* they lie side by side */
	ROWS_AT_ONCE = 20,                /* about a millisecond */
	WORKERS_S = 30 * 86400,           /* silent so long, it does not come again */
	WAL_PAGES = 4 * LEDGER_WAL_PAGES, /* nobody commits meanwhile */
};

enum age { AGE_RETENTION, AGE_SUMS, AGE_WORKERS };

/* bound: offset of what counts its rows; 0: nothing does. */
static const struct task {
	enum ledger_query query;
	enum age age;
	size_t bound;
	int is_long; /* ?3, where there is one */
} tasks[] = {
	{ LEDGER_PRUNE_SESSIONS, AGE_RETENTION, 0, -1 },
	{ LEDGER_PRUNE_NAMES, AGE_RETENTION, offsetof(struct store_ledger, names_kept), -1 },
	{ LEDGER_PRUNE_FARS, AGE_RETENTION, offsetof(struct store_ledger, fars_kept), -1 },
	{ LEDGER_PRUNE_HELLOS, AGE_RETENTION, offsetof(struct store_ledger, hellos_kept), 0 },
	{ LEDGER_PRUNE_HELLOS, AGE_RETENTION, offsetof(struct store_ledger, hellos_kept), 1 },
	{ LEDGER_PRUNE_EXPOSURES, AGE_RETENTION, offsetof(struct store_ledger, exposures_kept), 0 },
	{ LEDGER_PRUNE_EXPOSURES, AGE_RETENTION, offsetof(struct store_ledger, exposures_kept), 1 },
	{ LEDGER_PRUNE_EVENTS, AGE_RETENTION, 0, -1 },
	{ LEDGER_PRUNE_ALARMS, AGE_RETENTION, 0, -1 },
	{ LEDGER_PRUNE_WORKERS, AGE_WORKERS, 0, -1 },
	{ LEDGER_PRUNE_SUMS, AGE_SUMS, 0, -1 },
};

static int64_t before_of(const struct store_ledger *l, enum age age, int64_t now_s)
{
	switch (age) {
	case AGE_RETENTION:
		return now_s - l->retention_s;
	case AGE_SUMS:
		return now_s - STORE_LEDGER_SUMS_S;
	case AGE_WORKERS:
		return now_s - WORKERS_S;
	}
	return 0;
}

static int rows_delete(struct store_ledger *l, const struct task *t, int64_t before,
                       int64_t *ret_rows)
{
	struct ledger_binder b = ledger_bind(l, t->query);
	int count = sqlite3_bind_parameter_count(b.at);
	ledger_bind_number(&b, before);
	if (count >= 2)
		ledger_bind_number(&b, t->query == LEDGER_PRUNE_SESSIONS ? SESSIONS_AT_ONCE
		                                                         : ROWS_AT_ONCE);
	if (count >= 3)
		ledger_bind_number(&b, t->is_long);
	int r = ledger_run(l, &b, ret_rows);
	if (r)
		return err_up(r);
	if (t->bound)
		((struct ledger_bound *)((char *)l + t->bound))->count -= *ret_rows;
	return 0;
}

static int old_delete(struct store_ledger *l, int64_t now_s, int64_t *ret_rows)
{
	*ret_rows = 0;
	for (size_t i = 0; i < COUNT_OF(tasks) && !*ret_rows; i++) {
		int r = rows_delete(l, &tasks[i], before_of(l, tasks[i].age, now_s), ret_rows);
		if (r)
			return err_up(r);
	}
	return 0;
}

static int is_over(struct store_ledger *l, bool *ret_over)
{
	struct ledger_binder pages_bind = ledger_bind(l, LEDGER_PAGES);
	struct ledger_binder free_bind = ledger_bind(l, LEDGER_PAGES_FREE);
	int64_t pages = 0, free_pages = 0;
	int r = ledger_number(&pages_bind, &pages);
	if (!r)
		r = ledger_number(&free_bind, &free_pages);
	*ret_over = !r && l->max_bytes && (pages - free_pages) * l->page_size > l->max_bytes;
	return err_up(r);
}

/* The oldest, whatever their age: sessions, and when there are none, names. */
static int most_delete(struct store_ledger *l, int64_t *ret_rows)
{
	bool over = false;
	int r = is_over(l, &over);
	*ret_rows = 0;
	for (size_t i = 0; !r && over && i < 2 && !*ret_rows; i++)
		r = rows_delete(l, &tasks[i], INT64_MAX, ret_rows);
	return err_up(r);
}

int store_ledger_prune(struct store_ledger *l, int64_t now_s, bool *ret_more)
{
	int64_t rows = 0;
	int r = old_delete(l, now_s, &rows);
	if (!r && !rows)
		r = most_delete(l, &rows);
	*ret_more = !r && rows > 0;
	if (l->wal_pages >= WAL_PAGES)
		ledger_wal_empty(l);
	return err_up(r);
}
