/* What came since the last commit, in one transaction. */
#include "store/ledger_inside.h"

#include "base/clean.h"
#include "base/err.h"

#include <sqlite3.h>

static int fact_write(struct store_ledger *l, enum ledger_query query, const char *name,
                      int64_t value)
{
	struct ledger_binder b = ledger_bind(l, query);
	ledger_bind_text(&b, name);
	ledger_bind_number(&b, value);
	return err_up(ledger_run(l, &b, NULL));
}

static int facts_write(struct store_ledger *l)
{
	int r = 0;
	if (l->began_s)
		r = fact_write(l, LEDGER_FACT_KEEP, "began_s", l->began_s);
	if (!r && l->lost)
		r = fact_write(l, LEDGER_FACT_ADD, "lost", (int64_t)l->lost);
	return err_up(r);
}

static int all_write(struct store_ledger *l)
{
	static int (*const writers[])(struct store_ledger *) = {
		ledger_sums_write,   ledger_names_write,     ledger_fars_write,
		ledger_hellos_write, ledger_exposures_write, ledger_events_write,
		ledger_rows_write,   ledger_workers_write,   facts_write,
	};
	for (size_t i = 0; i < COUNT_OF(writers); i++) {
		int r = writers[i](l);
		if (r)
			return err_up(r);
	}
	return 0;
}

/* How many rows there are, as it was before a transaction that failed. */
static void bounds_note(struct store_ledger *l, bool is_back)
{
	struct ledger_bound *const bounds[] = { &l->names_kept, &l->fars_kept, &l->hellos_kept,
		                                &l->exposures_kept };
	for (size_t i = 0; i < COUNT_OF(bounds); i++)
		if (is_back)
			bounds[i]->count = bounds[i]->count_before;
		else
			bounds[i]->count_before = bounds[i]->count;
}

static int transaction(struct store_ledger *l)
{
	int r = ledger_query_run(l, LEDGER_BEGIN);
	if (r)
		return err_up(r);
	bounds_note(l, false);
	r = all_write(l);
	if (!r)
		r = ledger_query_run(l, LEDGER_COMMIT);
	if (!r)
		return 0;
	bounds_note(l, true);
	/* A full disk may have rolled it back already. */
	if (!sqlite3_get_autocommit(l->db))
		(void)!ledger_query_run(l, LEDGER_ROLLBACK);
	return err_up(r);
}

static void news_forget(struct store_ledger *l)
{
	ledger_tables_clear(l);
	for (size_t i = 0; i < l->worker_count; i++)
		l->workers[i].is_new = false;
	l->lost = 0;
	l->has_news = false;
}

int store_ledger_commit(struct store_ledger *l)
{
	int r = l->has_news ? transaction(l) : 0;
	if (r)
		return err_up(r);
	if (l->has_news)
		news_forget(l);
	ledger_wal_empty(l);
	return 0;
}
