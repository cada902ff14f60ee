#include "store/ledger_read.h"

#include "base/clean.h"
#include "base/err.h"
#include "store/ledger.h"
#include "store/ledger_reader.h"
#include "store/others.h"
#include "store/store.h"

#include <errno.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

enum query {
	FACT,
	SUMS,
	SERVICES,
	EXPOSURES,
	EXPOSURE_COUNT,
	EVENTS,
	ALARMS,
	SENDERS,
	NAMES,
	FARS,
	USER_SESSIONS,
	USER_EXPOSURES,
	QUERY_COUNT
};

/* In all with a filter: ?1 since, ?2 until, ?3 leg, ?4 edge. "+last": its index leads from row to
 * row all over a file of gigabytes, and most rows are of the last month: reading all is faster. */
#define EDGE_IS(column) " AND (?4 IS NULL OR " column " = ?4)"
#define SEEN_IN_TIME " +last >= ?1 AND first < ?2"
#define EXPOSURE_COLUMNS                                                                           \
	"user, protocol, edge, address, mechanism, password_sent, is_excepted, first, last, count"
/* Of the internal leg the edge is an address and port; no name of an edge has a ":". */
#define EXPOSURE_FILTER                                                                            \
	" FROM exposure WHERE" SEEN_IN_TIME                                                        \
	" AND (?3 < 0 OR ?3 = CASE WHEN instr(edge, ':') THEN 3 WHEN protocol = 'smtp' THEN 0"     \
	" ELSE 2 END)" EDGE_IS("edge")
/* enum store_seal by store_ledger_weakness() */
#define BY_WEAKNESS "CASE seal WHEN 1 THEN 0 WHEN 2 THEN 1 WHEN 0 THEN 2 ELSE seal END"

static const char *const queries[] = {
	[FACT] = LEDGER_READER_FACT,
	[SUMS] = "SELECT leg, seal, protocol, kex, resumed, forward_secrecy, sessions, messages,"
		 " bytes_in + bytes_out FROM sum WHERE hour >= ?1 / 3600 AND hour < (?2 + 3599) / "
		 "3600"
		 " AND (?3 < 0 OR leg = ?3)" EDGE_IS("edge"),
	[SERVICES] = "SELECT protocol, edge, sum(sessions), sum((seal = 1) * sessions) AS plain,"
		     " sum((seal = 2) * sessions) AS legacy, sum((seal IN (3, 4)) * sessions),"
		     " sum((seal = 5) * sessions) FROM sum WHERE hour >= ?1 / 3600"
		     " AND hour < (?2 + 3599) / 3600 AND leg = ?3 AND protocol <> 'backend'"
		     " AND ?4 IS NULL GROUP BY protocol, edge"
		     " ORDER BY plain DESC, legacy DESC, 3 DESC, edge, protocol LIMIT ?5",
	/* Of many first those of users who have logged in here: strangers write any name. */
	[EXPOSURES] = "SELECT " EXPOSURE_COLUMNS EXPOSURE_FILTER
		      " ORDER BY ?6 AND NOT EXISTS (SELECT 1 FROM name WHERE who = user AND"
		      " is_user = 1), last DESC, user, protocol, edge, address, password_sent"
		      " LIMIT ?5",
	[EXPOSURE_COUNT] = "SELECT count(*)" EXPOSURE_FILTER,
	[EVENTS] = "SELECT kind, leg, who, edge, mx, max(detail), min(first), max(last), sum(count)"
		   " FROM event WHERE" SEEN_IN_TIME " AND (?3 < 0 OR leg = ?3)" EDGE_IS(
			   "edge") " GROUP BY kind, leg, who, edge, mx"
				   " ORDER BY max(last) DESC, kind, who, edge, mx",
	[ALARMS] = "SELECT kind, subject, since, seen, cleared, detail, mend FROM alarm"
		   " WHERE seen >= ?1 AND since < ?2 AND (?3 = ?3 OR ?4 IS NULL)"
		   " ORDER BY cleared <> 0, since DESC, kind, subject",
	[SENDERS] = "SELECT edge, who, seal, sessions, messages FROM name WHERE leg = 0"
		    " AND is_user = 0 AND" SEEN_IN_TIME " AND (?3 < 0 OR leg = ?3)" EDGE_IS("edge"),
	[NAMES] = "SELECT edge, who, protocol, leg, first, last, sessions, refused, messages,"
		  " bytes, seal, version, cipher, kex, software FROM name"
		  " WHERE who = ?1 AND is_user = ?2 ORDER BY edge, last, hello",
	[FARS] = "SELECT relay, domain, mx, address, first, last, sessions, failed, messages,"
		 " bytes, seal, version, cipher, kex, policy, result, outcome FROM far"
		 " WHERE" SEEN_IN_TIME " AND ?3 IN (-1, 1)" EDGE_IS(
			 "relay") " AND (?6 = 0 OR seal < 3)"
				  " ORDER BY " BY_WEAKNESS
				  ", messages DESC, sessions DESC, domain, mx, relay LIMIT ?5",
	[USER_SESSIONS] =
		"SELECT at, leg, seal, protocol, edge, address, user, software, version,"
		" cipher, kex, resumed, outcome, error, messages, bytes_in, bytes_out,"
		" duration_ms FROM session WHERE user = ?1 AND user <> '' ORDER BY at, id",
	[USER_EXPOSURES] = "SELECT " EXPOSURE_COLUMNS " FROM exposure WHERE user = ?1"
			   " ORDER BY last DESC, protocol, edge, address, password_sent",
};
_Static_assert(COUNT_OF(queries) == QUERY_COUNT, "a query without its text");

struct store_ledger_read {
	sqlite3 *db;
	sqlite3_stmt *statements[QUERY_COUNT];
};

_Static_assert((int)STORE_LEDGER_READ_NEWER == LEDGER_READER_NEWER &&
                       (int)STORE_LEDGER_READ_OLDER == LEDGER_READER_OLDER,
               "outcomes are passed on as they are");

/* What the other nodes of a cluster counted, if there are any, lies beside it. */
static int others_join(sqlite3 *db, const char *path)
{
	char others[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int folder = slash ? (int)(slash - path + 1) : 0;
	snprintf(others, sizeof(others), "%.*s" STORE_OTHERS_FILE, folder, path);
	return err_up(store_others_join(db, others));
}

int store_ledger_read_open(struct store_ledger_read **ret_l, const char *path)
{
	struct store_ledger_read *l = calloc(1, sizeof(*l));
	if (!l)
		return err_raise(-ENOMEM);
	int r = ledger_reader_open(&l->db, path);
	if (!r)
		r = others_join(l->db, path);
	if (!r)
		r = store_prepare(l->db, queries, QUERY_COUNT, l->statements);
	if (r) {
		store_ledger_read_close(l);
		return r > 0 ? r : err_up(r);
	}
	*ret_l = l;
	return 0;
}

void store_ledger_read_close(struct store_ledger_read *l)
{
	if (!l)
		return;
	for (int i = 0; i < QUERY_COUNT; i++)
		sqlite3_finalize(l->statements[i]);
	sqlite3_close(l->db);
	free(l);
}

static sqlite3_stmt *filtered(struct store_ledger_read *l, enum query query,
                              const struct store_ledger_filter *filter)
{
	sqlite3_stmt *at = store_begin(l->statements[query]);
	sqlite3_bind_int64(at, 1, filter->since_s);
	sqlite3_bind_int64(at, 2, filter->until_s);
	sqlite3_bind_int(at, 3, filter->leg);
	if (filter->edge)
		store_bind_text(at, 4, filter->edge);
	return at;
}

static void bind_limit(sqlite3_stmt *at, size_t limit)
{
	sqlite3_bind_int64(at, 5, limit ? (sqlite3_int64)limit : -1);
}

/* Who is told of the rows. */
struct told {
	union {
		int (*sum)(void *owner, const struct store_ledger_sum *sum);
		int (*service)(void *owner, const struct store_ledger_service *service);
		int (*exposure)(void *owner, const struct store_ledger_exposure *exposure);
		int (*alarm)(void *owner, const struct store_alarm *alarm);
		int (*event)(void *owner, const struct store_ledger_event *event);
		int (*name)(void *owner, const struct store_ledger_name *name);
		int (*far)(void *owner, const struct store_ledger_far *far);
		int (*session)(void *owner, const struct store_ledger_session *session);
	};
	void *owner;
};

int store_ledger_read_fact(struct store_ledger_read *l, const char *name, int64_t *ret_value)
{
	return err_up(ledger_reader_fact(l->statements[FACT], name, ret_value));
}

/* --- sums --- */

static int sum_row(const void *question, sqlite3_stmt *at)
{
	const struct told *told = question;
	const struct store_ledger_sum sum = {
		.leg = (enum store_leg)sqlite3_column_int(at, 0),
		.seal = (enum store_seal)sqlite3_column_int(at, 1),
		.protocol = ledger_reader_text(at, 2),
		.group = ledger_reader_text(at, 3),
		.is_resumed = sqlite3_column_int(at, 4),
		.has_forward_secrecy = sqlite3_column_int(at, 5),
		.sessions = ledger_reader_count(at, 6),
		.messages = ledger_reader_count(at, 7),
		.bytes = ledger_reader_count(at, 8),
	};
	return told->sum(told->owner, &sum);
}

int store_ledger_read_sums(struct store_ledger_read *l, const struct store_ledger_filter *filter,
                           int (*fn)(void *owner, const struct store_ledger_sum *sum), void *owner)
{
	return ledger_reader_rows(filtered(l, SUMS, filter), sum_row,
	                          &(struct told){ .sum = fn, .owner = owner });
}

static int service_row(const void *question, sqlite3_stmt *at)
{
	const struct told *told = question;
	const struct store_ledger_service service = {
		.protocol = ledger_reader_text(at, 0),
		.edge = ledger_reader_text(at, 1),
		.sessions = ledger_reader_count(at, 2),
		.plain = ledger_reader_count(at, 3),
		.legacy = ledger_reader_count(at, 4),
		.sealed = ledger_reader_count(at, 5),
		.local = ledger_reader_count(at, 6),
	};
	return told->service(told->owner, &service);
}

int store_ledger_read_services(struct store_ledger_read *l,
                               const struct store_ledger_filter *filter, size_t limit,
                               int (*fn)(void *owner, const struct store_ledger_service *service),
                               void *owner)
{
	sqlite3_stmt *at = filtered(l, SERVICES, filter);
	bind_limit(at, limit);
	return ledger_reader_rows(at, service_row, &(struct told){ .service = fn, .owner = owner });
}

/* --- exposures --- */

static int exposure_row(const void *question, sqlite3_stmt *at)
{
	const struct told *told = question;
	const struct store_ledger_exposure exposure = {
		.user = ledger_reader_text(at, 0),
		.protocol = ledger_reader_text(at, 1),
		.edge = ledger_reader_text(at, 2),
		.address = ledger_reader_text(at, 3),
		.mechanism = ledger_reader_text(at, 4),
		.password_sent = sqlite3_column_int(at, 5),
		.is_excepted = sqlite3_column_int(at, 6),
		.first_s = sqlite3_column_int64(at, 7),
		.last_s = sqlite3_column_int64(at, 8),
		.count = ledger_reader_count(at, 9),
	};
	return told->exposure(told->owner, &exposure);
}

int store_ledger_read_exposures(
	struct store_ledger_read *l, const struct store_ledger_filter *filter, size_t limit,
	int (*fn)(void *owner, const struct store_ledger_exposure *exposure), void *owner)
{
	uint64_t count = 0;
	int r = limit ? store_ledger_read_exposure_count(l, filter, &count) : 0;
	if (r)
		return err_up(r);
	sqlite3_stmt *at = filtered(l, EXPOSURES, filter);
	bind_limit(at, limit);
	sqlite3_bind_int(at, 6, count > limit);
	return ledger_reader_rows(at, exposure_row,
	                          &(struct told){ .exposure = fn, .owner = owner });
}

int store_ledger_read_exposure_count(struct store_ledger_read *l,
                                     const struct store_ledger_filter *filter, uint64_t *ret_count)
{
	int64_t count;
	int r = ledger_reader_number(filtered(l, EXPOSURE_COUNT, filter), &count);
	*ret_count = (uint64_t)count;
	return err_up(r);
}

int store_ledger_read_user_exposures(struct store_ledger_read *l, const char *user,
                                     int (*fn)(void *owner,
                                               const struct store_ledger_exposure *exposure),
                                     void *owner)
{
	sqlite3_stmt *at = store_begin(l->statements[USER_EXPOSURES]);
	store_bind_text(at, 1, user);
	return ledger_reader_rows(at, exposure_row,
	                          &(struct told){ .exposure = fn, .owner = owner });
}

/* --- events --- */

static int event_row(const void *question, sqlite3_stmt *at)
{
	const struct told *told = question;
	const struct store_ledger_event event = {
		.kind = (enum store_event_kind)sqlite3_column_int(at, 0),
		.leg = (enum store_leg)sqlite3_column_int(at, 1),
		.who = ledger_reader_text(at, 2),
		.edge = ledger_reader_text(at, 3),
		.mx = ledger_reader_text(at, 4),
		.detail = ledger_reader_text(at, 5),
		.first_s = sqlite3_column_int64(at, 6),
		.last_s = sqlite3_column_int64(at, 7),
		.count = ledger_reader_count(at, 8),
	};
	return told->event(told->owner, &event);
}

int store_ledger_read_events(struct store_ledger_read *l, const struct store_ledger_filter *filter,
                             int (*fn)(void *owner, const struct store_ledger_event *event),
                             void *owner)
{
	return ledger_reader_rows(filtered(l, EVENTS, filter), event_row,
	                          &(struct told){ .event = fn, .owner = owner });
}

/* --- alarms --- */

static int alarm_row(const void *question, sqlite3_stmt *at)
{
	const struct told *told = question;
	const struct store_alarm alarm = {
		.kind = ledger_reader_text(at, 0),
		.subject = ledger_reader_text(at, 1),
		.since_s = sqlite3_column_int64(at, 2),
		.seen_s = sqlite3_column_int64(at, 3),
		.cleared_s = sqlite3_column_int64(at, 4),
		.detail = ledger_reader_text(at, 5),
		.mend = ledger_reader_text(at, 6),
	};
	return told->alarm(told->owner, &alarm);
}

int store_ledger_read_alarms(struct store_ledger_read *l, const struct store_ledger_filter *filter,
                             int (*fn)(void *owner, const struct store_alarm *alarm), void *owner)
{
	return ledger_reader_rows(filtered(l, ALARMS, filter), alarm_row,
	                          &(struct told){ .alarm = fn, .owner = owner });
}

/* --- who came --- */

static int sender_row(const void *question, sqlite3_stmt *at)
{
	const struct told *told = question;
	const struct store_ledger_name name = {
		.edge = ledger_reader_text(at, 0),
		.who = ledger_reader_text(at, 1),
		.seal = (enum store_seal)sqlite3_column_int(at, 2),
		.sessions = ledger_reader_count(at, 3),
		.messages = ledger_reader_count(at, 4),
	};
	return told->name(told->owner, &name);
}

int store_ledger_read_senders(struct store_ledger_read *l, const struct store_ledger_filter *filter,
                              int (*fn)(void *owner, const struct store_ledger_name *name),
                              void *owner)
{
	return ledger_reader_rows(filtered(l, SENDERS, filter), sender_row,
	                          &(struct told){ .name = fn, .owner = owner });
}

static int name_row(const void *question, sqlite3_stmt *at)
{
	const struct told *told = question;
	const struct store_ledger_name name = {
		.edge = ledger_reader_text(at, 0),
		.who = ledger_reader_text(at, 1),
		.protocol = ledger_reader_text(at, 2),
		.leg = (enum store_leg)sqlite3_column_int(at, 3),
		.first_s = sqlite3_column_int64(at, 4),
		.last_s = sqlite3_column_int64(at, 5),
		.sessions = ledger_reader_count(at, 6),
		.refused = ledger_reader_count(at, 7),
		.messages = ledger_reader_count(at, 8),
		.bytes = ledger_reader_count(at, 9),
		.seal = (enum store_seal)sqlite3_column_int(at, 10),
		.version = ledger_reader_text(at, 11),
		.cipher = ledger_reader_text(at, 12),
		.group = ledger_reader_text(at, 13),
		.software = ledger_reader_text(at, 14),
	};
	return told->name(told->owner, &name);
}

int store_ledger_read_names(struct store_ledger_read *l, const char *who, bool is_user,
                            int (*fn)(void *owner, const struct store_ledger_name *name),
                            void *owner)
{
	sqlite3_stmt *at = store_begin(l->statements[NAMES]);
	store_bind_text(at, 1, who);
	sqlite3_bind_int(at, 2, is_user);
	return ledger_reader_rows(at, name_row, &(struct told){ .name = fn, .owner = owner });
}

/* --- where mail went --- */

static int far_row(const void *question, sqlite3_stmt *at)
{
	const struct told *told = question;
	const struct store_ledger_far far = {
		.relay = ledger_reader_text(at, 0),
		.domain = ledger_reader_text(at, 1),
		.mx = ledger_reader_text(at, 2),
		.address = ledger_reader_text(at, 3),
		.first_s = sqlite3_column_int64(at, 4),
		.last_s = sqlite3_column_int64(at, 5),
		.sessions = ledger_reader_count(at, 6),
		.failed = ledger_reader_count(at, 7),
		.messages = ledger_reader_count(at, 8),
		.bytes = ledger_reader_count(at, 9),
		.seal = (enum store_seal)sqlite3_column_int(at, 10),
		.version = ledger_reader_text(at, 11),
		.cipher = ledger_reader_text(at, 12),
		.group = ledger_reader_text(at, 13),
		.policy = ledger_reader_text(at, 14),
		.result = ledger_reader_text(at, 15),
		.outcome = ledger_reader_text(at, 16),
	};
	return told->far(told->owner, &far);
}

int store_ledger_read_fars(struct store_ledger_read *l, const struct store_ledger_filter *filter,
                           bool only_weak, size_t limit,
                           int (*fn)(void *owner, const struct store_ledger_far *far), void *owner)
{
	sqlite3_stmt *at = filtered(l, FARS, filter);
	bind_limit(at, limit);
	sqlite3_bind_int(at, 6, only_weak);
	return ledger_reader_rows(at, far_row, &(struct told){ .far = fn, .owner = owner });
}

/* --- sessions --- */

static int session_row(const void *question, sqlite3_stmt *at)
{
	const struct told *told = question;
	const struct store_ledger_session session = {
		.at_s = sqlite3_column_int64(at, 0),
		.leg = (enum store_leg)sqlite3_column_int(at, 1),
		.seal = (enum store_seal)sqlite3_column_int(at, 2),
		.protocol = ledger_reader_text(at, 3),
		.edge = ledger_reader_text(at, 4),
		.address = ledger_reader_text(at, 5),
		.user = ledger_reader_text(at, 6),
		.software = ledger_reader_text(at, 7),
		.version = ledger_reader_text(at, 8),
		.cipher = ledger_reader_text(at, 9),
		.group = ledger_reader_text(at, 10),
		.is_resumed = sqlite3_column_int(at, 11),
		.outcome = ledger_reader_text(at, 12),
		.error = ledger_reader_text(at, 13),
		.messages = ledger_reader_count(at, 14),
		.bytes_in = ledger_reader_count(at, 15),
		.bytes_out = ledger_reader_count(at, 16),
		.duration_ms = ledger_reader_count(at, 17),
	};
	return told->session(told->owner, &session);
}

int store_ledger_read_user_sessions(struct store_ledger_read *l, const char *user,
                                    int (*fn)(void *owner,
                                              const struct store_ledger_session *session),
                                    void *owner)
{
	sqlite3_stmt *at = store_begin(l->statements[USER_SESSIONS]);
	store_bind_text(at, 1, user);
	return ledger_reader_rows(at, session_row, &(struct told){ .session = fn, .owner = owner });
}

unsigned store_ledger_weakness(enum store_seal seal)
{
	static const unsigned order[STORE_SEAL_COUNT] = {
		[STORE_SEAL_PLAIN] = 0,  [STORE_SEAL_LEGACY] = 1,        [STORE_SEAL_NONE] = 2,
		[STORE_SEAL_SEALED] = 3, [STORE_SEAL_AUTHENTICATED] = 4, [STORE_SEAL_LOCAL] = 5,
	};
	return (unsigned)seal < STORE_SEAL_COUNT ? order[seal] : 0;
}
