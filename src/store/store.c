#include "store/store.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

enum { BUSY_MS = 2000 }; /* at an upgrade two processes have it open for a moment */

static int run(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

/* A full disk is told from the rest: somebody can mend it. */
static int error_of(sqlite3 *db, int r)
{
	int system = r == SQLITE_IOERR || r == SQLITE_CANTOPEN ? sqlite3_system_errno(db) : 0;
	return r == SQLITE_FULL || system == ENOSPC || system == EDQUOT ? -ENOSPC : -EIO;
}

/* The number is SQLite's own user_version; -1: it cannot be read. */
static int version_of(sqlite3 *db)
{
	sqlite3_stmt *s = NULL;
	int version = -1;
	if (!sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &s, NULL) &&
	    sqlite3_step(s) == SQLITE_ROW)
		version = sqlite3_column_int(s, 0);
	sqlite3_finalize(s);
	return version;
}

static int steps_run(sqlite3 *db, const struct store_schema *schema, size_t version)
{
	char number[48];
	int r = 0;
	for (size_t i = version; !r && i < schema->count; i++)
		r = run(db, schema->steps[i]);
	snprintf(number, sizeof(number), "PRAGMA user_version = %zu", schema->count);
	return r ? r : run(db, number);
}

/* A file of this version is not written to: on a full disk it can still be read. */
static int migrate(sqlite3 *db, const struct store_schema *schema)
{
	int r = run(db, "BEGIN IMMEDIATE");
	if (r)
		return r;
	int version = version_of(db);
	if (version < 0 || (size_t)version > schema->count)
		r = SQLITE_SCHEMA;
	else if ((size_t)version < schema->count)
		r = steps_run(db, schema, (size_t)version);
	if (!r)
		r = run(db, "COMMIT");
	/* A full disk may have rolled it back already. */
	if (r && !sqlite3_get_autocommit(db))
		run(db, "ROLLBACK");
	return r;
}

static int open_once(sqlite3 **ret_db, const char *path, const struct store_schema *schema)
{
	int r = sqlite3_open_v2(path, ret_db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
	if (!r)
		r = sqlite3_busy_timeout(*ret_db, BUSY_MS);
	if (!r)
		r = run(*ret_db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
		                 "PRAGMA temp_store = MEMORY");
	if (!r)
		r = migrate(*ret_db, schema);
	return r;
}

static void aside_put(const char *path)
{
	char name[PATH_MAX];
	snprintf(name, sizeof(name), "%s.bad", path);
	rename(path, name);
	snprintf(name, sizeof(name), "%s-wal", path);
	unlink(name);
	snprintf(name, sizeof(name), "%s-shm", path);
	unlink(name);
}

static int read_once(sqlite3 **ret_db, const char *name)
{
	int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI;
	int r = sqlite3_open_v2(name, ret_db, flags, NULL);
	if (!r)
		r = sqlite3_busy_timeout(*ret_db, BUSY_MS);
	/* What is wrong with the file shows when it is read. */
	return r ? r : run(*ret_db, "SELECT 1 FROM sqlite_master LIMIT 1");
}

/* "file:PATH?immutable=1"; of a path, what means something in an URI is not itself. */
static void immutable_name(const char *path, char *ret_name, size_t cap)
{
	size_t len = (size_t)snprintf(ret_name, cap, "file:");
	for (; *path && len + 16 < cap; path++)
		len += (size_t)snprintf(ret_name + len, cap - len,
		                        strchr("%?#", *path) ? "%%%02X" : "%c", *path);
	snprintf(ret_name + len, cap - len, "?immutable=1");
}

/*
 * Who may read a folder, and not write to it, cannot make the files beside the one that is read.
 * They are there while somebody else has it open; if not, nobody changes it.
 */
static int read_open(sqlite3 **ret_db, const char *path)
{
	char name[3 * PATH_MAX];
	int r = read_once(ret_db, path);
	if (r == SQLITE_CANTOPEN || r == SQLITE_READONLY) {
		immutable_name(path, name, sizeof(name));
		sqlite3_close(*ret_db);
		r = read_once(ret_db, name);
	}
	if (!r)
		return 0;
	sqlite3_close(*ret_db);
	*ret_db = NULL;
	return err_raise(-EIO);
}

int store_open(struct sqlite3 **ret_db, const char *path, const struct store_schema *schema,
               struct store_opened *ret_opened)
{
	sqlite3 *db = NULL;
	if (!ret_opened)
		return err_up(read_open(ret_db, path));
	*ret_opened = (struct store_opened){};
	int r = open_once(&db, path, schema);
	if (r == SQLITE_CORRUPT || r == SQLITE_NOTADB || r == SQLITE_SCHEMA || r == SQLITE_ERROR) {
		ret_opened->was_bad = true;
		snprintf(ret_opened->why, sizeof(ret_opened->why), "%s",
		         r == SQLITE_SCHEMA ? "it is of a newer version" : sqlite3_errmsg(db));
		sqlite3_close(db);
		aside_put(path);
		r = open_once(&db, path, schema);
	}
	if (r) {
		int error = error_of(db, r);
		snprintf(ret_opened->why, sizeof(ret_opened->why), "%s",
		         error == -ENOSPC ? strerror(ENOSPC) : sqlite3_errstr(r));
		sqlite3_close(db);
		return err_raise(error);
	}
	*ret_db = db;
	return 0;
}

int store_prepare(struct sqlite3 *db, const char *const *queries, size_t count,
                  struct sqlite3_stmt **ret_statements)
{
	for (size_t i = 0; i < count; i++)
		if (sqlite3_prepare_v3(db, queries[i], -1, SQLITE_PREPARE_PERSISTENT,
		                       &ret_statements[i], NULL))
			return err_raise(-EIO);
	return 0;
}

struct sqlite3_stmt *store_begin(struct sqlite3_stmt *at)
{
	sqlite3_reset(at);
	sqlite3_clear_bindings(at);
	return at;
}

void store_bind_text(struct sqlite3_stmt *at, int number, const char *text)
{
	sqlite3_bind_text(at, number, text, -1, SQLITE_STATIC);
}

int store_finish(struct sqlite3_stmt *at)
{
	int r = sqlite3_step(at);
	int error = r == SQLITE_DONE ? 0 : error_of(sqlite3_db_handle(at), r);
	sqlite3_reset(at);
	return error ? err_raise(error) : 0;
}
