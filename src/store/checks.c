#include "store/checks.h"

#include "base/clean.h"
#include "base/err.h"
#include "store/store.h"

#include <errno.h>
#include <sqlite3.h>
#include <unistd.h>

enum { DAY_S = 86400 };

enum query { ADD, FORGET_FINDINGS, PRUNE_MANY, PRUNE_OLD, READ, QUERY_COUNT };

static const char *const steps[] = {
	"CREATE TABLE look (domain TEXT NOT NULL, at INTEGER NOT NULL, profile TEXT NOT NULL,"
	" why TEXT NOT NULL, overall TEXT NOT NULL, between_ TEXT NOT NULL, users TEXT NOT NULL,"
	" partial INTEGER NOT NULL, critical INTEGER NOT NULL, fail INTEGER NOT NULL,"
	" warn INTEGER NOT NULL, not_tested INTEGER NOT NULL, worse INTEGER NOT NULL,"
	" findings TEXT NOT NULL, PRIMARY KEY (domain, at)) WITHOUT ROWID;",
};

static const char *const queries[] = {
	[ADD] = "INSERT OR REPLACE INTO look VALUES"
		" (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
	[FORGET_FINDINGS] =
		"UPDATE look SET findings = '' WHERE domain = ?1 AND findings <> '' AND at NOT IN"
		" (SELECT at FROM look WHERE domain = ?1 ORDER BY at DESC LIMIT 2)",
	[PRUNE_MANY] = "DELETE FROM look WHERE domain = ?1 AND at NOT IN"
		       " (SELECT at FROM look WHERE domain = ?1 ORDER BY at DESC LIMIT ?2)",
	[PRUNE_OLD] = "DELETE FROM look WHERE at < ?1",
	[READ] = "SELECT domain, profile, why, overall, between_, users, at, partial, critical,"
		 " fail, warn, not_tested, worse, findings FROM look WHERE domain = lower(?1)"
		 " ORDER BY at DESC LIMIT ?2",
};
_Static_assert(COUNT_OF(queries) == QUERY_COUNT, "a query without its text");

struct store_checks {
	sqlite3 *db;
	sqlite3_stmt *statements[QUERY_COUNT];
};

static int open_as(struct store_checks **ret_s, const char *path, struct store_opened *ret_opened)
{
	static const struct store_schema schema = { steps, COUNT_OF(steps) };
	struct store_checks *s = calloc(1, sizeof(*s));
	if (!s)
		return err_raise(-ENOMEM);
	int r = store_open(&s->db, path, &schema, ret_opened);
	if (!r)
		r = store_prepare(s->db, queries, QUERY_COUNT, s->statements);
	if (r) {
		store_checks_close(s);
		return err_up(r);
	}
	*ret_s = s;
	return 0;
}

int store_checks_open(struct store_checks **ret_s, const char *path,
                      struct store_opened *ret_opened)
{
	return err_up(open_as(ret_s, path, ret_opened));
}

int store_checks_open_read(struct store_checks **ret_s, const char *path)
{
	if (access(path, F_OK))
		return STORE_CHECKS_NONE;
	return err_up(open_as(ret_s, path, NULL));
}

void store_checks_close(struct store_checks *s)
{
	if (!s)
		return;
	for (int i = 0; i < QUERY_COUNT; i++)
		sqlite3_finalize(s->statements[i]);
	sqlite3_close(s->db);
	free(s);
}

static int row_add(struct store_checks *s, const struct store_check *c)
{
	sqlite3_stmt *at = store_begin(s->statements[ADD]);
	const char *const texts[] = { c->profile, c->why, c->overall, c->between, c->users };
	const int64_t numbers[] = { c->is_partial, c->critical,   c->fail,
		                    c->warn,       c->not_tested, c->worse };
	store_bind_text(at, 1, c->domain);
	sqlite3_bind_int64(at, 2, c->at_s);
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		store_bind_text(at, 3 + (int)i, texts[i]);
	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		sqlite3_bind_int64(at, 8 + (int)i, numbers[i]);
	sqlite3_bind_text(at, 14, c->findings.len ? (const char *)c->findings.data : "",
	                  (int)c->findings.len, SQLITE_STATIC);
	return err_up(store_finish(at));
}

/* Each is a transaction of its own: what a crash leaves out the next look does. */
int store_checks_add(struct store_checks *s, const struct store_check *check, int64_t now_s)
{
	int r = row_add(s, check);
	if (r)
		return err_up(r);
	sqlite3_stmt *at = store_begin(s->statements[FORGET_FINDINGS]);
	store_bind_text(at, 1, check->domain);
	r = store_finish(at);
	if (r)
		return err_up(r);
	at = store_begin(s->statements[PRUNE_MANY]);
	store_bind_text(at, 1, check->domain);
	sqlite3_bind_int64(at, 2, STORE_CHECKS_KEPT);
	r = store_finish(at);
	if (r)
		return err_up(r);
	at = store_begin(s->statements[PRUNE_OLD]);
	sqlite3_bind_int64(at, 1, now_s - (int64_t)STORE_CHECKS_DAYS * DAY_S);
	return err_up(store_finish(at));
}

static const char *text_of(sqlite3_stmt *at, int column)
{
	const unsigned char *text = sqlite3_column_text(at, column);
	return text ? (const char *)text : "";
}

static void row_take(sqlite3_stmt *at, struct store_check *ret)
{
	*ret = (struct store_check){
		.domain = text_of(at, 0),
		.profile = text_of(at, 1),
		.why = text_of(at, 2),
		.overall = text_of(at, 3),
		.between = text_of(at, 4),
		.users = text_of(at, 5),
		.at_s = sqlite3_column_int64(at, 6),
		.is_partial = sqlite3_column_int(at, 7),
		.critical = (unsigned)sqlite3_column_int(at, 8),
		.fail = (unsigned)sqlite3_column_int(at, 9),
		.warn = (unsigned)sqlite3_column_int(at, 10),
		.not_tested = (unsigned)sqlite3_column_int(at, 11),
		.worse = (unsigned)sqlite3_column_int(at, 12),
		.findings = slice_str(text_of(at, 13)),
	};
}

int store_checks_read(struct store_checks *s, const char *domain, unsigned max, store_checks_fn *fn,
                      void *owner)
{
	sqlite3_stmt *at = store_begin(s->statements[READ]);
	int step, r = 0;
	store_bind_text(at, 1, domain);
	sqlite3_bind_int64(at, 2, max);
	while (!r && (step = sqlite3_step(at)) == SQLITE_ROW) {
		struct store_check check;
		row_take(at, &check);
		r = fn(owner, &check);
	}
	if (!r && step != SQLITE_DONE)
		r = err_raise(-EIO);
	sqlite3_reset(at);
	return r;
}
