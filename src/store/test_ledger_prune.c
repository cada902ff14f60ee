#include "store/test_ledger.h"

static void strangers_tell(int count, int64_t at_s)
{
	static int number;
	char address[32];
	struct store_record r = with_seal(STORE_SEAL_PLAIN);
	r.address = address;
	r.ended_s = at_s;
	for (int i = 0; i < count; i++, number++) {
		snprintf(address, sizeof(address), "10.%d.%d.%d", number >> 16, number >> 8 & 255,
		         number & 255);
		tell(&r);
	}
	commit();
}

/* How many steps. */
static int prune(int64_t now_s)
{
	bool is_more = true;
	int steps = 0;
	for (; is_more; steps++)
		assert_int_equal(store_ledger_prune(ledger, now_s, &is_more), 0);
	return steps;
}

static void everything_tell(int64_t at_s)
{
	const struct store_hello hello = { .hash = 0x11 };
	const struct store_exposure e = { .at_s = at_s,
		                          .protocol = "imap",
		                          .edge = "imap",
		                          .address = "192.0.2.7",
		                          .user = "eve",
		                          .mechanism = "" };
	struct store_record r = usual;
	bool is_new;
	r.ended_s = at_s;
	assert_int_equal(store_ledger_batch(ledger, (uint64_t)at_s, 1, at_s), 0);
	assert_int_equal(store_ledger_hello(ledger, &hello, at_s), 0);
	assert_int_equal(store_ledger_exposure(ledger, &e, &is_new), 0);
	tell(&r);
	r.leg = STORE_LEG_OUTBOUND;
	r.domain = "b.example";
	r.seal = STORE_SEAL_PLAIN;
	r.sealed_before = 1;
	tell(&r);
	commit();
}

#define COUNTS                                                                                     \
	"SELECT (SELECT count(*) FROM session), (SELECT count(*) FROM name),"                      \
	" (SELECT count(*) FROM far), (SELECT count(*) FROM hello),"                               \
	" (SELECT count(*) FROM exposure), (SELECT count(*) FROM event),"                          \
	" (SELECT count(*) FROM worker), (SELECT count(*) FROM sum)"

/* What is of retention goes after it, sums after five years. */
static void test_prune_by_age(void **state)
{
	(void)state;
	everything_tell(NOW);
	assert_rows(COUNTS, "2|1|1|1|1|1|1|2\n");
	prune(NOW + RETENTION);
	assert_rows(COUNTS, "2|1|1|1|1|1|1|2\n");
	prune(NOW + RETENTION + 1);
	assert_rows(COUNTS, "0|0|0|0|0|0|0|2\n");
	prune(NOW + STORE_LEDGER_SUMS_S);
	assert_rows(COUNTS, "0|0|0|0|0|0|0|2\n");
	prune(NOW + STORE_LEDGER_SUMS_S + 3600);
	assert_rows(COUNTS, "0|0|0|0|0|0|0|0\n");
}

/* What was seen again stays, whether it was known for long or not. */
static void test_prune_leaves_what_is_used(void **state)
{
	(void)state;
	everything_tell(NOW);
	everything_tell(NOW + RETENTION);
	prune(NOW + RETENTION + 1);
	assert_rows(COUNTS, "1|1|1|1|1|1|1|4\n");
	prune(NOW + RETENTION + RETENTION + 1);
	assert_rows(COUNTS, "0|0|0|0|0|0|0|4\n");
	assert_int_equal(ledger->names_kept.count, 0);
	assert_int_equal(ledger->fars_kept.count, 0);
	assert_int_equal(ledger->hellos_kept.count, 0);
	assert_int_equal(ledger->exposures_kept.count, 0);
}

/* Many rows go in many steps; others come between them. */
static void test_prune_in_steps(void **state)
{
	bool is_more = false;
	(void)state;
	strangers_tell(1000, NOW);
	strangers_tell(10, NOW + DAY);
	assert_int_equal(store_ledger_prune(ledger, NOW + RETENTION + 1, &is_more), 0);
	assert_true(is_more);
	assert_rows("SELECT count(*) > 900 FROM session", "1\n");
	strangers_tell(10, NOW + DAY);
	assert_true(prune(NOW + RETENTION + 1) > 10);
	assert_rows("SELECT count(*) FROM session", "20\n");
	assert_rows("SELECT count(*) FROM name", "20\n");
	assert_int_equal(ledger->names_kept.count, 20);
}

static int64_t used(void)
{
	sqlite3_stmt *s = NULL;
	int64_t pages[2] = {};
	static const char *const pragmas[] = { "PRAGMA page_count", "PRAGMA freelist_count" };
	for (size_t i = 0; i < COUNT_OF(pages); i++) {
		assert_int_equal(sqlite3_prepare_v2(ledger->db, pragmas[i], -1, &s, NULL),
		                 SQLITE_OK);
		assert_int_equal(sqlite3_step(s), SQLITE_ROW);
		pages[i] = sqlite3_column_int64(s, 0);
		sqlite3_finalize(s);
	}
	return (pages[0] - pages[1]) * ledger->page_size;
}

/* The oldest sessions go first, then the names that were not seen for longest. */
static void test_prune_by_size(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++)
		strangers_tell(500, NOW + i);
	prune(NOW + DAY);
	assert_rows("SELECT count(*) FROM session", "10000\n"); /* no limit */
	ledger->max_bytes = used() - 512 * 1024;
	prune(NOW + DAY);
	assert_true(used() <= ledger->max_bytes);
	assert_rows("SELECT count(*) BETWEEN 1 AND 9999, min(at) > 1728043200, max(at) - 1728043200"
	            " FROM session",
	            "1|1|19\n");
	assert_rows("SELECT count(*) FROM name", "10000\n");
	ledger->max_bytes = 1024 * 1024;
	prune(NOW + DAY);
	assert_true(used() <= ledger->max_bytes);
	assert_rows("SELECT count(*) FROM session", "0\n");
	assert_rows("SELECT count(*) BETWEEN 1 AND 9999, min(last) > 1728043200,"
	            " max(last) - 1728043200 FROM name",
	            "1|1|19\n");
	ledger->max_bytes = 1; /* that cannot be, and ends */
	prune(NOW + DAY);
	assert_rows("SELECT (SELECT count(*) FROM name), sum(sessions) FROM sum", "0|10000\n");
}

/* Without an index each step would read all there is. */
static void test_prune_reads_by_index(void **state)
{
	static const enum ledger_query queries[] = {
		LEDGER_PRUNE_SESSIONS,  LEDGER_PRUNE_NAMES,     LEDGER_PRUNE_FARS,
		LEDGER_PRUNE_HELLOS,    LEDGER_PRUNE_EXPOSURES, LEDGER_PRUNE_EVENTS,
		LEDGER_NAME_OVER_FEW,   LEDGER_NAME_OVER,       LEDGER_FAR_OVER,
		LEDGER_HELLO_OVER,      LEDGER_EXPOSURE_OVER,   LEDGER_NAME_PAST,
		LEDGER_FORGET_SESSIONS, LEDGER_FORGET_NAMES,    LEDGER_FORGET_EXPOSURES,
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(queries); i++) {
		char sql[1024];
		sqlite3_stmt *s = NULL;
		snprintf(sql, sizeof(sql), "EXPLAIN QUERY PLAN %s", ledger_queries[queries[i]]);
		assert_int_equal(sqlite3_prepare_v2(ledger->db, sql, -1, &s, NULL), SQLITE_OK);
		while (sqlite3_step(s) == SQLITE_ROW) {
			const char *step = (const char *)sqlite3_column_text(s, 3);
			bool is_scan = !strncmp(step, "SCAN", 4) && !strstr(step, " INDEX ");
			if (is_scan || strstr(step, "TEMP B-TREE"))
				fail_msg("%s: %s", ledger_queries[queries[i]], step);
		}
		sqlite3_finalize(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEDGER_TEST(test_prune_by_age),         LEDGER_TEST(test_prune_leaves_what_is_used),
		LEDGER_TEST(test_prune_in_steps),       LEDGER_TEST(test_prune_by_size),
		LEDGER_TEST(test_prune_reads_by_index),
	};
	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
