#include "store/received.h"

#include "base/clean.h"
#include "base/err.h"
#include "store/store.h"

#include <errno.h>
#include <sqlite3.h>
#include <stddef.h>

/* Of one sender before those of others: who reads may stop somewhere. */
#define FAIR_ROWS "20"
#define PAGES_BOUND "PRAGMA max_page_count = 262144" /* of 4 KiB: 1 GiB */

enum {
	DAY_S = 86400,
	PRUNED_AT_ONCE = 20,
	PAGES_MANY = 200 * 1000, /* room for the largest report there is */
};

enum query {
	BEGIN,
	COMMIT,
	ROLLBACK,
	REPORT_ADD,
	POLICY_ADD,
	FAILURE_ADD,
	SEEN_ADD,
	SEEN_AGAIN,
	OLD_FIND,
	OVER_FIND,
	PAGES,
	PRUNE_FAILURES,
	PRUNE_POLICIES,
	PRUNE_REPORT,
	PRUNE_SEEN,
	READ_SUMS,
	READ_FAULTS,
	QUERY_COUNT
};

static const char *const steps[] = {
	"CREATE TABLE report (id INTEGER PRIMARY KEY, organization TEXT NOT NULL,"
	" report TEXT NOT NULL, contact TEXT NOT NULL, sender TEXT NOT NULL,"
	" trust INTEGER NOT NULL, begin INTEGER NOT NULL, end INTEGER NOT NULL,"
	" received INTEGER NOT NULL, size INTEGER NOT NULL,"
	" UNIQUE (organization, report, sender, trust));"
	"CREATE INDEX report_end ON report (end);"
	"CREATE INDEX report_received ON report (received);"
	"CREATE INDEX report_sender ON report (trust, sender, received, size);"
	"CREATE TABLE policy (id INTEGER PRIMARY KEY, report INTEGER NOT NULL, kind TEXT NOT NULL,"
	" domain TEXT NOT NULL, succeeded INTEGER NOT NULL, failed INTEGER NOT NULL);"
	"CREATE INDEX policy_report ON policy (report);"
	"CREATE TABLE failure (policy INTEGER NOT NULL, result TEXT NOT NULL, sender TEXT NOT NULL,"
	" mx TEXT NOT NULL, helo TEXT NOT NULL, receiver TEXT NOT NULL, reason TEXT NOT NULL,"
	" more TEXT NOT NULL, sessions INTEGER NOT NULL);"
	"CREATE INDEX failure_policy ON failure (policy);"
	"CREATE TABLE seen (organization TEXT NOT NULL, sender TEXT NOT NULL, domain TEXT NOT NULL,"
	" result TEXT NOT NULL, trust INTEGER NOT NULL, first INTEGER NOT NULL,"
	" last INTEGER NOT NULL,"
	" PRIMARY KEY (organization, sender, domain, result, trust)) WITHOUT ROWID;",
};

static const char *const queries[] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[REPORT_ADD] = "INSERT OR IGNORE INTO report (organization, report, contact, sender, trust,"
		       " begin, end, received, size) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	[POLICY_ADD] = "INSERT INTO policy (report, kind, domain, succeeded, failed)"
		       " VALUES (?1, ?2, ?3, ?4, ?5)",
	[FAILURE_ADD] = "INSERT INTO failure VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	[SEEN_ADD] = "INSERT OR IGNORE INTO seen SELECT r.organization, r.sender, p.domain, ?2,"
		     " r.trust, r.received, r.received FROM policy p"
		     " JOIN report r ON r.id = p.report WHERE p.id = ?1",
	[SEEN_AGAIN] = "UPDATE seen SET last = max(last, r.received) FROM policy p"
		       " JOIN report r ON r.id = p.report WHERE p.id = ?1"
		       " AND seen.organization = r.organization AND seen.sender = r.sender"
		       " AND seen.domain = p.domain"
		       " AND seen.result = ?2 AND seen.trust = r.trust",
	[OLD_FIND] = "SELECT id FROM report WHERE received < ?1 LIMIT 1",
	/* The oldest of who sent most, so that one sender does not push out the others. */
	[OVER_FIND] = "SELECT id FROM report JOIN (SELECT trust, sender FROM report"
		      " GROUP BY trust, sender ORDER BY trust = 2 DESC, sum(size) DESC LIMIT 1)"
		      " USING (trust, sender) WHERE (SELECT count(*) FROM report) > ?1"
		      " ORDER BY received LIMIT 1",
	[PAGES] = "SELECT page_count - freelist_count FROM pragma_page_count,"
		  " pragma_freelist_count WHERE page_count - freelist_count > ?1",
	[PRUNE_FAILURES] = "DELETE FROM failure WHERE policy IN"
			   " (SELECT id FROM policy WHERE report = ?1)",
	[PRUNE_POLICIES] = "DELETE FROM policy WHERE report = ?1",
	[PRUNE_REPORT] = "DELETE FROM report WHERE id = ?1",
	[PRUNE_SEEN] = "DELETE FROM seen WHERE last < ?1",
	/* An organization's name is what its report says: who sent it tells two of a name apart. */
	[READ_SUMS] = "SELECT r.organization, r.sender, p.domain, r.trust,"
		      " count(DISTINCT r.id), sum(p.succeeded), sum(p.failed), max(r.end)"
		      " FROM report r JOIN policy p ON p.report = r.id WHERE r.end >= ?1"
		      " AND (?2 IS NULL OR p.domain = ?2)"
		      " GROUP BY r.organization, r.sender, p.domain, r.trust"
		      " ORDER BY r.trust = 2, row_number() OVER (PARTITION BY r.trust, r.sender"
		      " ORDER BY max(r.end) DESC) > " FAIR_ROWS
		      ", p.domain, r.organization, r.sender, r.trust",
	[READ_FAULTS] =
		"SELECT r.organization, r.sender, p.domain, f.result, f.mx, max(f.reason), r.trust,"
		" sum(f.sessions), coalesce(min(s.first), min(r.received)), max(r.end)"
		" FROM report r JOIN policy p ON p.report = r.id"
		" JOIN failure f ON f.policy = p.id LEFT JOIN seen s"
		" ON s.organization = r.organization AND s.sender = r.sender"
		" AND s.domain = p.domain AND s.result = f.result AND s.trust = r.trust"
		" WHERE r.end >= ?1 AND (?2 IS NULL OR p.domain = ?2)"
		" GROUP BY r.organization, r.sender, p.domain, f.result, f.mx, r.trust"
		" ORDER BY r.trust = 2, row_number() OVER (PARTITION BY r.trust, r.sender"
		" ORDER BY sum(f.sessions) DESC) > " FAIR_ROWS
		", p.domain, r.organization, r.sender, r.trust, sum(f.sessions) DESC, f.mx",
};
_Static_assert(COUNT_OF(queries) == QUERY_COUNT, "a query without its text");

struct store_received {
	sqlite3 *db;
	sqlite3_stmt *statements[QUERY_COUNT];
	int64_t report, policy; /* that are under way */
};

static int open_as(struct store_received *s, const char *path, struct store_opened *ret_opened)
{
	static const struct store_schema schema = { steps, COUNT_OF(steps) };
	int r = store_open(&s->db, path, &schema, ret_opened);
	if (!r && ret_opened && sqlite3_exec(s->db, PAGES_BOUND, NULL, NULL, NULL))
		r = err_raise(-EIO);
	if (!r)
		r = store_prepare(s->db, queries, QUERY_COUNT, s->statements);
	return err_up(r);
}

static int received_new(struct store_received **ret_s, const char *path,
                        struct store_opened *ret_opened)
{
	struct store_received *s = calloc(1, sizeof(*s));
	if (!s)
		return err_raise(-ENOMEM);
	int r = open_as(s, path, ret_opened);
	if (r) {
		store_received_close(s);
		return err_up(r);
	}
	*ret_s = s;
	return 0;
}

int store_received_open(struct store_received **ret_s, const char *path,
                        struct store_opened *ret_opened)
{
	return err_up(received_new(ret_s, path, ret_opened));
}

int store_received_open_read(struct store_received **ret_s, const char *path)
{
	if (access(path, F_OK) && errno == ENOENT)
		return STORE_RECEIVED_NONE;
	return err_up(received_new(ret_s, path, NULL));
}

void store_received_close(struct store_received *s)
{
	if (!s)
		return;
	for (int i = 0; i < QUERY_COUNT; i++)
		sqlite3_finalize(s->statements[i]);
	sqlite3_close(s->db);
	free(s);
}

static sqlite3_stmt *begin(struct store_received *s, enum query query)
{
	return store_begin(s->statements[query]);
}

static sqlite3_stmt *begin_id(struct store_received *s, enum query query, int64_t id)
{
	sqlite3_stmt *at = begin(s, query);
	sqlite3_bind_int64(at, 1, id);
	return at;
}

static void texts_bind(sqlite3_stmt *at, int number, const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		store_bind_text(at, number + (int)i, texts[i]);
}

/* --- room --- */

/* What a query with one number says; 0: nothing. */
static int64_t number_find(struct store_received *s, enum query query, int64_t number)
{
	sqlite3_stmt *at = begin_id(s, query, number);
	int64_t id = sqlite3_step(at) == SQLITE_ROW ? sqlite3_column_int64(at, 0) : 0;
	sqlite3_reset(at);
	return id;
}

static int report_delete(struct store_received *s, int64_t id)
{
	int r = store_finish(begin_id(s, PRUNE_FAILURES, id));
	if (!r)
		r = store_finish(begin_id(s, PRUNE_POLICIES, id));
	if (!r)
		r = store_finish(begin_id(s, PRUNE_REPORT, id));
	return err_up(r);
}

static int prune(struct store_received *s, int64_t now_s)
{
	int64_t before_s = now_s - STORE_RECEIVED_DAYS * (int64_t)DAY_S;
	int r = store_finish(begin_id(s, PRUNE_SEEN, before_s));
	for (int i = 0; i < PRUNED_AT_ONCE && !r; i++) {
		bool is_big = number_find(s, PAGES, PAGES_MANY);
		int64_t id = number_find(s, OLD_FIND, before_s);
		if (!id)
			id = number_find(s, OVER_FIND, is_big ? 0 : STORE_RECEIVED_REPORTS);
		if (!id)
			break;
		r = report_delete(s, id);
	}
	return err_up(r);
}

/* --- in --- */

static int report_add(struct store_received *s, const struct store_received_head *h)
{
	const char *const texts[] = { h->organization, h->id, h->contact, h->from };
	sqlite3_stmt *at = begin(s, REPORT_ADD);
	texts_bind(at, 1, texts, COUNT_OF(texts));
	sqlite3_bind_int(at, 5, (int)h->trust);
	sqlite3_bind_int64(at, 6, h->begin_s);
	sqlite3_bind_int64(at, 7, h->end_s);
	sqlite3_bind_int64(at, 8, h->now_s);
	sqlite3_bind_int64(at, 9, (int64_t)h->len);
	int r = store_finish(at);
	s->report = sqlite3_last_insert_rowid(s->db);
	if (!r && !sqlite3_changes(s->db))
		return STORE_RECEIVED_KNOWN;
	return err_up(r);
}

int store_received_begin(struct store_received *s, const struct store_received_head *head)
{
	int r = store_finish(begin(s, BEGIN));
	if (!r)
		r = report_add(s, head);
	if (r == STORE_RECEIVED_KNOWN) {
		store_received_undo(s);
		return STORE_RECEIVED_KNOWN;
	}
	return r ? err_up(r) : err_up(prune(s, head->now_s));
}

int store_received_policy(struct store_received *s, const struct store_received_policy *policy)
{
	sqlite3_stmt *at = begin_id(s, POLICY_ADD, s->report);
	store_bind_text(at, 2, policy->kind);
	store_bind_text(at, 3, policy->domain);
	sqlite3_bind_int64(at, 4, (int64_t)policy->succeeded);
	sqlite3_bind_int64(at, 5, (int64_t)policy->failed);
	int r = store_finish(at);
	s->policy = sqlite3_last_insert_rowid(s->db);
	return err_up(r);
}

static int seen_note(struct store_received *s, const char *result, bool *ret_is_new)
{
	sqlite3_stmt *at = begin_id(s, SEEN_ADD, s->policy);
	store_bind_text(at, 2, result);
	int r = store_finish(at);
	*ret_is_new = !r && sqlite3_changes(s->db);
	if (r || *ret_is_new)
		return err_up(r);
	at = begin_id(s, SEEN_AGAIN, s->policy);
	store_bind_text(at, 2, result);
	return err_up(store_finish(at));
}

int store_received_failure(struct store_received *s, const struct store_received_failure *f,
                           bool *ret_is_new)
{
	const char *const texts[] = { f->result,   f->sender, f->mx,  f->helo,
		                      f->receiver, f->reason, f->more };
	sqlite3_stmt *at = begin_id(s, FAILURE_ADD, s->policy);
	texts_bind(at, 2, texts, COUNT_OF(texts));
	sqlite3_bind_int64(at, 9, (int64_t)f->sessions);
	int r = store_finish(at);
	return r ? err_up(r) : err_up(seen_note(s, f->result, ret_is_new));
}

int store_received_keep(struct store_received *s)
{
	return err_up(store_finish(begin(s, COMMIT)));
}

void store_received_undo(struct store_received *s)
{
	if (!sqlite3_get_autocommit(s->db))
		(void)!store_finish(begin(s, ROLLBACK));
}

/* --- out --- */

static const char *text_at(sqlite3_stmt *at, int column)
{
	const char *text = (const char *)sqlite3_column_text(at, column);
	return text ? text : "";
}

static uint64_t count_at(sqlite3_stmt *at, int column)
{
	return (uint64_t)sqlite3_column_int64(at, column);
}

static enum store_received_trust trust_at(sqlite3_stmt *at, int column)
{
	unsigned trust = (unsigned)sqlite3_column_int(at, column);
	return trust < STORE_RECEIVED_TRUST_COUNT ? (enum store_received_trust)trust
	                                          : STORE_RECEIVED_UNVERIFIED;
}

static int sum_tell(sqlite3_stmt *at, const struct store_received_reader *reader)
{
	return reader->on_sum(reader->owner, &(struct store_received_sum){
						     .organization = text_at(at, 0),
						     .from = text_at(at, 1),
						     .domain = text_at(at, 2),
						     .trust = trust_at(at, 3),
						     .reports = count_at(at, 4),
						     .succeeded = count_at(at, 5),
						     .failed = count_at(at, 6),
						     .last_s = sqlite3_column_int64(at, 7) });
}

static int fault_tell(sqlite3_stmt *at, const struct store_received_reader *reader)
{
	return reader->on_fault(reader->owner, &(struct store_received_fault){
						       .organization = text_at(at, 0),
						       .from = text_at(at, 1),
						       .domain = text_at(at, 2),
						       .result = text_at(at, 3),
						       .mx = text_at(at, 4),
						       .reason = text_at(at, 5),
						       .trust = trust_at(at, 6),
						       .sessions = count_at(at, 7),
						       .first_s = sqlite3_column_int64(at, 8),
						       .last_s = sqlite3_column_int64(at, 9) });
}

static int rows_tell(sqlite3_stmt *at,
                     int (*tell)(sqlite3_stmt *, const struct store_received_reader *),
                     const struct store_received_reader *reader)
{
	int step = SQLITE_DONE, r = 0;
	while (!r && (step = sqlite3_step(at)) == SQLITE_ROW)
		r = tell(at, reader);
	sqlite3_reset(at);
	if (r)
		return r;
	return step == SQLITE_DONE ? 0 : err_raise(-EIO);
}

int store_received_read(struct store_received *s, int64_t since_s, const char *domain,
                        const struct store_received_reader *reader)
{
	sqlite3_stmt *at = begin_id(s, READ_SUMS, since_s);
	store_bind_text(at, 2, domain);
	int r = rows_tell(at, sum_tell, reader);
	if (r)
		return r;
	at = begin_id(s, READ_FAULTS, since_s);
	store_bind_text(at, 2, domain);
	return rows_tell(at, fault_tell, reader);
}
