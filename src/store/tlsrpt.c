#include "store/tlsrpt.h"

#include "base/clean.h"
#include "base/err.h"
#include "store/store.h"
#include "store/tlsrpt_private.h"

#include <errno.h>
#include <sqlite3.h>

#define PAGES_BOUND "PRAGMA max_page_count = 524287" /* of 4 KiB, as SQLite makes them */

enum { PRUNED_AT_ONCE = 100 }; /* policies: others wait for it meanwhile */

enum query {
	BEGIN,
	COMMIT,
	ROLLBACK,
	POLICY_FIND,
	POLICIES_COUNT,
	POLICY_ADD,
	POLICY_SUM,
	FAILURE_SUM,
	FAILURES_COUNT,
	FAILURE_ADD,
	PRUNE_FAILURES,
	PRUNE_POLICIES,
	ROWS,
	READ_POLICIES,
	READ_FAILURES,
	QUERY_COUNT
};

static const char *const steps[] = {
	"CREATE TABLE policy (id INTEGER PRIMARY KEY, day INTEGER NOT NULL, domain TEXT NOT NULL,"
	" kind INTEGER NOT NULL, policy_domain TEXT NOT NULL, strings TEXT NOT NULL,"
	" mx TEXT NOT NULL, succeeded INTEGER NOT NULL, failed INTEGER NOT NULL,"
	" UNIQUE (day, domain, kind, policy_domain, strings, mx));"
	"CREATE TABLE failure (policy INTEGER NOT NULL, report INTEGER NOT NULL,"
	" sender TEXT NOT NULL, mx TEXT NOT NULL, helo TEXT NOT NULL, receiver TEXT NOT NULL,"
	" reason TEXT NOT NULL, more TEXT NOT NULL, sessions INTEGER NOT NULL,"
	" PRIMARY KEY (policy, report, sender, mx, helo, receiver, reason, more))"
	" WITHOUT ROWID;",
	/* What is reported of it (store/tlsrpt_sent.h). */
	"CREATE TABLE report_day (day INTEGER PRIMARY KEY);"
	"CREATE TABLE report (id INTEGER PRIMARY KEY, day INTEGER NOT NULL, domain TEXT NOT NULL,"
	" uri TEXT NOT NULL, recipient TEXT NOT NULL, state INTEGER NOT NULL,"
	" due INTEGER NOT NULL, begun INTEGER NOT NULL, ended INTEGER NOT NULL,"
	" tries INTEGER NOT NULL, why TEXT NOT NULL, UNIQUE (day, domain, uri));"
	"CREATE INDEX report_due ON report (state, due);"
	"CREATE INDEX report_recipient ON report (recipient, ended);",
};

static const char *const queries[] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[POLICY_FIND] = "SELECT id FROM policy WHERE day = ?1 AND domain = ?2 AND kind = ?3"
			" AND policy_domain = ?4 AND strings = ?5 AND mx = ?6",
	[POLICIES_COUNT] = "SELECT count(*) FROM policy WHERE day = ?1 AND domain = ?2",
	[POLICY_ADD] = "INSERT INTO policy (day, domain, kind, policy_domain, strings, mx,"
		       " succeeded, failed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, 0)",
	[POLICY_SUM] = "UPDATE policy SET succeeded = succeeded + ?2, failed = failed + ?3"
		       " WHERE id = ?1",
	[FAILURE_SUM] = "UPDATE failure SET sessions = sessions + 1 WHERE policy = ?1"
			" AND report = ?2 AND sender = ?3 AND mx = ?4 AND helo = ?5"
			" AND receiver = ?6 AND reason = ?7 AND more = ?8",
	[FAILURES_COUNT] = "SELECT count(*) FROM failure WHERE policy = ?1",
	[FAILURE_ADD] = "INSERT INTO failure (policy, report, sender, mx, helo, receiver, reason,"
			" more, sessions) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1)",
	[PRUNE_FAILURES] = "DELETE FROM failure WHERE policy IN"
			   " (SELECT id FROM policy WHERE day < ?1 LIMIT ?2)",
	[PRUNE_POLICIES] = "DELETE FROM policy WHERE id IN"
			   " (SELECT id FROM policy WHERE day < ?1 LIMIT ?2)",
	[ROWS] = "SELECT (SELECT count(*) FROM policy) + (SELECT count(*) FROM failure)",
	[READ_POLICIES] = "SELECT id, day, domain, kind, policy_domain, strings, mx, succeeded,"
			  " failed FROM policy WHERE (?1 < 0 OR day = ?1)"
			  " AND (?2 IS NULL OR domain = ?2)"
			  " ORDER BY day, domain, kind, policy_domain, strings, mx",
	[READ_FAILURES] = "SELECT report, sender, mx, helo, receiver, reason, more, sessions"
			  " FROM failure WHERE policy = ?1 ORDER BY sessions DESC, report, sender,"
			  " mx, helo, receiver, reason, more",
};
_Static_assert(COUNT_OF(queries) == QUERY_COUNT, "a query without its text");
_Static_assert((int)QUERY_COUNT == (int)STORE_TLSRPT_QUERIES, "as many as there is room for");

/* The first column of the first row. STORE_TLSRPT_NONE: there is none. */
static int number_get(sqlite3_stmt *at, int64_t *ret_number)
{
	int step = sqlite3_step(at);
	if (step == SQLITE_ROW)
		*ret_number = sqlite3_column_int64(at, 0);
	sqlite3_reset(at);
	if (step == SQLITE_DONE)
		return STORE_TLSRPT_NONE;
	return step == SQLITE_ROW ? 0 : err_raise(-EIO);
}

static int open_as(struct store_tlsrpt *t, const char *path, struct store_opened *ret_opened)
{
	static const struct store_schema schema = { steps, COUNT_OF(steps) };
	int r = store_open(&t->db, path, &schema, ret_opened);
	if (!r && sqlite3_exec(t->db, PAGES_BOUND, NULL, NULL, NULL))
		r = err_raise(-EIO);
	if (!r)
		r = store_prepare(t->db, queries, QUERY_COUNT, t->statements);
	if (!r && store_tlsrpt_sent_prepare(t) && ret_opened)
		r = err_raise(-EIO);
	if (!r && ret_opened)
		r = number_get(store_begin(t->statements[ROWS]), &t->rows);
	return err_up(r);
}

static int tlsrpt_new(struct store_tlsrpt **ret_t, const char *path,
                      struct store_opened *ret_opened)
{
	struct store_tlsrpt *t = calloc(1, sizeof(*t));
	if (!t)
		return err_raise(-ENOMEM);
	int r = open_as(t, path, ret_opened);
	if (r) {
		store_tlsrpt_close(t);
		return err_up(r);
	}
	*ret_t = t;
	return 0;
}

int store_tlsrpt_open(struct store_tlsrpt **ret_t, const char *path,
                      struct store_opened *ret_opened)
{
	return err_up(tlsrpt_new(ret_t, path, ret_opened));
}

int store_tlsrpt_open_read(struct store_tlsrpt **ret_t, const char *path)
{
	if (access(path, F_OK) && errno == ENOENT)
		return STORE_TLSRPT_NONE;
	return err_up(tlsrpt_new(ret_t, path, NULL));
}

void store_tlsrpt_close(struct store_tlsrpt *t)
{
	if (!t)
		return;
	for (int i = 0; i < QUERY_COUNT; i++)
		sqlite3_finalize(t->statements[i]);
	for (int i = 0; i < STORE_TLSRPT_SENT_QUERIES; i++)
		sqlite3_finalize(t->sent[i]);
	sqlite3_close(t->db);
	free(t);
}

static void slice_bind(sqlite3_stmt *at, int number, struct slice text)
{
	sqlite3_bind_text(at, number, text.len ? (const char *)text.data : "", (int)text.len,
	                  SQLITE_STATIC);
}

/* What a policy is counted by. */
struct key {
	int64_t day;
	const char *domain;
	const struct policy_part *part;
	bool is_rest; /* over the number that are told apart */
};

static sqlite3_stmt *policy_bind(struct store_tlsrpt *t, enum query query, const struct key *k)
{
	static const struct slice none;
	sqlite3_stmt *at = store_begin(t->statements[query]);
	sqlite3_bind_int64(at, 1, k->day);
	store_bind_text(at, 2, k->domain);
	if (query == POLICIES_COUNT)
		return at;
	sqlite3_bind_int(at, 3, k->part->kind);
	store_bind_text(at, 4, k->is_rest ? k->domain : k->part->domain);
	slice_bind(at, 5, k->is_rest ? none : k->part->strings);
	slice_bind(at, 6, k->is_rest ? none : k->part->mx);
	return at;
}

static int row_add(struct store_tlsrpt *t, sqlite3_stmt *at, int64_t rows_max)
{
	if (t->rows >= rows_max)
		return STORE_TLSRPT_FULL;
	int r = store_finish(at);
	if (!r)
		t->rows++;
	return err_up(r);
}

/* Its row, which is there or made. */
static int policy_get(struct store_tlsrpt *t, struct key *k, int64_t rows_max, int64_t *ret_id)
{
	int64_t count = 0;
	int r = number_get(policy_bind(t, POLICY_FIND, k), ret_id);
	if (r != STORE_TLSRPT_NONE)
		return err_up(r);
	r = number_get(policy_bind(t, POLICIES_COUNT, k), &count);
	if (r)
		return err_up(r);
	if (count >= STORE_TLSRPT_POLICIES) {
		k->is_rest = true;
		r = number_get(policy_bind(t, POLICY_FIND, k), ret_id);
		if (r != STORE_TLSRPT_NONE)
			return err_up(r);
	}
	r = row_add(t, policy_bind(t, POLICY_ADD, k), rows_max);
	if (!r)
		*ret_id = sqlite3_last_insert_rowid(t->db);
	return r;
}

static sqlite3_stmt *failure_bind(struct store_tlsrpt *t, enum query query, int64_t policy,
                                  const struct policy_failure *f)
{
	const struct slice texts[] = { f->sender, f->mx, f->helo, f->receiver, f->reason, f->more };
	sqlite3_stmt *at = store_begin(t->statements[query]);
	sqlite3_bind_int64(at, 1, policy);
	sqlite3_bind_int(at, 2, (int)f->report);
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		slice_bind(at, (int)i + 3, texts[i]);
	return at;
}

/* STORE_TLSRPT_NONE: it has no row yet. */
static int failure_sum(struct store_tlsrpt *t, int64_t policy, const struct policy_failure *f)
{
	int r = store_finish(failure_bind(t, FAILURE_SUM, policy, f));
	if (r)
		return err_up(r);
	return sqlite3_changes(t->db) ? 0 : STORE_TLSRPT_NONE;
}

static int failure_count(struct store_tlsrpt *t, int64_t policy, const struct policy_failure *f,
                         int64_t rows_max)
{
	const struct policy_failure rest = { .report = f->report };
	int64_t count = 0;
	int r = failure_sum(t, policy, f);
	if (r != STORE_TLSRPT_NONE)
		return r;
	sqlite3_stmt *at = store_begin(t->statements[FAILURES_COUNT]);
	sqlite3_bind_int64(at, 1, policy);
	r = number_get(at, &count);
	if (r)
		return err_up(r);
	if (count >= STORE_TLSRPT_FAILURES) {
		f = &rest;
		r = failure_sum(t, policy, f);
		if (r != STORE_TLSRPT_NONE)
			return r;
	}
	return row_add(t, failure_bind(t, FAILURE_ADD, policy, f), rows_max);
}

static int part_count(struct store_tlsrpt *t, struct key *k, int64_t rows_max)
{
	const struct policy_part *part = k->part;
	int64_t id = 0;
	int r = policy_get(t, k, rows_max, &id);
	if (r)
		return r;
	sqlite3_stmt *at = store_begin(t->statements[POLICY_SUM]);
	sqlite3_bind_int64(at, 1, id);
	sqlite3_bind_int(at, 2, !part->has_failed);
	sqlite3_bind_int(at, 3, part->has_failed);
	r = store_finish(at);
	for (size_t i = 0; i < part->failure_count && !r; i++)
		r = failure_count(t, id, &part->failures[i], rows_max);
	return r;
}

int store_tlsrpt_count(struct store_tlsrpt *t, const struct policy_outcome *outcome, int64_t now_s,
                       int64_t rows_max)
{
	bool is_full = false;
	int64_t rows = t->rows;
	int r = store_finish(store_begin(t->statements[BEGIN]));
	if (r)
		return err_up(r);
	for (size_t i = 0; i < outcome->part_count && r >= 0; i++) {
		struct key k = { .day = store_tlsrpt_day(now_s),
			         .domain = outcome->domain,
			         .part = &outcome->parts[i] };
		r = part_count(t, &k, rows_max);
		is_full = is_full || r == STORE_TLSRPT_FULL;
	}
	bool no_page = r < 0 && sqlite3_errcode(t->db) == SQLITE_FULL;
	if (r >= 0)
		r = store_finish(store_begin(t->statements[COMMIT]));
	if (r) {
		(void)!store_finish(store_begin(t->statements[ROLLBACK]));
		t->rows = rows;
		return no_page ? STORE_TLSRPT_FULL : err_up(r);
	}
	return is_full ? STORE_TLSRPT_FULL : 0;
}

/* ret_count: of rows that went. */
static int days_delete(struct store_tlsrpt *t, enum query query, int64_t before, int *ret_count)
{
	sqlite3_stmt *at = store_begin(t->statements[query]);
	sqlite3_bind_int64(at, 1, before);
	sqlite3_bind_int(at, 2, PRUNED_AT_ONCE);
	int r = store_finish(at);
	*ret_count = r ? 0 : sqlite3_changes(t->db);
	return err_up(r);
}

int store_tlsrpt_prune(struct store_tlsrpt *t, int64_t now_s, bool *ret_is_more)
{
	int64_t before = store_tlsrpt_day(now_s) - (STORE_TLSRPT_DAYS - 1);
	int failures = 0, policies = 0;
	bool has_reports = false;
	int r = store_finish(store_begin(t->statements[BEGIN]));
	if (r)
		return err_up(r);
	r = days_delete(t, PRUNE_FAILURES, before, &failures);
	if (!r)
		r = days_delete(t, PRUNE_POLICIES, before, &policies);
	if (!r)
		r = store_tlsrpt_sent_prune(t, before, PRUNED_AT_ONCE, &has_reports);
	if (!r)
		r = store_finish(store_begin(t->statements[COMMIT]));
	if (r) {
		(void)!store_finish(store_begin(t->statements[ROLLBACK]));
		return err_up(r);
	}
	t->rows -= failures + policies;
	*ret_is_more = policies == PRUNED_AT_ONCE || has_reports;
	return 0;
}

static const char *text_at(sqlite3_stmt *at, int column)
{
	const char *text = (const char *)sqlite3_column_text(at, column);
	return text ? text : "";
}

static int failures_read(struct store_tlsrpt *t, int64_t policy,
                         const struct store_tlsrpt_reader *reader)
{
	sqlite3_stmt *at = store_begin(t->statements[READ_FAILURES]);
	int step;
	sqlite3_bind_int64(at, 1, policy);
	while ((step = sqlite3_step(at)) == SQLITE_ROW) {
		const struct policy_tlsrpt_fault f = {
			.report = (enum policy_report)sqlite3_column_int(at, 0),
			.sender = text_at(at, 1),
			.mx = text_at(at, 2),
			.helo = text_at(at, 3),
			.receiver = text_at(at, 4),
			.reason = text_at(at, 5),
			.more = text_at(at, 6),
			.sessions = (uint64_t)sqlite3_column_int64(at, 7),
		};
		reader->on_failure(reader->owner, &f);
	}
	sqlite3_reset(at);
	return step == SQLITE_DONE ? 0 : err_raise(-EIO);
}

int store_tlsrpt_read(struct store_tlsrpt *t, int64_t day, const char *domain,
                      const struct store_tlsrpt_reader *reader)
{
	sqlite3_stmt *at = store_begin(t->statements[READ_POLICIES]);
	int step, r = 0;
	sqlite3_bind_int64(at, 1, day);
	store_bind_text(at, 2, domain);
	while (!r && (step = sqlite3_step(at)) == SQLITE_ROW) {
		const struct store_tlsrpt_policy p = {
			.day = sqlite3_column_int64(at, 1),
			.domain = text_at(at, 2),
			.kind = (enum policy_kind)sqlite3_column_int(at, 3),
			.policy_domain = text_at(at, 4),
			.strings = text_at(at, 5),
			.mx = text_at(at, 6),
			.succeeded = (uint64_t)sqlite3_column_int64(at, 7),
			.failed = (uint64_t)sqlite3_column_int64(at, 8),
		};
		reader->on_policy(reader->owner, &p);
		r = failures_read(t, sqlite3_column_int64(at, 0), reader);
	}
	sqlite3_reset(at);
	if (!r && step != SQLITE_DONE)
		r = err_raise(-EIO);
	return err_up(r);
}
