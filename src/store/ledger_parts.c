#include "store/ledger_parts.h"

#include "base/clean.h"
#include "base/err.h"
#include "store/ledger_inside.h"
#include "store/store.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/random.h>

/*
 * Changes are noted by triggers of this connection, in memory: whoever writes a row, forgets a user
 * or prunes need not know of it, and a ledger that shares nothing has none. kind: enum
 * store_part_kind.
 */
/* Not "OR IGNORE": that of the statement which fires the trigger holds, and an upsert has none. */
#define CHANGED(kind, hour)                                                                        \
	"INSERT INTO part_changed SELECT " kind ", " hour " WHERE NOT EXISTS (SELECT 1 FROM"       \
	" part_changed AS c WHERE c.kind = " kind " AND c.hour = " hour ");"
#define SUM_NOW CHANGED("0", "NEW.hour")
#define EXPOSURE_NOW CHANGED("1", "NEW.last / 3600")
#define EXPOSURE_BEFORE CHANGED("1", "OLD.last / 3600")

static const char *const watch_sql[] = {
	"CREATE TEMP TABLE part_changed (kind INTEGER NOT NULL, hour INTEGER NOT NULL,"
	" PRIMARY KEY (kind, hour)) WITHOUT ROWID",
	"CREATE TEMP TRIGGER sum_added AFTER INSERT ON main.sum BEGIN " SUM_NOW " END",
	"CREATE TEMP TRIGGER sum_grown AFTER UPDATE ON main.sum BEGIN " SUM_NOW " END",
	"CREATE TEMP TRIGGER exposure_added AFTER INSERT ON main.exposure"
	" BEGIN " EXPOSURE_NOW " END",
	"CREATE TEMP TRIGGER exposure_moved AFTER UPDATE ON main.exposure"
	" BEGIN " EXPOSURE_BEFORE EXPOSURE_NOW " END",
	"CREATE TEMP TRIGGER exposure_gone AFTER DELETE ON main.exposure"
	" BEGIN " EXPOSURE_BEFORE " END",
};

/* Two halves, for the index is of both. */
#define EXPOSURES(age)                                                                             \
	"SELECT " STORE_PART_EXPOSURE_COLUMNS " FROM main.exposure WHERE (last - first >= 3600)"   \
	" = " age " AND last >= ?1 * 3600 AND last < ?1 * 3600 + 3600"

static const char *const reads[] = {
	[STORE_PART_SUMS] = "SELECT " STORE_PART_SUM_COLUMNS " FROM main.sum WHERE hour = ?1"
			    " ORDER BY sessions DESC, leg, protocol, edge, seal, version, cipher,"
			    " kex, resumed, forward_secrecy",
	[STORE_PART_EXPOSURES] = EXPOSURES("0") " UNION ALL " EXPOSURES(
		"1") " ORDER BY last DESC, user, protocol, edge, address, password_sent",
};
_Static_assert(COUNT_OF(reads) == STORE_PART_KIND_COUNT, "a kind that cannot be read");

static int exec(struct store_ledger *l, const char *sql)
{
	return sqlite3_exec(l->db, sql, NULL, NULL, NULL) ? err_raise(-EIO) : 0;
}

static int prepare(struct store_ledger *l, const char *sql, sqlite3_stmt **ret_statement)
{
	return sqlite3_prepare_v2(l->db, sql, -1, ret_statement, NULL) ? err_raise(-EIO) : 0;
}

static void finalizep(sqlite3_stmt **statement)
{
	sqlite3_finalize(*statement);
}

/* --- who --- */

int store_ledger_node(struct store_ledger *l, uint64_t *ret_node)
{
	uint64_t node;
	char sql[128];
	CLEAN(finalizep) sqlite3_stmt *at = NULL;
	if (getrandom(&node, sizeof(node), 0) != sizeof(node))
		return err_raise(-EIO);
	snprintf(sql, sizeof(sql), "INSERT OR IGNORE INTO fact (name, value) VALUES ('node', %lld)",
	         (long long)node);
	int r = exec(l, sql);
	if (!r)
		r = prepare(l, "SELECT value FROM fact WHERE name = 'node'", &at);
	if (r)
		return err_up(r);
	if (sqlite3_step(at) != SQLITE_ROW)
		return err_raise(-EIO);
	*ret_node = (uint64_t)sqlite3_column_int64(at, 0);
	return 0;
}

/* --- what changed --- */

int store_ledger_parts_watch(struct store_ledger *l, int64_t since_hour)
{
	CLEAN(finalizep) sqlite3_stmt *at = NULL;
	char sql[384];
	int r = prepare(l, "SELECT 1 FROM temp.sqlite_master WHERE name = 'part_changed'", &at);
	if (r)
		return err_up(r);
	if (sqlite3_step(at) == SQLITE_ROW)
		return 0;
	snprintf(sql, sizeof(sql),
	         "INSERT OR IGNORE INTO part_changed SELECT DISTINCT 0, hour FROM main.sum"
	         " WHERE hour >= %lld;"
	         "INSERT OR IGNORE INTO part_changed SELECT DISTINCT 1, last / 3600"
	         " FROM main.exposure WHERE last >= %lld",
	         (long long)since_hour, (long long)since_hour * 3600);
	for (size_t i = 0; i < COUNT_OF(watch_sql) && !r; i++)
		r = exec(l, watch_sql[i]);
	return r ? err_up(r) : err_up(exec(l, sql));
}

int store_ledger_part_take(struct store_ledger *l, struct store_part *ret_part)
{
	CLEAN(finalizep) sqlite3_stmt *at = NULL;
	int r = prepare(l,
	                "DELETE FROM part_changed WHERE (kind, hour) IN (SELECT kind, hour"
	                " FROM part_changed ORDER BY hour DESC LIMIT 1) RETURNING kind, hour",
	                &at);
	if (r)
		return err_up(r);
	int step = sqlite3_step(at);
	if (step == SQLITE_DONE)
		return STORE_LEDGER_NO_PART;
	if (step != SQLITE_ROW)
		return err_raise(-EIO);
	ret_part->kind = (enum store_part_kind)sqlite3_column_int(at, 0);
	ret_part->hour = sqlite3_column_int64(at, 1);
	return sqlite3_step(at) == SQLITE_DONE ? 0 : err_raise(-EIO);
}

int store_ledger_part_mark(struct store_ledger *l, const struct store_part *part)
{
	char sql[96];
	snprintf(sql, sizeof(sql), "INSERT OR IGNORE INTO part_changed VALUES (%d, %lld)",
	         (int)part->kind, (long long)part->hour);
	return err_up(exec(l, sql));
}

int store_ledger_parts_count(struct store_ledger *l, size_t *ret_count)
{
	CLEAN(finalizep) sqlite3_stmt *at = NULL;
	int r = prepare(l, "SELECT count(*) FROM part_changed", &at);
	if (r)
		return err_up(r);
	if (sqlite3_step(at) != SQLITE_ROW)
		return err_raise(-EIO);
	*ret_count = (size_t)sqlite3_column_int64(at, 0);
	return 0;
}

/* --- what is in it --- */

static void row_read(sqlite3_stmt *at, enum store_part_kind kind, struct store_part_field *fields)
{
	for (size_t i = 0; i < store_part_field_count(kind); i++) {
		if (store_part_field_is_number(kind, i))
			fields[i].number = sqlite3_column_int64(at, (int)i);
		else
			fields[i].text = slice_of(sqlite3_column_text(at, (int)i),
			                          (size_t)sqlite3_column_bytes(at, (int)i));
	}
}

int store_ledger_part_read(struct store_ledger *l, const struct store_part *part,
                           struct buf *ret_text)
{
	CLEAN(finalizep) sqlite3_stmt *at = NULL;
	struct store_part_field fields[STORE_PART_FIELDS_MAX] = {};
	int step = SQLITE_DONE;
	int r = prepare(l, reads[part->kind], &at);
	if (!r)
		r = store_part_begin(ret_text, part);
	if (r)
		return err_up(r);
	sqlite3_bind_int64(at, 1, part->hour);
	while (!r && (step = sqlite3_step(at)) == SQLITE_ROW) {
		row_read(at, part->kind, fields);
		r = store_part_add(ret_text, part, fields);
	}
	if (r == STORE_PART_FULL)
		return 0;
	return r || step == SQLITE_DONE ? err_up(r) : err_raise(-EIO);
}
