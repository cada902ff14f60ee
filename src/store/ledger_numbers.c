#include "store/ledger_numbers.h"

#include "base/clean.h"
#include "base/err.h"
#include "store/store.h"

#include <errno.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { ROWS, LOST, QUERIES };

static const char *const queries[QUERIES] = {
	/* Ids grow with time, and the oldest go first. */
	[ROWS] = "SELECT coalesce((SELECT max(id) FROM session) -"
		 " (SELECT min(id) FROM session) + 1, 0)",
	[LOST] = "SELECT coalesce((SELECT value FROM fact WHERE name = 'lost'), 0)",
};

struct store_ledger_numbers {
	sqlite3 *db;
	sqlite3_stmt *statements[QUERIES];
	char path[PATH_MAX];
	char wal[PATH_MAX + 8];
};

int store_ledger_numbers_open(struct store_ledger_numbers **ret_n, const char *path)
{
	struct store_ledger_numbers *n = calloc(1, sizeof(*n));
	if (!n)
		return err_raise(-ENOMEM);
	snprintf(n->path, sizeof(n->path), "%s", path);
	snprintf(n->wal, sizeof(n->wal), "%s-wal", path);
	int r = store_open(&n->db, path, NULL, NULL);
	if (!r)
		r = store_prepare(n->db, queries, QUERIES, n->statements);
	if (r) {
		store_ledger_numbers_close(n);
		return err_up(r);
	}
	*ret_n = n;
	return 0;
}

void store_ledger_numbers_close(struct store_ledger_numbers *n)
{
	if (!n)
		return;
	for (size_t i = 0; i < QUERIES; i++)
		sqlite3_finalize(n->statements[i]);
	sqlite3_close(n->db);
	free(n);
}

static int number_get(sqlite3_stmt *query, uint64_t *ret_number)
{
	sqlite3_stmt *s = store_begin(query);
	bool is_row = sqlite3_step(s) == SQLITE_ROW;
	int64_t number = is_row ? sqlite3_column_int64(s, 0) : 0;
	sqlite3_reset(s);
	if (!is_row)
		return err_raise(-EIO);
	*ret_number = number > 0 ? (uint64_t)number : 0;
	return 0;
}

static uint64_t size_of(const char *path)
{
	struct stat st;
	return stat(path, &st) ? 0 : (uint64_t)st.st_size;
}

int store_ledger_numbers_get(struct store_ledger_numbers *n, struct store_ledger_counts *ret_counts)
{
	struct store_ledger_counts c = { .bytes = size_of(n->path) + size_of(n->wal) };
	int r = number_get(n->statements[ROWS], &c.rows);
	if (!r)
		r = number_get(n->statements[LOST], &c.lost);
	if (!r)
		*ret_counts = c;
	return err_up(r);
}
