#include "store/ledger_reader.h"

#include "base/err.h"
#include "store/ledger.h"
#include "store/store.h"

#include <errno.h>
#include <sqlite3.h>

/* Of which build it is. 0, an outcome, or -EIO. */
static int version_judge(sqlite3 *db)
{
	sqlite3_stmt *at = NULL;
	int r = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &at, NULL);
	if (!r && sqlite3_step(at) != SQLITE_ROW)
		r = SQLITE_ERROR;
	int version = r ? 0 : sqlite3_column_int(at, 0);
	sqlite3_finalize(at);
	if (r)
		return err_raise(-EIO);
	if ((size_t)version == store_ledger_schema.count)
		return 0;
	return (size_t)version > store_ledger_schema.count ? LEDGER_READER_NEWER
	                                                   : LEDGER_READER_OLDER;
}

int ledger_reader_open(sqlite3 **ret_db, const char *path)
{
	int r = store_open(ret_db, path, &store_ledger_schema, NULL);
	return r ? err_up(r) : version_judge(*ret_db);
}

int ledger_reader_rows(sqlite3_stmt *at, int (*row)(const void *question, sqlite3_stmt *at),
                       const void *question)
{
	int r = 0, step = SQLITE_DONE;
	while (!r && (step = sqlite3_step(at)) == SQLITE_ROW)
		r = row(question, at);
	sqlite3_reset(at);
	if (r)
		return r;
	return step == SQLITE_DONE ? 0 : err_raise(-EIO);
}

int ledger_reader_number(sqlite3_stmt *at, int64_t *ret_number)
{
	int step = sqlite3_step(at);
	*ret_number = step == SQLITE_ROW ? sqlite3_column_int64(at, 0) : 0;
	sqlite3_reset(at);
	return step == SQLITE_ROW || step == SQLITE_DONE ? 0 : err_raise(-EIO);
}

int ledger_reader_fact(sqlite3_stmt *fact, const char *name, int64_t *ret_value)
{
	store_bind_text(store_begin(fact), 1, name);
	return err_up(ledger_reader_number(fact, ret_value));
}

const char *ledger_reader_text(sqlite3_stmt *at, int column)
{
	return (const char *)sqlite3_column_text(at, column) ?: "";
}

uint64_t ledger_reader_count(sqlite3_stmt *at, int column)
{
	int64_t value = sqlite3_column_int64(at, column);
	return value > 0 ? (uint64_t)value : 0;
}
