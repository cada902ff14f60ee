#include "store/ledger_inside.h"

#include "base/clean.h"
#include "base/err.h"
#include "store/store.h"

#include <errno.h>
#include <sqlite3.h>

/* What is deleted may name somebody: it is overwritten (see store_ledger_forget()). */
#define PRAGMAS                                                                                    \
	"PRAGMA secure_delete = ON; PRAGMA cache_size = -65536;"                                   \
	"PRAGMA journal_size_limit = 67108864"

static int tables_init(struct store_ledger *l)
{
	const struct {
		struct ledger_table *table;
		size_t max;
	} tables[] = {
		{ &l->sums, LEDGER_SUMS_MAX },
		{ &l->names, LEDGER_NAMES_PENDING },
		{ &l->fars, LEDGER_FARS_PENDING },
		{ &l->hellos, LEDGER_HELLOS_PENDING },
		{ &l->exposures, LEDGER_EXPOSURES_PENDING },
		{ &l->events, LEDGER_EVENTS_PENDING },
	};
	int r = ledger_words_init(&l->words, LEDGER_WORDS_MAX);
	for (size_t i = 0; i < COUNT_OF(tables) && !r; i++)
		r = ledger_table_init(tables[i].table, tables[i].max);
	return err_up(r);
}

void ledger_tables_clear(struct store_ledger *l)
{
	ledger_table_clear(&l->sums);
	ledger_table_clear(&l->names);
	ledger_table_clear(&l->fars);
	ledger_table_clear(&l->hellos);
	ledger_table_clear(&l->exposures);
	ledger_table_clear(&l->events);
	ledger_rows_clear(l);
}

static struct store_ledger *ledger_new(const struct store_ledger_settings *set)
{
	struct store_ledger *l = calloc(1, sizeof(*l));
	if (!l)
		return NULL;
	l->keep = set->keep;
	l->client_address = set->client_address;
	l->has_hook = set->has_hook;
	l->retention_s = set->retention_s;
	l->max_bytes = set->max_bytes;
	l->rows_end = &l->rows;
	l->rows_max = LEDGER_ROWS_PENDING;
	l->names_kept.max = STORE_LEDGER_NAMES_MAX;
	l->fars_kept.max = STORE_LEDGER_FARS_MAX;
	l->hellos_kept.max = STORE_LEDGER_HELLOS_MAX;
	l->exposures_kept.max = STORE_LEDGER_EXPOSURES_MAX;
	l->events_kept.max = STORE_LEDGER_EVENTS_MAX;
	return l;
}

static int counts_read(struct store_ledger *l)
{
	const struct {
		enum ledger_query query;
		int64_t *number;
	} counts[] = {
		{ LEDGER_NAMES_COUNT, &l->names_kept.count },
		{ LEDGER_FARS_COUNT, &l->fars_kept.count },
		{ LEDGER_HELLOS_COUNT, &l->hellos_kept.count },
		{ LEDGER_EXPOSURES_COUNT, &l->exposures_kept.count },
		{ LEDGER_PAGE_SIZE, &l->page_size },
	};
	int r = 0;
	for (size_t i = 0; i < COUNT_OF(counts) && !r; i++) {
		struct ledger_binder b = ledger_bind(l, counts[i].query);
		r = ledger_number(&b, counts[i].number);
	}
	return err_up(r);
}

static int open_as(struct store_ledger *l, const char *path, struct store_opened *ret_opened)
{
	int r = tables_init(l);
	if (!r)
		r = store_open(&l->db, path, &store_ledger_schema, ret_opened);
	if (!r && sqlite3_exec(l->db, PRAGMAS, NULL, NULL, NULL))
		r = err_raise(-EIO);
	if (!r)
		r = store_prepare(l->db, ledger_queries, LEDGER_QUERY_COUNT, l->statements);
	if (r)
		return err_up(r);
	ledger_wal_watch(l);
	return err_up(counts_read(l));
}

int store_ledger_open(struct store_ledger **ret_l, const struct store_ledger_settings *set,
                      struct store_opened *ret_opened)
{
	struct store_ledger *l = ledger_new(set);
	if (!l)
		return err_raise(-ENOMEM);
	int r = open_as(l, set->path, ret_opened);
	if (r) {
		store_ledger_close(l);
		return err_up(r);
	}
	*ret_l = l;
	return 0;
}

void store_ledger_close(struct store_ledger *l)
{
	if (!l)
		return;
	for (int i = 0; i < LEDGER_QUERY_COUNT; i++)
		sqlite3_finalize(l->statements[i]);
	sqlite3_close(l->db);
	ledger_table_deinit(&l->sums);
	ledger_table_deinit(&l->names);
	ledger_table_deinit(&l->fars);
	ledger_table_deinit(&l->hellos);
	ledger_table_deinit(&l->exposures);
	ledger_table_deinit(&l->events);
	ledger_words_deinit(&l->words);
	ledger_rows_clear(l);
	free(l);
}
