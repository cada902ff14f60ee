#include "store/ledger_inside.h"

#include "base/clean.h"

#define NAME_KEY "(edge, hello, who)"
#define SUM_KEY "hour, leg, protocol, edge, seal, version, cipher, kex, resumed, forward_secrecy"
#define EXPOSURE_KEY "user, protocol, edge, address, password_sent"
#define HOOK_RANK "iif(EXISTS (SELECT 1 FROM name WHERE who = ?1 AND is_user = 1), 1, 2)"

const char *const ledger_queries[LEDGER_QUERY_COUNT] = {
	[LEDGER_BEGIN] = "BEGIN IMMEDIATE",
	[LEDGER_COMMIT] = "COMMIT",
	[LEDGER_ROLLBACK] = "ROLLBACK",

	[LEDGER_SUM_ADD] =
		"INSERT INTO sum (" SUM_KEY ", sessions, messages, bytes_in, bytes_out,"
		" login_failures)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"
		" ON CONFLICT (" SUM_KEY ") DO UPDATE SET sessions = sessions + ?11,"
		" messages = messages + ?12, bytes_in = bytes_in + ?13, bytes_out = bytes_out + "
		"?14,"
		" login_failures = login_failures + ?15",

	[LEDGER_NAME_GET] = "SELECT sessions, refused, first, last, seal FROM name"
			    " WHERE edge = ?1 AND hello = ?2 AND who = ?3",
	[LEDGER_NAME_PAST] = "SELECT hello, sessions, refused, first, last, seal FROM name"
			     " WHERE who = ?1 AND edge = ?2 AND is_user = ?3 LIMIT ?4",
	/* A refused session (seal 0) leaves what the last good one had. */
	[LEDGER_NAME_PUT] =
		"INSERT INTO name (edge, hello, who, is_user, leg, protocol, first, last, sessions,"
		" refused, messages, bytes, seal, version, cipher, kex, software)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,"
		" ?17) ON CONFLICT (edge, hello, who) DO UPDATE SET is_user = ?4, leg = ?5,"
		" protocol = ?6, first = min(first, ?7), last = max(last, ?8),"
		" sessions = sessions + ?9, refused = refused + ?10, messages = messages + ?11,"
		" bytes = bytes + ?12, seal = iif(?13, ?13, seal), version = iif(?13, ?14, "
		"version),"
		" cipher = iif(?13, ?15, cipher), kex = iif(?13, ?16, kex),"
		" software = iif(?17 = '', software, ?17)",
	[LEDGER_NAME_OVER_FEW] = "DELETE FROM name WHERE " NAME_KEY " IN (SELECT edge, hello, who"
				 " FROM name WHERE sessions < 5 ORDER BY last LIMIT ?1)",
	[LEDGER_NAME_OVER] = "DELETE FROM name WHERE " NAME_KEY " IN (SELECT edge, hello, who"
			     " FROM name ORDER BY last LIMIT ?1)",

	[LEDGER_FAR_GET] = "SELECT seal FROM far WHERE domain = ?1 AND mx = ?2 AND relay = ?3",
	[LEDGER_FAR_PUT] =
		"INSERT INTO far (domain, mx, relay, address, first, last, sessions, failed,"
		" messages, bytes, seal, version, cipher, kex, policy, result, outcome)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,"
		" ?17) ON CONFLICT (domain, mx, relay) DO UPDATE SET"
		" address = iif(?4 = '', address, ?4), first = min(first, ?5), last = max(last, "
		"?6),"
		" sessions = sessions + ?7, failed = failed + ?8, messages = messages + ?9,"
		" bytes = bytes + ?10, seal = iif(?11, ?11, seal), version = iif(?11, ?12, "
		"version),"
		" cipher = iif(?11, ?13, cipher), kex = iif(?11, ?14, kex), policy = ?15,"
		" result = ?16, outcome = ?17",
	[LEDGER_FAR_OVER] = "DELETE FROM far WHERE (domain, mx, relay) IN (SELECT domain, mx, relay"
			    " FROM far ORDER BY last LIMIT ?1)",

	[LEDGER_HELLO_PUT] =
		"INSERT INTO hello (hash, legacy_version, max_version, versions, suites, groups,"
		" sigalgs, sni, first, last) VALUES (?4, ?5, ?6, ?7, ?8, ?9, ?10, ?3, ?1, ?2)"
		" ON CONFLICT (hash) DO UPDATE SET first = min(first, ?1), last = max(last, ?2),"
		" sni = sni | ?3",
	[LEDGER_HELLO_TOUCH] = "UPDATE hello SET first = min(first, ?1), last = max(last, ?2),"
			       " sni = sni | ?3 WHERE hash = ?4",
	[LEDGER_HELLO_OVER] = "DELETE FROM hello WHERE hash IN (SELECT hash FROM hello"
			      " ORDER BY last - first >= 3600, last LIMIT ?1)",

	[LEDGER_EXPOSURE_GET] = "SELECT 1 FROM exposure WHERE user = ?1 AND protocol = ?2"
				" AND edge = ?3 AND address = ?4 AND password_sent = ?5",
	[LEDGER_EXPOSURE_PUT] =
		"INSERT INTO exposure (" EXPOSURE_KEY ", mechanism, is_excepted, first, last,"
		" count, hook_rank, hook_due) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,"
		" iif(?11, " HOOK_RANK ", 0), ?9)"
		" ON CONFLICT (" EXPOSURE_KEY ") DO UPDATE SET mechanism = ?6, is_excepted = ?7,"
		" first = min(first, ?8), last = max(last, ?9), count = count + ?10,"
		/* the exception that allowed it is over: as if it were new */
		" hook_rank = iif(?11 AND is_excepted, " HOOK_RANK ", hook_rank),"
		" hook_due = iif(?11 AND is_excepted, ?9, hook_due),"
		" hook_tries = iif(?11 AND is_excepted, 0, hook_tries)",
	/* Users who never logged in are whatever a stranger writes: these go first. */
	[LEDGER_EXPOSURE_OVER_UNKNOWN] =
		"DELETE FROM exposure WHERE (" EXPOSURE_KEY ") IN (SELECT " EXPOSURE_KEY
		" FROM exposure WHERE NOT EXISTS (SELECT 1 FROM name WHERE who = user AND"
		" is_user = 1) ORDER BY last - first >= 3600, last LIMIT ?1)",
	[LEDGER_EXPOSURE_OVER] = "DELETE FROM exposure WHERE (" EXPOSURE_KEY ") IN"
				 " (SELECT " EXPOSURE_KEY " FROM exposure"
				 " ORDER BY last - first >= 3600, last LIMIT ?1)",

	[LEDGER_HOOKS_DUE] = "SELECT " EXPOSURE_KEY ", mechanism, is_excepted, first, hook_rank,"
			     " hook_tries FROM exposure WHERE hook_rank > 0 AND hook_rank = ?1"
			     " AND hook_due <= ?2 ORDER BY hook_due LIMIT ?3",
	[LEDGER_HOOK_SET] = "UPDATE exposure SET hook_rank = ?6, hook_due = ?7, hook_tries = ?8"
			    " WHERE user = ?1 AND protocol = ?2 AND edge = ?3 AND address = ?4"
			    " AND password_sent = ?5",
	[LEDGER_HOOKS_COUNT] = "SELECT count(*) FROM exposure WHERE hook_rank > 0",

	[LEDGER_EVENT_GET] = "SELECT 1 FROM event WHERE kind = ?1 AND who = ?2 AND edge = ?3"
			     " AND mx = ?4 AND day = ?5",
	[LEDGER_EVENT_PUT] =
		"INSERT INTO event (kind, who, edge, mx, day, leg, detail, first, last, count)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
		" ON CONFLICT (kind, who, edge, mx, day) DO UPDATE SET first = min(first, ?8),"
		" last = max(last, ?9), count = count + ?10",
	[LEDGER_EVENT_COUNT] = "SELECT count(*) FROM event WHERE last >= ?1 * 86400 AND day = ?1",

	[LEDGER_SESSION_ADD] =
		"INSERT INTO session (at, leg, seal, protocol, edge, address, domain, mx, user,"
		" software, version, cipher, kex, resumed, hello, policy, result, outcome, error,"
		" messages, bytes_in, bytes_out, duration_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7,"
		" ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23)",

	[LEDGER_WORKER_GET] = "SELECT batch FROM worker WHERE id = ?1",
	[LEDGER_WORKER_PUT] = "INSERT INTO worker (id, batch, last) VALUES (?1, ?2, ?3)"
			      " ON CONFLICT (id) DO UPDATE SET batch = ?2, last = ?3",
	[LEDGER_FACT_KEEP] = "INSERT OR IGNORE INTO fact (name, value) VALUES (?1, ?2)",
	[LEDGER_FACT_ADD] = "INSERT INTO fact (name, value) VALUES (?1, ?2)"
			    " ON CONFLICT (name) DO UPDATE SET value = value + ?2",

	[LEDGER_NAMES_COUNT] = "SELECT count(*) FROM name",
	[LEDGER_FARS_COUNT] = "SELECT count(*) FROM far",
	[LEDGER_HELLOS_COUNT] = "SELECT count(*) FROM hello",
	[LEDGER_EXPOSURES_COUNT] = "SELECT count(*) FROM exposure",

	/* What was last seen before ?1, ?2 rows of it at most. */
	[LEDGER_PRUNE_SESSIONS] = "DELETE FROM session WHERE id IN (SELECT id FROM session"
				  " WHERE at < ?1 ORDER BY at LIMIT ?2)",
	[LEDGER_PRUNE_NAMES] = "DELETE FROM name WHERE " NAME_KEY " IN (SELECT edge, hello, who"
			       " FROM name WHERE last < ?1 ORDER BY last LIMIT ?2)",
	[LEDGER_PRUNE_FARS] = "DELETE FROM far WHERE (domain, mx, relay) IN (SELECT domain, mx,"
			      " relay FROM far WHERE last < ?1 ORDER BY last LIMIT ?2)",
	[LEDGER_PRUNE_HELLOS] = "DELETE FROM hello WHERE hash IN (SELECT hash FROM hello"
				" WHERE (last - first >= 3600) = ?3 AND last < ?1 LIMIT ?2)",
	[LEDGER_PRUNE_EXPOSURES] = "DELETE FROM exposure WHERE (" EXPOSURE_KEY ") IN"
				   " (SELECT " EXPOSURE_KEY " FROM exposure"
				   " WHERE (last - first >= 3600) = ?3 AND last < ?1 LIMIT ?2)",
	[LEDGER_PRUNE_EVENTS] = "DELETE FROM event WHERE (kind, who, edge, mx, day) IN"
				" (SELECT kind, who, edge, mx, day FROM event WHERE last < ?1"
				" ORDER BY last LIMIT ?2)",
	[LEDGER_ALARM_PUT] =
		"INSERT INTO alarm (kind, subject, since, seen, cleared, detail, mend)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (kind, subject, since)"
		" DO UPDATE SET seen = ?4, cleared = ?5, detail = ?6, mend = ?7",
	[LEDGER_PRUNE_ALARMS] =
		"DELETE FROM alarm WHERE (kind, subject, since) IN (SELECT kind,"
		" subject, since FROM alarm WHERE seen < ?1 ORDER BY seen LIMIT ?2)",
	[LEDGER_PRUNE_WORKERS] = "DELETE FROM worker WHERE last < ?1",
	[LEDGER_PRUNE_SUMS] = "DELETE FROM sum WHERE hour < ?1 / 3600"
			      " AND hour = (SELECT min(hour) FROM sum)",

	[LEDGER_PAGES] = "PRAGMA page_count",
	[LEDGER_PAGES_FREE] = "PRAGMA freelist_count",
	[LEDGER_PAGE_SIZE] = "PRAGMA page_size",
	[LEDGER_AUTO_VACUUM] = "PRAGMA auto_vacuum",

	[LEDGER_FORGET_SESSIONS] = "DELETE FROM session WHERE user = ?1 AND user <> ''",
	[LEDGER_FORGET_NAMES] = "DELETE FROM name WHERE who = ?1 AND is_user = 1",
	[LEDGER_FORGET_EXPOSURES] = "DELETE FROM exposure WHERE user = ?1",
};
_Static_assert(COUNT_OF(ledger_queries) == LEDGER_QUERY_COUNT, "a query without its text");
