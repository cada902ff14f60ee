#include "base/clean.h"
#include "store/ledger.h"
#include "store/ledger_read.h"
#include "store/store.h"
#include "store/test_file.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* An empty ledger, and what sql adds. */
static void begun(const char *sql)
{
	sqlite3 *db = NULL;
	struct store_opened how;
	assert_int_equal(store_open(&db, path, &store_ledger_schema, &how), 0);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL))
		fail_msg("%s", sqlite3_errmsg(db));
	sqlite3_close(db);
}

static struct store_ledger_read *opened(void)
{
	struct store_ledger_read *l = NULL;
	assert_int_equal(store_ledger_read_open(&l, path), 0);
	return l;
}

static int sum_note(void *owner, const struct store_ledger_sum *sum)
{
	uint64_t *sessions = owner;
	*sessions += sum->sessions;
	return 0;
}

/* Hour 500000 is Unix time 1800000000 to 1800003599. */
static void test_sums_by_filter(void **state)
{
	static const struct {
		struct store_ledger_filter filter;
		uint64_t sessions;
	} cases[] = {
		{ { 1800000000, 1800003600, -1, NULL }, 3 },
		{ { 1800003599, 1800003600, -1, NULL }, 3 },
		{ { 1800000000, 1800003601, -1, NULL }, 7 },
		{ { 1800003600, 1800007200, -1, NULL }, 4 },
		{ { 1799990000, 1800000000, -1, NULL }, 0 },
		{ { 1799990000, 1800000001, -1, NULL }, 3 },
		{ { 1800007200, 1900000000, -1, NULL }, 0 },
		{ { 0, INT64_MAX - 4000, -1, NULL }, 7 },
		{ { 0, 1900000000, STORE_LEG_INBOUND, NULL }, 1 },
		{ { 0, 1900000000, STORE_LEG_INTERNAL, NULL }, 0 },
		{ { 0, 1900000000, -1, "imap" }, 6 },
		{ { 0, 1900000000, -1, "" }, 0 },
		{ { 0, 1900000000, STORE_LEG_INBOUND, "imap" }, 0 },
	};
	(void)state;
	begun("INSERT INTO sum VALUES (500000, 0, 'smtp', 'mx', 3, '', '', '', 0, 1, 1, 0, 0, 0, "
	      "0),"
	      " (500000, 2, 'imap', 'imap', 3, '', '', '', 0, 1, 2, 0, 0, 0, 0),"
	      " (500001, 2, 'imap', 'imap', 3, '', '', '', 0, 1, 4, 0, 0, 0, 0)");
	struct store_ledger_read *l = opened();
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint64_t sessions = 0;
		assert_int_equal(store_ledger_read_sums(l, &cases[i].filter, sum_note, &sessions),
		                 0);
		if (sessions != cases[i].sessions)
			fail_msg("case %zu: %llu", i, (unsigned long long)sessions);
	}
	store_ledger_read_close(l);
}

static int stop(void *owner, const struct store_ledger_sum *sum)
{
	(void)sum;
	++*(int *)owner;
	return 42;
}

/* A callback ends it, and the next question begins anew. */
static void test_sums_stopped(void **state)
{
	const struct store_ledger_filter all = { 0, 1900000000, -1, NULL };
	int calls = 0;
	(void)state;
	begun("INSERT INTO sum VALUES (1, 0, 'a', '', 3, '', '', '', 0, 1, 1, 0, 0, 0, 0),"
	      " (2, 0, 'a', '', 3, '', '', '', 0, 1, 1, 0, 0, 0, 0)");
	struct store_ledger_read *l = opened();
	assert_int_equal(store_ledger_read_sums(l, &all, stop, &calls), 42);
	assert_int_equal(store_ledger_read_sums(l, &all, stop, &calls), 42);
	assert_int_equal(calls, 2);
	store_ledger_read_close(l);
}

static void test_facts(void **state)
{
	int64_t value = 7;
	(void)state;
	begun("INSERT INTO fact VALUES ('began_s', 1800000000)");
	struct store_ledger_read *l = opened();
	assert_int_equal(store_ledger_read_fact(l, "lost", &value), 0);
	assert_int_equal(value, 0);
	assert_int_equal(store_ledger_read_fact(l, "began_s", &value), 0);
	assert_int_equal(value, 1800000000);
	store_ledger_read_close(l);
}

/* Days of one event are one; what was first and last is of all of them. */
static int event_note(void *owner, const struct store_ledger_event *e)
{
	char *said = owner;
	size_t len = strlen(said);
	snprintf(said + len, 200 - len, "%s %s %s %lld-%lld %llu\n", store_event_name(e->kind),
	         store_leg_name(e->leg), e->who, (long long)e->first_s, (long long)e->last_s,
	         (unsigned long long)e->count);
	return 0;
}

static void test_events_of_days(void **state)
{
	const struct store_ledger_filter all = { 100, 1000, -1, NULL };
	char said[200] = "";
	(void)state;
	begun("INSERT INTO event VALUES (0, 'a', 1, 0, 'mx', '', '', 110, 120, 2),"
	      " (0, 'a', 2, 0, 'mx', '', '', 210, 220, 3), (3, 'b', 2, 1, 'out', 'm', '', 300, "
	      "300, 1),"
	      " (0, 'early', 1, 0, 'mx', '', '', 10, 99, 1), (0, 'late', 1, 0, 'mx', '', '', 1000,"
	      " 1000, 1)");
	struct store_ledger_read *l = opened();
	assert_int_equal(store_ledger_read_events(l, &all, event_note, said), 0);
	assert_string_equal(said, "lost-ca outbound b 300-300 1\n"
	                          "lost-tls inbound a 110-220 5\n");
	store_ledger_read_close(l);
}

static void test_versions(void **state)
{
	struct store_ledger_read *l = NULL;
	(void)state;
	assert_true(store_ledger_read_open(&l, path) < 0);
	begun("PRAGMA user_version = 99");
	assert_int_equal(store_ledger_read_open(&l, path), STORE_LEDGER_READ_NEWER);
	file_remove(NULL);
	begun("PRAGMA user_version = 0");
	assert_int_equal(store_ledger_read_open(&l, path), STORE_LEDGER_READ_OLDER);
	file_remove(NULL);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs("no database at all, but longer than the header of one: 100 bytes are wanted, so "
	      "this goes on for a while",
	      f);
	fclose(f);
	assert_true(store_ledger_read_open(&l, path) < 0);
	assert_null(l);
	store_ledger_read_close(NULL);
}

static void test_weakness(void **state)
{
	static const enum store_seal order[] = { STORE_SEAL_PLAIN,         STORE_SEAL_LEGACY,
		                                 STORE_SEAL_NONE,          STORE_SEAL_SEALED,
		                                 STORE_SEAL_AUTHENTICATED, STORE_SEAL_LOCAL };
	(void)state;
	_Static_assert(COUNT_OF(order) == STORE_SEAL_COUNT, "a seal without a place");
	for (unsigned i = 0; i < COUNT_OF(order); i++)
		assert_int_equal(store_ledger_weakness(order[i]), i);
}

static int service_note(void *owner, const struct store_ledger_service *service)
{
	char *said = owner;
	size_t len = strlen(said);
	snprintf(said + len, 256 - len, "%s %s %d/%d/%d/%d of %d;", service->edge,
	         service->protocol, (int)service->plain, (int)service->legacy, (int)service->sealed,
	         (int)service->local, (int)service->sessions);
	return 0;
}

static void test_services_in_clear_first(void **state)
{
	const struct store_ledger_filter inside = { 0, 1900000000, STORE_LEG_INTERNAL, NULL };
	char said[256] = "";
	(void)state;
	begun("INSERT INTO sum VALUES"
	      " (500000, 3, 'tls', '10.0.0.7:1', 3, 'TLSv1.3', '', '', 0, 1, 9, 0, 0, 0, 0),"
	      " (500000, 3, 'redis', '10.0.0.8:2', 1, '', '', '', 0, 0, 1, 0, 0, 0, 0),"
	      " (500001, 3, 'redis', '10.0.0.8:2', 5, '', '', '', 0, 0, 2, 0, 0, 0, 0),"
	      " (500001, 3, 'redis', '10.0.0.9:2', 2, 'TLSv1.0', '', '', 0, 1, 3, 0, 0, 0, 0),"
	      " (500001, 3, 'backend', 'mta', 1, '', '', '', 0, 0, 50, 0, 0, 0, 0),"
	      " (500001, 2, 'imap', 'imap', 1, '', '', '', 0, 0, 60, 0, 0, 0, 0)");
	struct store_ledger_read *l = opened();
	assert_int_equal(store_ledger_read_services(l, &inside, 0, service_note, said), 0);
	assert_string_equal(said, "10.0.0.8:2 redis 1/0/0/2 of 3;10.0.0.9:2 redis 0/3/0/0 of 3;"
	                          "10.0.0.7:1 tls 0/0/9/0 of 9;");
	said[0] = '\0';
	assert_int_equal(store_ledger_read_services(l, &inside, 1, service_note, said), 0);
	assert_string_equal(said, "10.0.0.8:2 redis 1/0/0/2 of 3;");
	store_ledger_read_close(l);
}

static void test_exposures_by_leg(void **state)
{
	static const uint64_t counts[STORE_LEG_COUNT] = {
		[STORE_LEG_INBOUND] = 1, [STORE_LEG_USER] = 1, [STORE_LEG_INTERNAL] = 2
	};
	(void)state;
	begun("INSERT INTO exposure (user, protocol, edge, address, password_sent, mechanism,"
	      " is_excepted, first, last, count) VALUES"
	      " ('a', 'smtp', 'mx', '192.0.2.1', 1, 'PLAIN', 0, 1800000000, 1800000000, 1),"
	      " ('a', 'imap', 'imap', '192.0.2.1', 1, 'LOGIN', 0, 1800000000, 1800000000, 1),"
	      " ('a', 'imap', '10.0.0.9:143', '10.0.0.1', 1, 'LOGIN', 0, 1800000000, 1800000000, "
	      "1),"
	      " ('a', 'smtp', '[fd00::9]:25', 'fd00::1', 1, 'PLAIN', 0, 1800000000, 1800000000, "
	      "1)");
	struct store_ledger_read *l = opened();
	for (int leg = 0; leg < STORE_LEG_COUNT; leg++) {
		const struct store_ledger_filter filter = { 0, 1900000000, leg, NULL };
		uint64_t count = 9;
		assert_int_equal(store_ledger_read_exposure_count(l, &filter, &count), 0);
		assert_int_equal(count, counts[leg]);
	}
	store_ledger_read_close(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_services_in_clear_first, file_remove),
		cmocka_unit_test_teardown(test_exposures_by_leg, file_remove),
		cmocka_unit_test_teardown(test_sums_by_filter, file_remove),
		cmocka_unit_test_teardown(test_sums_stopped, file_remove),
		cmocka_unit_test_teardown(test_facts, file_remove),
		cmocka_unit_test_teardown(test_events_of_days, file_remove),
		cmocka_unit_test_teardown(test_versions, file_remove),
		cmocka_unit_test(test_weakness),
	};
	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
