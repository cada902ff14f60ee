#include "store/sts.h"

#include "base/clean.h"
#include "base/err.h"
#include "store/store.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>

enum query { GET, USE, PUT, DUE, TRIED, PRUNE, OVER, OVER_LONG, QUERY_COUNT };

#define IS_LONG "length(policy) > 4096"

static const char *const steps[] = {
	"CREATE TABLE sts (domain TEXT PRIMARY KEY, id TEXT NOT NULL, fetched INTEGER NOT NULL,"
	" tried INTEGER NOT NULL, expires INTEGER NOT NULL, used INTEGER NOT NULL,"
	" policy BLOB NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX sts_tried ON sts (tried);"
	"CREATE INDEX sts_used ON sts (used);",
	"CREATE INDEX sts_long ON sts (used) WHERE " IS_LONG ";",
};

static const char *const queries[] = {
	[GET] = "SELECT id, fetched, expires, policy, used FROM sts"
		" WHERE domain = ?1 AND expires > ?2",
	[USE] = "UPDATE sts SET used = ?2 WHERE domain = ?1",
	[PUT] = "INSERT INTO sts (domain, id, fetched, tried, expires, used, policy)"
		" VALUES (?1, ?2, ?3, ?3, ?4, ?6, ?5) ON CONFLICT (domain) DO UPDATE SET"
		" id = ?2, fetched = ?3, tried = ?3, expires = ?4, policy = ?5, used = max(used, "
		"?6)",
	[DUE] = "SELECT domain FROM sts WHERE tried < ?1 OR tried + (expires - fetched) / 2 < ?2"
		" ORDER BY tried LIMIT ?3",
	[TRIED] = "UPDATE sts SET tried = ?2 WHERE domain = ?1",
	[PRUNE] = "DELETE FROM sts WHERE expires <= ?1 OR used < ?2",
	[OVER] = "DELETE FROM sts WHERE domain IN (SELECT domain FROM sts ORDER BY used LIMIT"
		 " max(0, (SELECT count(*) FROM sts) - ?1))",
	[OVER_LONG] =
		"DELETE FROM sts WHERE domain IN (SELECT domain FROM sts WHERE " IS_LONG
		" ORDER BY used LIMIT max(0, (SELECT count(*) FROM sts WHERE " IS_LONG ") - ?1))",
};
_Static_assert(COUNT_OF(queries) == QUERY_COUNT, "a query without its text");

enum { USED_EVERY_S = 3600 }; /* what is used all the time is not written all the time */

struct store_sts {
	sqlite3 *db;
	sqlite3_stmt *statements[QUERY_COUNT];
	bool only_reads;
};

void store_sts_row_deinit(struct store_sts_row *row)
{
	buf_deinit(&row->text);
}

int store_sts_open(struct store_sts **ret_s, const char *path, struct store_opened *ret_opened)
{
	static const struct store_schema schema = { steps, COUNT_OF(steps) };
	struct store_sts *s = calloc(1, sizeof(*s));
	if (!s)
		return err_raise(-ENOMEM);
	s->only_reads = !ret_opened;
	int r = store_open(&s->db, path, &schema, ret_opened);
	if (!r)
		r = store_prepare(s->db, queries, QUERY_COUNT, s->statements);
	if (r) {
		store_sts_close(s);
		return err_up(r);
	}
	*ret_s = s;
	return 0;
}

void store_sts_close(struct store_sts *s)
{
	if (!s)
		return;
	for (int i = 0; i < QUERY_COUNT; i++)
		sqlite3_finalize(s->statements[i]);
	sqlite3_close(s->db);
	free(s);
}

static sqlite3_stmt *begin(struct store_sts *s, enum query query)
{
	return store_begin(s->statements[query]);
}

/* Where it cannot be written, on a full disk, the policy holds all the same. */
static void use_note(struct store_sts *s, const char *domain, int64_t now_s)
{
	sqlite3_stmt *at = begin(s, USE);
	store_bind_text(at, 1, domain);
	sqlite3_bind_int64(at, 2, now_s);
	(void)!store_finish(at);
}

static int row_take(sqlite3_stmt *at, const char *domain, struct store_sts_row *ret_row)
{
	const unsigned char *id = sqlite3_column_text(at, 0);
	snprintf(ret_row->domain, sizeof(ret_row->domain), "%s", domain);
	snprintf(ret_row->id, sizeof(ret_row->id), "%s", id ? (const char *)id : "");
	ret_row->fetched_s = sqlite3_column_int64(at, 1);
	ret_row->expires_s = sqlite3_column_int64(at, 2);
	return err_up(buf_add(&ret_row->text, slice_of(sqlite3_column_blob(at, 3),
	                                               (size_t)sqlite3_column_bytes(at, 3))));
}

int store_sts_get(struct store_sts *s, const char *domain, int64_t now_s,
                  struct store_sts_row *ret_row)
{
	struct store_sts_row row = {};
	sqlite3_stmt *at = begin(s, GET);
	store_bind_text(at, 1, domain);
	sqlite3_bind_int64(at, 2, now_s);
	int step = sqlite3_step(at);
	if (step != SQLITE_ROW) {
		sqlite3_reset(at);
		return step == SQLITE_DONE ? STORE_STS_NONE : err_raise(-EIO);
	}
	int64_t used_s = sqlite3_column_int64(at, 4);
	int r = row_take(at, domain, &row);
	sqlite3_reset(at);
	if (r) {
		store_sts_row_deinit(&row);
		return err_up(r);
	}
	if (!s->only_reads && now_s - used_s >= USED_EVERY_S)
		use_note(s, domain, now_s);
	*ret_row = row;
	return 0;
}

static int bound(struct store_sts *s, enum query query, int64_t max)
{
	sqlite3_stmt *at = begin(s, query);
	sqlite3_bind_int64(at, 1, max);
	return err_up(store_finish(at));
}

int store_sts_put(struct store_sts *s, const struct store_sts_row *row, int64_t used_s)
{
	struct slice text = buf_slice(&row->text);
	sqlite3_stmt *at = begin(s, PUT);
	store_bind_text(at, 1, row->domain);
	store_bind_text(at, 2, row->id);
	sqlite3_bind_int64(at, 3, row->fetched_s);
	sqlite3_bind_int64(at, 4, row->expires_s);
	sqlite3_bind_blob(at, 5, text.data ? text.data : (const void *)"", (int)text.len,
	                  SQLITE_STATIC);
	sqlite3_bind_int64(at, 6, used_s);
	int r = store_finish(at);
	if (!r)
		r = bound(s, OVER, STORE_STS_DOMAINS_MAX);
	if (!r)
		r = bound(s, OVER_LONG, STORE_STS_LONG_MAX);
	return err_up(r);
}

int store_sts_due(struct store_sts *s, int64_t now_s, int64_t tried_s, unsigned count,
                  struct buf *ret_domains)
{
	int r = 0, step;
	sqlite3_stmt *at = begin(s, DUE);
	sqlite3_bind_int64(at, 1, tried_s);
	sqlite3_bind_int64(at, 2, now_s);
	sqlite3_bind_int64(at, 3, count);
	while (!r && (step = sqlite3_step(at)) == SQLITE_ROW)
		r = buf_add(ret_domains, slice_of(sqlite3_column_text(at, 0),
		                                  (size_t)sqlite3_column_bytes(at, 0) + 1));
	sqlite3_reset(at);
	if (!r && step != SQLITE_DONE)
		r = err_raise(-EIO);
	return err_up(r);
}

int store_sts_tried(struct store_sts *s, const char *domain, int64_t now_s)
{
	sqlite3_stmt *at = begin(s, TRIED);
	store_bind_text(at, 1, domain);
	sqlite3_bind_int64(at, 2, now_s);
	return err_up(store_finish(at));
}

int store_sts_prune(struct store_sts *s, int64_t now_s, int64_t used_s)
{
	sqlite3_stmt *at = begin(s, PRUNE);
	sqlite3_bind_int64(at, 1, now_s);
	sqlite3_bind_int64(at, 2, used_s);
	return err_up(store_finish(at));
}
