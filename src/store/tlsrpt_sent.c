#include "store/tlsrpt_sent.h"

#include "base/clean.h"
#include "base/err.h"
#include "store/store.h"
#include "store/tlsrpt_private.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>

enum { PLANNED_AT_ONCE = 500, DAY_S = 86400 }; /* domains: others wait for it meanwhile */

enum query {
	DAY_FIND,
	DAY_ADD,
	PLAN_LAST,
	PLAN_ADD,
	HURRY,
	DUE,
	TRY,
	END,
	PLACE_ADD,
	DROP,
	SESSIONS,
	ECHOES,
	READ,
	STATES,
	PRUNE,
	PRUNE_DAYS,
	QUERY_COUNT
};

#define COLUMNS "id, day, domain, uri, state, due, begun, ended, tries, why"

static const char *const queries[] = {
	[DAY_FIND] = "SELECT 1 FROM report_day WHERE day = ?1",
	[DAY_ADD] = "INSERT OR IGNORE INTO report_day VALUES (?1)",
	[PLAN_LAST] = "SELECT count(*), max(domain) FROM (SELECT DISTINCT domain FROM policy"
		      " WHERE day = ?1 AND domain > ?2 ORDER BY domain LIMIT ?3)",
	[PLAN_ADD] = "INSERT OR IGNORE INTO report (day, domain, uri, recipient, state, due, begun,"
		     " ended, tries, why) SELECT day, domain, '', '', 0,"
		     " ?4 + (random() & 2147483647) % ?5, 0, 0, 0, '' FROM policy"
		     " WHERE day = ?1 AND domain > ?2 AND domain <= ?3 GROUP BY domain",
	[HURRY] = "UPDATE report SET due = ?2, state = 0,"
		  " begun = CASE state WHEN 0 THEN begun ELSE 0 END,"
		  " tries = CASE state WHEN 0 THEN tries ELSE 0 END"
		  " WHERE day = ?1 AND state IN (0, 2)",
	[DUE] = "SELECT " COLUMNS
		" FROM report WHERE state = 0 AND due <= ?1 ORDER BY due LIMIT ?2",
	[TRY] = "UPDATE report SET due = ?3, tries = tries + 1,"
		" begun = CASE begun WHEN 0 THEN ?2 ELSE begun END WHERE id = ?1",
	[END] = "UPDATE report SET state = ?2, due = ?3, ended = ?4, why = ?5 WHERE id = ?1",
	[PLACE_ADD] = "INSERT OR IGNORE INTO report (day, domain, uri, recipient, state, due,"
		      " begun, ended, tries, why) VALUES (?1, ?2, ?3, ?4, 0, ?5, 0, 0, 0, '')",
	[DROP] = "DELETE FROM report WHERE id = ?1",
	[SESSIONS] = "SELECT max(total) FROM (SELECT sum(succeeded + failed) AS total FROM policy"
		     " WHERE day = ?1 AND domain = ?2 GROUP BY kind)",
	[ECHOES] = "SELECT count(*) FROM report WHERE recipient = ?1 AND state = 1"
		   " AND ended >= ?2 AND ended < ?3",
	[READ] = "SELECT " COLUMNS " FROM report WHERE (?1 < 0 OR day = ?1)"
		 " AND (?2 IS NULL OR domain = ?2) ORDER BY day, domain, uri",
	[STATES] = "SELECT state, count(*) FROM report GROUP BY state",
	[PRUNE] = "DELETE FROM report WHERE id IN"
		  " (SELECT id FROM report WHERE day < ?1 LIMIT ?2)",
	[PRUNE_DAYS] = "DELETE FROM report_day WHERE day < ?1",
};
_Static_assert(COUNT_OF(queries) == QUERY_COUNT, "a query without its text");
_Static_assert((int)QUERY_COUNT == (int)STORE_TLSRPT_SENT_QUERIES, "as many as there is room for");

int store_tlsrpt_sent_prepare(struct store_tlsrpt *t)
{
	return err_up(store_prepare(t->db, queries, QUERY_COUNT, t->sent));
}

static sqlite3_stmt *begin(struct store_tlsrpt *t, enum query query)
{
	return t->sent[query] ? store_begin(t->sent[query]) : NULL;
}

/* Text and numbers in the order of their places. */
static sqlite3_stmt *begin_day(struct store_tlsrpt *t, enum query query, int64_t day)
{
	sqlite3_stmt *at = begin(t, query);
	if (at)
		sqlite3_bind_int64(at, 1, day);
	return at;
}

static const char *text_at(sqlite3_stmt *at, int column)
{
	const char *text = (const char *)sqlite3_column_text(at, column);
	return text ? text : "";
}

/* The first row's numbers; those of no row are 0. */
static int number_get(sqlite3_stmt *at, uint64_t *ret_number)
{
	int step = sqlite3_step(at);
	*ret_number = step == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(at, 0) : 0;
	sqlite3_reset(at);
	return step == SQLITE_ROW || step == SQLITE_DONE ? 0 : err_raise(-EIO);
}

int store_tlsrpt_day_is_planned(struct store_tlsrpt *t, int64_t day, bool *ret_is)
{
	uint64_t found;
	int r = number_get(begin_day(t, DAY_FIND, day), &found);
	*ret_is = !r && found;
	return err_up(r);
}

int store_tlsrpt_day_planned(struct store_tlsrpt *t, int64_t day)
{
	return err_up(store_finish(begin_day(t, DAY_ADD, day)));
}

int store_tlsrpt_plan(struct store_tlsrpt *t, const struct store_tlsrpt_plan *plan, char *ret_last,
                      bool *ret_is_more)
{
	char last[256];
	sqlite3_stmt *at = begin_day(t, PLAN_LAST, plan->day);
	store_bind_text(at, 2, plan->after);
	sqlite3_bind_int(at, 3, PLANNED_AT_ONCE);
	if (sqlite3_step(at) != SQLITE_ROW) {
		sqlite3_reset(at);
		return err_raise(-EIO);
	}
	*ret_is_more = sqlite3_column_int(at, 0) == PLANNED_AT_ONCE;
	snprintf(last, sizeof(last), "%s", text_at(at, 1));
	sqlite3_reset(at);
	at = begin_day(t, PLAN_ADD, plan->day);
	store_bind_text(at, 2, plan->after);
	store_bind_text(at, 3, last);
	sqlite3_bind_int64(at, 4, plan->first_s);
	sqlite3_bind_int64(at, 5, plan->spread_s ? plan->spread_s : 1);
	int r = store_finish(at);
	memcpy(ret_last, last, sizeof(last));
	return err_up(r);
}

int store_tlsrpt_hurry(struct store_tlsrpt *t, int64_t day, int64_t now_s)
{
	sqlite3_stmt *at = begin_day(t, HURRY, day);
	sqlite3_bind_int64(at, 2, now_s);
	return err_up(store_finish(at));
}

static int reports_tell(sqlite3_stmt *at, store_tlsrpt_report_fn *fn, void *owner)
{
	int step;
	while ((step = sqlite3_step(at)) == SQLITE_ROW) {
		const struct store_tlsrpt_report report = {
			.id = sqlite3_column_int64(at, 0),
			.day = sqlite3_column_int64(at, 1),
			.domain = text_at(at, 2),
			.uri = text_at(at, 3),
			.state = (enum store_tlsrpt_state)sqlite3_column_int(at, 4),
			.due_s = sqlite3_column_int64(at, 5),
			.begun_s = sqlite3_column_int64(at, 6),
			.ended_s = sqlite3_column_int64(at, 7),
			.tries = (unsigned)sqlite3_column_int(at, 8),
			.why = text_at(at, 9),
		};
		fn(owner, &report);
	}
	sqlite3_reset(at);
	return step == SQLITE_DONE ? 0 : err_raise(-EIO);
}

int store_tlsrpt_due(struct store_tlsrpt *t, int64_t now_s, unsigned count_max,
                     store_tlsrpt_report_fn *fn, void *owner)
{
	sqlite3_stmt *at = begin_day(t, DUE, now_s);
	sqlite3_bind_int64(at, 2, count_max);
	return err_up(reports_tell(at, fn, owner));
}

int store_tlsrpt_try(struct store_tlsrpt *t, int64_t id, int64_t now_s, int64_t until_s)
{
	sqlite3_stmt *at = begin_day(t, TRY, id);
	sqlite3_bind_int64(at, 2, now_s);
	sqlite3_bind_int64(at, 3, until_s);
	return err_up(store_finish(at));
}

int store_tlsrpt_end(struct store_tlsrpt *t, int64_t id, const struct store_tlsrpt_end *end)
{
	sqlite3_stmt *at = begin_day(t, END, id);
	sqlite3_bind_int(at, 2, (int)end->state);
	sqlite3_bind_int64(at, 3, end->due_s);
	sqlite3_bind_int64(at, 4, end->now_s);
	store_bind_text(at, 5, end->why);
	return err_up(store_finish(at));
}

int store_tlsrpt_place(struct store_tlsrpt *t, const struct store_tlsrpt_report *of,
                       const char *uri, const char *recipient)
{
	sqlite3_stmt *at = begin_day(t, PLACE_ADD, of->day);
	store_bind_text(at, 2, of->domain);
	store_bind_text(at, 3, uri);
	store_bind_text(at, 4, recipient);
	sqlite3_bind_int64(at, 5, of->due_s);
	return err_up(store_finish(at));
}

int store_tlsrpt_drop(struct store_tlsrpt *t, int64_t id)
{
	return err_up(store_finish(begin_day(t, DROP, id)));
}

int store_tlsrpt_echo(struct store_tlsrpt *t, int64_t day, const char *domain,
                      uint64_t *ret_sessions, uint64_t *ret_reports)
{
	sqlite3_stmt *at = begin_day(t, SESSIONS, day);
	store_bind_text(at, 2, domain);
	int r = number_get(at, ret_sessions);
	if (r)
		return err_up(r);
	at = begin(t, ECHOES);
	store_bind_text(at, 1, domain);
	sqlite3_bind_int64(at, 2, day * DAY_S);
	sqlite3_bind_int64(at, 3, (day + 1) * DAY_S);
	return err_up(number_get(at, ret_reports));
}

int store_tlsrpt_reports(struct store_tlsrpt *t, int64_t day, const char *domain,
                         store_tlsrpt_report_fn *fn, void *owner)
{
	sqlite3_stmt *at = begin_day(t, READ, day);
	if (!at)
		return 0;
	store_bind_text(at, 2, domain);
	return err_up(reports_tell(at, fn, owner));
}

int store_tlsrpt_states(struct store_tlsrpt *t, uint64_t ret_counts[STORE_TLSRPT_STATE_COUNT])
{
	sqlite3_stmt *at = begin(t, STATES);
	int step;
	memset(ret_counts, 0, STORE_TLSRPT_STATE_COUNT * sizeof(*ret_counts));
	while ((step = sqlite3_step(at)) == SQLITE_ROW) {
		unsigned state = (unsigned)sqlite3_column_int(at, 0);
		if (state < STORE_TLSRPT_STATE_COUNT)
			ret_counts[state] = (uint64_t)sqlite3_column_int64(at, 1);
	}
	sqlite3_reset(at);
	return step == SQLITE_DONE ? 0 : err_raise(-EIO);
}

int store_tlsrpt_sent_prune(struct store_tlsrpt *t, int64_t before, int count_max,
                            bool *ret_is_more)
{
	sqlite3_stmt *at = begin_day(t, PRUNE, before);
	sqlite3_bind_int(at, 2, count_max);
	int r = store_finish(at);
	*ret_is_more = !r && sqlite3_changes(t->db) == count_max;
	if (!r)
		r = store_finish(begin_day(t, PRUNE_DAYS, before));
	return err_up(r);
}
