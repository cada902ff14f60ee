#include "store/memory.h"

#include "base/clean.h"
#include "base/err.h"
#include "store/store.h"

#include <errno.h>
#include <sqlite3.h>

enum query {
	GET,
	SEALED,
	LOST,
	RELEASE,
	COUNT_SEALED,
	COUNT_LOST,
	READ_LOST,
	TELL,
	READ_USED,
	SEED,
	PRUNE,
	OVER,
	QUERY_COUNT
};

static const char *const steps[] = {
	"CREATE TABLE memory (domain TEXT NOT NULL, mx TEXT NOT NULL, since INTEGER NOT NULL,"
	" last INTEGER NOT NULL, used INTEGER NOT NULL, sessions INTEGER NOT NULL,"
	" trusted INTEGER NOT NULL, lost INTEGER NOT NULL, PRIMARY KEY (domain, mx))"
	" WITHOUT ROWID;"
	"CREATE INDEX memory_used ON memory (used);"
	"CREATE INDEX memory_last ON memory (last);"
	"CREATE INDEX memory_lost ON memory (lost);",
};

/* A host that was never sealed has no row: there is nothing to lose. */
static const char *const queries[] = {
	[GET] = "SELECT since, sessions, trusted, lost FROM memory WHERE domain = ?1 AND mx = ?2",
	[SEALED] = "INSERT INTO memory (domain, mx, since, last, used, sessions, trusted, lost)"
		   " VALUES (?1, ?2, ?3, ?3, ?3, 1, ?4, 0) ON CONFLICT (domain, mx) DO UPDATE SET"
		   " last = ?3, used = ?3, sessions = min(sessions + 1, 1000000), trusted = ?4,"
		   " lost = 0",
	[LOST] = "UPDATE memory SET used = ?3, lost = CASE lost WHEN 0 THEN ?3 ELSE lost END"
		 " WHERE domain = ?1 AND mx = ?2",
	[RELEASE] = "DELETE FROM memory WHERE domain = ?1",
	[COUNT_SEALED] = "SELECT count(*) FROM memory WHERE last >= ?1",
	[COUNT_LOST] = "SELECT count(*) FROM memory WHERE lost >= ?1",
	[READ_LOST] = "SELECT since, sessions, trusted, lost, domain, mx FROM memory WHERE lost > 0"
		      " ORDER BY domain, mx",
	[TELL] = "SELECT since, last, sessions, trusted, lost FROM memory"
		 " WHERE domain = ?1 AND mx = ?2",
	[SEED] = "INSERT OR IGNORE INTO memory (domain, mx, since, last, used, sessions, trusted,"
		 " lost) VALUES (?1, ?2, ?3, 0, ?4, 0, 0, 0)",
	[READ_USED] = "SELECT since, last, sessions, trusted, lost, domain, mx FROM memory"
		      " WHERE used >= ?1 ORDER BY used DESC LIMIT ?2",
	[PRUNE] = "DELETE FROM memory WHERE used < ?1",
	[OVER] = "DELETE FROM memory WHERE (domain, mx) IN (SELECT domain, mx FROM memory"
		 " ORDER BY used LIMIT max(0, (SELECT count(*) FROM memory) - ?1))",
};
_Static_assert(COUNT_OF(queries) == QUERY_COUNT, "a query without its text");

struct store_memory {
	sqlite3 *db;
	sqlite3_stmt *statements[QUERY_COUNT];
};

int store_memory_open(struct store_memory **ret_m, const char *path,
                      struct store_opened *ret_opened)
{
	static const struct store_schema schema = { steps, COUNT_OF(steps) };
	struct store_memory *m = calloc(1, sizeof(*m));
	if (!m)
		return err_raise(-ENOMEM);
	int r = store_open(&m->db, path, &schema, ret_opened);
	if (!r)
		r = store_prepare(m->db, queries, QUERY_COUNT, m->statements);
	if (r) {
		store_memory_close(m);
		return err_up(r);
	}
	*ret_m = m;
	return 0;
}

void store_memory_close(struct store_memory *m)
{
	if (!m)
		return;
	for (int i = 0; i < QUERY_COUNT; i++)
		sqlite3_finalize(m->statements[i]);
	sqlite3_close(m->db);
	free(m);
}

static sqlite3_stmt *begin(struct store_memory *m, enum query query, const char *domain,
                           const char *mx)
{
	sqlite3_stmt *at = store_begin(m->statements[query]);
	store_bind_text(at, 1, domain);
	if (mx)
		store_bind_text(at, 2, mx);
	return at;
}

static struct policy_memory memory_of(sqlite3_stmt *at)
{
	return (struct policy_memory){
		.sealed_since_s = sqlite3_column_int64(at, 0),
		.sessions = (uint32_t)sqlite3_column_int64(at, 1),
		.was_trusted = sqlite3_column_int(at, 2),
		.lost_since_s = sqlite3_column_int64(at, 3),
	};
}

int store_memory_get(struct store_memory *m, const char *domain, const char *mx,
                     struct policy_memory *ret_memory)
{
	sqlite3_stmt *at = begin(m, GET, domain, mx);
	int step = sqlite3_step(at);
	*ret_memory = step == SQLITE_ROW ? memory_of(at) : (struct policy_memory){};
	sqlite3_reset(at);
	return step == SQLITE_ROW || step == SQLITE_DONE ? 0 : err_raise(-EIO);
}

int store_memory_note(struct store_memory *m, const char *domain, const char *mx,
                      enum policy_seen seen, int64_t now_s, bool *ret_is_new)
{
	struct policy_memory before;
	int r = store_memory_get(m, domain, mx, &before);
	if (r)
		return err_up(r);
	bool is_lost = seen == POLICY_SEEN_LOST;
	*ret_is_new = before.sealed_since_s && is_lost != (before.lost_since_s != 0);
	sqlite3_stmt *at = begin(m, is_lost ? LOST : SEALED, domain, mx);
	sqlite3_bind_int64(at, 3, now_s);
	if (!is_lost)
		sqlite3_bind_int(at, 4, seen == POLICY_SEEN_TRUSTED);
	r = store_finish(at);
	if (r || before.sessions || is_lost)
		return err_up(r);
	at = store_begin(m->statements[OVER]);
	sqlite3_bind_int64(at, 1, STORE_MEMORY_HOSTS_MAX);
	return err_up(store_finish(at));
}

int store_memory_seed(struct store_memory *m, const char *domain, const char *mx, int64_t since_s,
                      int64_t now_s)
{
	sqlite3_stmt *at = begin(m, SEED, domain, mx);
	sqlite3_bind_int64(at, 3, since_s);
	sqlite3_bind_int64(at, 4, now_s);
	int r = store_finish(at);
	if (r)
		return err_up(r);
	at = store_begin(m->statements[OVER]);
	sqlite3_bind_int64(at, 1, STORE_MEMORY_HOSTS_MAX);
	return err_up(store_finish(at));
}

int store_memory_release(struct store_memory *m, const char *domain, size_t *ret_count)
{
	int r = store_finish(begin(m, RELEASE, domain, NULL));
	*ret_count = r ? 0 : (size_t)sqlite3_changes(m->db);
	return err_up(r);
}

static int count(struct store_memory *m, enum query query, int64_t since_s, size_t *ret_count)
{
	sqlite3_stmt *at = store_begin(m->statements[query]);
	sqlite3_bind_int64(at, 1, since_s);
	int step = sqlite3_step(at);
	*ret_count = step == SQLITE_ROW ? (size_t)sqlite3_column_int64(at, 0) : 0;
	sqlite3_reset(at);
	return step == SQLITE_ROW ? 0 : err_raise(-EIO);
}

int store_memory_count(struct store_memory *m, int64_t since_s, size_t *ret_sealed,
                       size_t *ret_lost)
{
	int r = count(m, COUNT_SEALED, since_s, ret_sealed);
	return r ? err_up(r) : err_up(count(m, COUNT_LOST, since_s, ret_lost));
}

int store_memory_read_lost(struct store_memory *m,
                           int (*fn)(void *owner, const char *domain, const char *mx,
                                     const struct policy_memory *memory),
                           void *owner)
{
	sqlite3_stmt *at = store_begin(m->statements[READ_LOST]);
	int r = 0, step = SQLITE_DONE;
	while (!r && (step = sqlite3_step(at)) == SQLITE_ROW) {
		const struct policy_memory memory = memory_of(at);
		r = fn(owner, (const char *)sqlite3_column_text(at, 4),
		       (const char *)sqlite3_column_text(at, 5), &memory);
	}
	sqlite3_reset(at);
	if (r)
		return r;
	return step == SQLITE_DONE ? 0 : err_raise(-EIO);
}

static struct policy_shared_memory shared_of(sqlite3_stmt *at)
{
	return (struct policy_shared_memory){
		.sealed_since_s = sqlite3_column_int64(at, 0),
		.sealed_last_s = sqlite3_column_int64(at, 1),
		.sessions = (uint32_t)sqlite3_column_int64(at, 2),
		.was_trusted = sqlite3_column_int(at, 3),
		.lost_since_s = sqlite3_column_int64(at, 4),
	};
}

int store_memory_tell(struct store_memory *m, const char *domain, const char *mx,
                      struct policy_shared_memory *ret_memory)
{
	sqlite3_stmt *at = begin(m, TELL, domain, mx);
	int step = sqlite3_step(at);
	*ret_memory = step == SQLITE_ROW ? shared_of(at) : (struct policy_shared_memory){};
	sqlite3_reset(at);
	return step == SQLITE_ROW || step == SQLITE_DONE ? 0 : err_raise(-EIO);
}

int store_memory_read_used(struct store_memory *m, int64_t used_s, size_t count,
                           void (*fn)(void *owner, const char *domain, const char *mx,
                                      const struct policy_shared_memory *memory),
                           void *owner)
{
	sqlite3_stmt *at = store_begin(m->statements[READ_USED]);
	int step;
	sqlite3_bind_int64(at, 1, used_s);
	sqlite3_bind_int64(at, 2, (int64_t)count);
	while ((step = sqlite3_step(at)) == SQLITE_ROW) {
		const struct policy_shared_memory memory = shared_of(at);
		fn(owner, (const char *)sqlite3_column_text(at, 5),
		   (const char *)sqlite3_column_text(at, 6), &memory);
	}
	sqlite3_reset(at);
	return step == SQLITE_DONE ? 0 : err_raise(-EIO);
}

int store_memory_prune(struct store_memory *m, int64_t used_s)
{
	sqlite3_stmt *at = store_begin(m->statements[PRUNE]);
	sqlite3_bind_int64(at, 1, used_s);
	return err_up(store_finish(at));
}
