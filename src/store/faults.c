#include "store/faults.h"

#include "base/clean.h"
#include "base/err.h"
#include "store/store.h"

#include <errno.h>
#include <sqlite3.h>

enum query { GET, FAILED, SMALL, WELL, LIST, TELL, PRUNE, OVER, QUERY_COUNT };

static const char *const steps[] = {
	"CREATE TABLE fault (mx TEXT NOT NULL PRIMARY KEY, failing INTEGER NOT NULL,"
	" last INTEGER NOT NULL, small INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX fault_last ON fault (last);"
	"CREATE INDEX fault_small ON fault (small);",
};

/* failing: since when; last: when it failed or needed the smaller hello; small: until when. */
static const char *const queries[] = {
	[GET] = "SELECT failing, last, small FROM fault WHERE mx = ?1",
	[FAILED] = "INSERT INTO fault (mx, failing, last, small) VALUES (?1, ?2, ?2, 0)"
		   " ON CONFLICT (mx) DO UPDATE SET failing = CASE WHEN failing > 0 AND last > ?3"
		   " THEN failing ELSE ?2 END, last = ?2",
	[SMALL] = "INSERT INTO fault (mx, failing, last, small) VALUES (?1, 0, ?2, ?3)"
		  " ON CONFLICT (mx) DO UPDATE SET failing = 0, last = ?2,"
		  " small = CASE WHEN small > ?2 THEN small ELSE ?3 END",
	[WELL] = "UPDATE fault SET failing = 0 WHERE mx = ?1",
	[LIST] = "SELECT mx, small FROM fault WHERE small > ?1 ORDER BY small LIMIT ?2",
	[TELL] = "SELECT failing, last, small FROM fault WHERE mx = ?1",
	[PRUNE] = "DELETE FROM fault WHERE last <= ?1 AND small <= ?2",
	[OVER] = ("DELETE FROM fault WHERE mx IN (SELECT mx FROM fault ORDER BY last"
	          " LIMIT max(0, (SELECT count(*) FROM fault) - ?1))"),
};
_Static_assert(COUNT_OF(queries) == QUERY_COUNT, "a query without its text");

struct store_faults {
	sqlite3 *db;
	sqlite3_stmt *statements[QUERY_COUNT];
};

int store_faults_open(struct store_faults **ret_f, const char *path,
                      struct store_opened *ret_opened)
{
	static const struct store_schema schema = { steps, COUNT_OF(steps) };
	struct store_faults *f = calloc(1, sizeof(*f));
	if (!f)
		return err_raise(-ENOMEM);
	int r = store_open(&f->db, path, &schema, ret_opened);
	if (!r)
		r = store_prepare(f->db, queries, QUERY_COUNT, f->statements);
	if (r) {
		store_faults_close(f);
		return err_up(r);
	}
	*ret_f = f;
	return 0;
}

void store_faults_close(struct store_faults *f)
{
	if (!f)
		return;
	for (int i = 0; i < QUERY_COUNT; i++)
		sqlite3_finalize(f->statements[i]);
	sqlite3_close(f->db);
	free(f);
}

static sqlite3_stmt *begin(struct store_faults *f, enum query query, const char *mx)
{
	sqlite3_stmt *at = store_begin(f->statements[query]);
	store_bind_text(at, 1, mx);
	return at;
}

int store_faults_get(struct store_faults *f, const char *mx, int64_t now_s,
                     struct policy_fault *ret_fault)
{
	sqlite3_stmt *at = begin(f, GET, mx);
	int step = sqlite3_step(at);
	*ret_fault = (struct policy_fault){};
	if (step == SQLITE_ROW) {
		int64_t last = sqlite3_column_int64(at, 1), small = sqlite3_column_int64(at, 2);
		if (last > now_s - POLICY_FAULT_FORGET_S)
			ret_fault->failing_since_s = sqlite3_column_int64(at, 0);
		if (small > now_s)
			ret_fault->small_until_s = small;
	}
	sqlite3_reset(at);
	return step == SQLITE_ROW || step == SQLITE_DONE ? 0 : err_raise(-EIO);
}

static int row_write(struct store_faults *f, const char *mx, enum policy_fault_seen seen,
                     int64_t now_s)
{
	static const enum query query_of[] = {
		[POLICY_FAULT_FAILED] = FAILED,
		[POLICY_FAULT_SMALL] = SMALL,
		[POLICY_FAULT_WELL] = WELL,
	};
	sqlite3_stmt *at = begin(f, query_of[seen], mx);
	if (seen != POLICY_FAULT_WELL) {
		sqlite3_bind_int64(at, 2, now_s);
		sqlite3_bind_int64(at, 3,
		                   seen == POLICY_FAULT_SMALL ? now_s + POLICY_FAULT_SMALL_S
		                                              : now_s - POLICY_FAULT_FORGET_S);
	}
	return err_up(store_finish(at));
}

int store_faults_note(struct store_faults *f, const char *mx, enum policy_fault_seen seen,
                      int64_t now_s, bool *ret_is_new)
{
	struct policy_fault before;
	int r = store_faults_get(f, mx, now_s, &before);
	if (!r)
		r = row_write(f, mx, seen, now_s);
	if (r)
		return err_up(r);
	*ret_is_new = seen == POLICY_FAULT_SMALL && !before.small_until_s;
	sqlite3_stmt *at = store_begin(f->statements[OVER]);
	sqlite3_bind_int64(at, 1, STORE_FAULTS_HOSTS_MAX);
	return err_up(store_finish(at));
}

int store_faults_list(struct store_faults *f, int64_t now_s, unsigned count, struct buf *ret_list)
{
	sqlite3_stmt *at = store_begin(f->statements[LIST]);
	int r = 0, step;
	sqlite3_bind_int64(at, 1, now_s);
	sqlite3_bind_int64(at, 2, count);
	while (!r && (step = sqlite3_step(at)) == SQLITE_ROW)
		r = buf_printf(ret_list, "%s %lld\n", (const char *)sqlite3_column_text(at, 0),
		               (long long)sqlite3_column_int64(at, 1));
	sqlite3_reset(at);
	return r || step == SQLITE_DONE ? err_up(r) : err_raise(-EIO);
}

int store_faults_tell(struct store_faults *f, const char *mx, struct policy_shared_fault *ret_fault)
{
	sqlite3_stmt *at = begin(f, TELL, mx);
	int step = sqlite3_step(at);
	*ret_fault = (struct policy_shared_fault){};
	if (step == SQLITE_ROW) {
		ret_fault->failing_since_s = sqlite3_column_int64(at, 0);
		ret_fault->failed_last_s = sqlite3_column_int64(at, 1);
		ret_fault->small_until_s = sqlite3_column_int64(at, 2);
	}
	sqlite3_reset(at);
	return step == SQLITE_ROW || step == SQLITE_DONE ? 0 : err_raise(-EIO);
}

int store_faults_prune(struct store_faults *f, int64_t now_s)
{
	sqlite3_stmt *at = store_begin(f->statements[PRUNE]);
	sqlite3_bind_int64(at, 1, now_s - POLICY_FAULT_FORGET_S);
	sqlite3_bind_int64(at, 2, now_s);
	return err_up(store_finish(at));
}
