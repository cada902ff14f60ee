#include "store/others.h"

#include "base/clean.h"
#include "base/err.h"
#include "store/ledger.h"
#include "store/store.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>

enum query {
	BEGIN,
	COMMIT,
	ROLLBACK,
	VERSION_GET,
	VERSION_PUT,
	VERSION_DROP,
	TOLD_NEXT,
	NODE_KNOWN,
	SUMS_DROP,
	EXPOSURES_DROP,
	SUM_PUT,
	EXPOSURE_PUT,
	SUMS_PRUNE,
	EXPOSURES_PRUNE,
	VERSIONS_PRUNE,
	FORGET,
	PAGES,
	QUERY_COUNT
};

/*
 *   part      which version of each part of each node is in here; of this node: was told
 *   sum       as in the ledger, and whose
 *   exposure  the same
 */
static const char *const steps[] = {
	"CREATE TABLE part (node INTEGER NOT NULL, kind INTEGER NOT NULL, hour INTEGER NOT NULL,"
	" version INTEGER NOT NULL, PRIMARY KEY (node, kind, hour)) WITHOUT ROWID;"

	"CREATE TABLE sum (node INTEGER NOT NULL, hour INTEGER NOT NULL, leg INTEGER NOT NULL,"
	" protocol TEXT NOT NULL, edge TEXT NOT NULL, seal INTEGER NOT NULL,"
	" version TEXT NOT NULL, cipher TEXT NOT NULL, kex TEXT NOT NULL,"
	" resumed INTEGER NOT NULL, forward_secrecy INTEGER NOT NULL, sessions INTEGER NOT NULL,"
	" messages INTEGER NOT NULL, bytes_in INTEGER NOT NULL, bytes_out INTEGER NOT NULL,"
	" login_failures INTEGER NOT NULL, PRIMARY KEY (hour, node, leg, protocol, edge, seal,"
	" version, cipher, kex, resumed, forward_secrecy)) WITHOUT ROWID;"

	"CREATE TABLE exposure (node INTEGER NOT NULL, user TEXT NOT NULL, protocol TEXT NOT NULL,"
	" edge TEXT NOT NULL, address TEXT NOT NULL, password_sent INTEGER NOT NULL,"
	" mechanism TEXT NOT NULL, is_excepted INTEGER NOT NULL, first INTEGER NOT NULL,"
	" last INTEGER NOT NULL, count INTEGER NOT NULL,"
	" PRIMARY KEY (user, protocol, edge, address, password_sent, node)) WITHOUT ROWID;"
	"CREATE INDEX exposure_last ON exposure (node, last);",
};

static const char *const queries[] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[VERSION_GET] = "SELECT version FROM part WHERE node = ?1 AND kind = ?2 AND hour = ?3",
	[VERSION_PUT] = "INSERT INTO part (node, kind, hour, version) VALUES (?1, ?2, ?3, ?4)"
			" ON CONFLICT (node, kind, hour) DO UPDATE SET version = ?4",
	[VERSION_DROP] = "DELETE FROM part WHERE node = ?1 AND kind = ?2 AND hour = ?3",
	[TOLD_NEXT] = "SELECT kind, hour, version FROM part WHERE node = ?1"
		      " AND (kind, hour) > (?2, ?3) ORDER BY kind, hour LIMIT 1",
	/* Of so many, or there is room for one more. */
	[NODE_KNOWN] = "SELECT EXISTS (SELECT 1 FROM part WHERE node = ?1)"
		       " OR (SELECT count(DISTINCT node) FROM part) <= ?2",
	[SUMS_DROP] = "DELETE FROM sum WHERE hour = ?2 AND node = ?1",
	[EXPOSURES_DROP] = "DELETE FROM exposure WHERE node = ?1 AND last >= ?2 * 3600"
			   " AND last < ?2 * 3600 + 3600",
	[SUM_PUT] = "INSERT OR REPLACE INTO sum (node, hour, " STORE_PART_SUM_COLUMNS ")"
		    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15,"
		    " ?16)",
	/* A part of an earlier hour may be heard later. */
	[EXPOSURE_PUT] = "INSERT INTO exposure (node, " STORE_PART_EXPOSURE_COLUMNS ")"
			 " VALUES (?1, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
			 " ON CONFLICT (user, protocol, edge, address, password_sent, node)"
			 " DO UPDATE SET mechanism = ?8, is_excepted = ?9, first = ?10, last = ?11,"
			 " count = ?12 WHERE ?11 >= last",
	[SUMS_PRUNE] = "DELETE FROM sum WHERE hour < ?1",
	[EXPOSURES_PRUNE] = "DELETE FROM exposure WHERE last < ?1",
	[VERSIONS_PRUNE] = "DELETE FROM part WHERE hour < ?1",
	[FORGET] = "DELETE FROM exposure WHERE user = ?1",
	[PAGES] = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
};
_Static_assert(COUNT_OF(queries) == QUERY_COUNT, "a query without its text");

struct store_others {
	sqlite3 *db;
	sqlite3_stmt *statements[QUERY_COUNT];
	int64_t max_bytes, retention_s;
};

int store_others_open(struct store_others **ret_o, const struct store_others_settings *set,
                      struct store_opened *ret_opened)
{
	static const struct store_schema schema = { steps, COUNT_OF(steps) };
	struct store_others *o = calloc(1, sizeof(*o));
	if (!o)
		return err_raise(-ENOMEM);
	o->max_bytes = set->max_bytes;
	o->retention_s = set->retention_s;
	int r = store_open(&o->db, set->path, &schema, ret_opened);
	/* What is deleted may name somebody. */
	if (!r && sqlite3_exec(o->db, "PRAGMA secure_delete = ON", NULL, NULL, NULL))
		r = err_raise(-EIO);
	if (!r)
		r = store_prepare(o->db, queries, QUERY_COUNT, o->statements);
	if (r) {
		store_others_close(o);
		return err_up(r);
	}
	*ret_o = o;
	return 0;
}

void store_others_close(struct store_others *o)
{
	if (!o)
		return;
	for (int i = 0; i < QUERY_COUNT; i++)
		sqlite3_finalize(o->statements[i]);
	sqlite3_close(o->db);
	free(o);
}

/* --- versions --- */

static int run(struct store_others *o, enum query query)
{
	return err_up(store_finish(store_begin(o->statements[query])));
}

static sqlite3_stmt *begin(struct store_others *o, enum query query, uint64_t node,
                           const struct store_part *part)
{
	sqlite3_stmt *at = store_begin(o->statements[query]);
	sqlite3_bind_int64(at, 1, (int64_t)node);
	sqlite3_bind_int(at, 2, (int)part->kind);
	sqlite3_bind_int64(at, 3, part->hour);
	return at;
}

/* The first column of the first row. 0, STORE_OTHERS_NONE or -EIO. */
static int number_get(sqlite3_stmt *at, int64_t *ret_number)
{
	int step = sqlite3_step(at);
	if (step == SQLITE_ROW)
		*ret_number = sqlite3_column_int64(at, 0);
	sqlite3_reset(at);
	if (step == SQLITE_DONE)
		return STORE_OTHERS_NONE;
	return step == SQLITE_ROW ? 0 : err_raise(-EIO);
}

int store_others_version(struct store_others *o, uint64_t node, const struct store_part *part,
                         uint64_t *ret_version)
{
	int64_t version;
	int r = number_get(begin(o, VERSION_GET, node, part), &version);
	if (!r)
		*ret_version = (uint64_t)version;
	return r < 0 ? err_up(r) : r;
}

int store_others_told(struct store_others *o, uint64_t self, const struct store_part *part,
                      uint64_t version)
{
	sqlite3_stmt *at = begin(o, VERSION_PUT, self, part);
	sqlite3_bind_int64(at, 4, (int64_t)version);
	return err_up(store_finish(at));
}

int store_others_untold(struct store_others *o, uint64_t self, const struct store_part *part)
{
	return err_up(store_finish(begin(o, VERSION_DROP, self, part)));
}

int store_others_told_next(struct store_others *o, uint64_t self, const struct store_part *after,
                           struct store_others_told *ret_told)
{
	sqlite3_stmt *at = store_begin(o->statements[TOLD_NEXT]);
	sqlite3_bind_int64(at, 1, (int64_t)self);
	sqlite3_bind_int(at, 2, after ? (int)after->kind : -1);
	sqlite3_bind_int64(at, 3, after ? after->hour : 0);
	int step = sqlite3_step(at);
	if (step == SQLITE_ROW) {
		ret_told->part.kind = (enum store_part_kind)sqlite3_column_int(at, 0);
		ret_told->part.hour = sqlite3_column_int64(at, 1);
		ret_told->version = (uint64_t)sqlite3_column_int64(at, 2);
	}
	sqlite3_reset(at);
	if (step == SQLITE_DONE)
		return STORE_OTHERS_NONE;
	return step == SQLITE_ROW ? 0 : err_raise(-EIO);
}

/* --- rows --- */

static sqlite3_stmt *part_begin(struct store_others *o, enum query query, uint64_t node,
                                const struct store_part *part)
{
	sqlite3_stmt *at = store_begin(o->statements[query]);
	sqlite3_bind_int64(at, 1, (int64_t)node);
	sqlite3_bind_int64(at, 2, part->hour);
	return at;
}

static int row_put(struct store_others *o, uint64_t node, const struct store_part *part,
                   const struct store_part_field *fields)
{
	bool is_sums = part->kind == STORE_PART_SUMS;
	sqlite3_stmt *at = part_begin(o, is_sums ? SUM_PUT : EXPOSURE_PUT, node, part);
	for (size_t i = 0; i < store_part_field_count(part->kind); i++) {
		int number = (int)i + 3;
		if (store_part_field_is_number(part->kind, i))
			sqlite3_bind_int64(at, number, fields[i].number);
		else
			sqlite3_bind_text(at, number, (const char *)fields[i].text.data,
			                  (int)fields[i].text.len, SQLITE_STATIC);
	}
	return err_up(store_finish(at));
}

/* Its last time says which part it is of. */
static bool is_of_part(const struct store_part *part, const struct store_part_field *fields)
{
	enum { LAST = 8 };
	return part->kind == STORE_PART_SUMS || fields[LAST].number / 3600 == part->hour;
}

static int rows_put(struct store_others *o, uint64_t node, const struct store_part *part,
                    struct slice text)
{
	struct store_part_field fields[STORE_PART_FIELDS_MAX];
	struct slice rest;
	int next = STORE_PART_BAD;
	if (!store_part_open(part, text, &rest))
		return STORE_OTHERS_BAD;
	while (!(next = store_part_next(part, &rest, fields))) {
		if (!is_of_part(part, fields))
			return STORE_OTHERS_BAD;
		int r = row_put(o, node, part, fields);
		if (r)
			return err_up(r);
	}
	return next == STORE_PART_END ? 0 : STORE_OTHERS_BAD;
}

static int part_put(struct store_others *o, uint64_t node, const struct store_part *part,
                    struct slice text)
{
	bool is_sums = part->kind == STORE_PART_SUMS;
	int r = store_finish(part_begin(o, is_sums ? SUMS_DROP : EXPOSURES_DROP, node, part));
	if (!r)
		r = store_others_told(o, node, part, store_part_version(text));
	return r ? err_up(r) : rows_put(o, node, part, text);
}

/* 0, STORE_OTHERS_FULL or a negative. */
static int room_check(struct store_others *o, uint64_t node)
{
	int64_t number = 0;
	int r = number_get(store_begin(o->statements[PAGES]), &number);
	if (r)
		return err_up(r);
	if (number > o->max_bytes)
		return STORE_OTHERS_FULL;
	sqlite3_stmt *at = store_begin(o->statements[NODE_KNOWN]);
	sqlite3_bind_int64(at, 1, (int64_t)node);
	sqlite3_bind_int64(at, 2, STORE_OTHERS_NODES_MAX);
	r = number_get(at, &number);
	if (r)
		return err_up(r);
	return number ? 0 : STORE_OTHERS_FULL;
}

int store_others_take(struct store_others *o, uint64_t node, const struct store_part *part,
                      struct slice text)
{
	int r = room_check(o, node);
	if (r)
		return r < 0 ? err_up(r) : r;
	r = run(o, BEGIN);
	if (r)
		return err_up(r);
	int put = part_put(o, node, part, text);
	if (put >= 0)
		r = run(o, COMMIT);
	if (put < 0 || r)
		(void)!run(o, ROLLBACK);
	if (put < 0 || r)
		return err_up(put < 0 ? put : r);
	return put;
}

static int older_drop(struct store_others *o, enum query query, int64_t before)
{
	sqlite3_stmt *at = store_begin(o->statements[query]);
	sqlite3_bind_int64(at, 1, before);
	return err_up(store_finish(at));
}

int store_others_prune(struct store_others *o, int64_t now_s)
{
	int r = older_drop(o, SUMS_PRUNE, (now_s - STORE_LEDGER_SUMS_S) / 3600);
	if (!r)
		r = older_drop(o, EXPOSURES_PRUNE, now_s - o->retention_s);
	if (!r)
		r = older_drop(o, VERSIONS_PRUNE, now_s / 3600 - STORE_PART_HOURS);
	return err_up(r);
}

int store_others_forget(struct store_others *o, const char *user, size_t *ret_rows)
{
	sqlite3_stmt *at = store_begin(o->statements[FORGET]);
	store_bind_text(at, 1, user);
	int r = store_finish(at);
	*ret_rows = r ? 0 : (size_t)sqlite3_changes(o->db);
	return err_up(r);
}

/* --- for who reads --- */

#define BOTH(table, columns)                                                                       \
	"SELECT " columns " FROM main." table " UNION ALL SELECT " columns " FROM others." table
#define EXPOSURE_KEY "user, protocol, edge, address, password_sent"

/* Views of the connection come before the tables of its file. */
static const char views[] = "CREATE TEMP VIEW sum AS " BOTH(
	"sum",
	"hour, " STORE_PART_SUM_COLUMNS) ";"
					 "CREATE TEMP VIEW exposure AS SELECT " EXPOSURE_KEY
					 ", max(mechanism) AS mechanism,"
					 " min(is_excepted) AS is_excepted, min(first) AS first, "
					 "max(last) AS last,"
					 " sum(count) AS count FROM (" BOTH(
						 "exposure",
						 STORE_PART_EXPOSURE_COLUMNS) ")"
									      " GROUP "
									      "BY " EXPOSURE_KEY
									      ";";

static int attach(sqlite3 *db, const char *path)
{
	sqlite3_stmt *at = NULL;
	int r = sqlite3_prepare_v2(db, "ATTACH ?1 AS others", -1, &at, NULL);
	if (!r) {
		store_bind_text(at, 1, path);
		r = sqlite3_step(at) == SQLITE_DONE ? 0 : SQLITE_ERROR;
	}
	sqlite3_finalize(at);
	return r ? err_raise(-EIO) : 0;
}

static int is_made_ask(sqlite3 *db, bool *ret_is_made)
{
	sqlite3_stmt *at = NULL;
	int r = sqlite3_prepare_v2(db, "PRAGMA others.user_version", -1, &at, NULL);
	if (!r && sqlite3_step(at) == SQLITE_ROW)
		*ret_is_made = sqlite3_column_int(at, 0) == COUNT_OF(steps);
	else
		r = SQLITE_ERROR;
	sqlite3_finalize(at);
	return r ? err_raise(-EIO) : 0;
}

int store_others_join(struct sqlite3 *db, const char *path)
{
	bool is_made = false;
	if (access(path, F_OK))
		return 0;
	int r = attach(db, path);
	if (!r)
		r = is_made_ask(db, &is_made);
	if (!r && is_made && sqlite3_exec(db, views, NULL, NULL, NULL))
		r = err_raise(-EIO);
	return err_up(r);
}
