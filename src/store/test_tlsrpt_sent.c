#include "store/tlsrpt_sent.h"

#include "base/clean.h"
#include "store/store.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
/* after stdarg.h and setjmp.h */
#include <cmocka.h>

#include "store/test_file.h"

enum { DAY_S = 86400, DAY = 20000, NOW = (DAY + 1) * DAY_S + 600 };

static struct store_tlsrpt *store;

static int open_it(void **state)
{
	struct store_opened how;
	return store_tlsrpt_open(&store, path, &how);
}

static int close_it(void **state)
{
	store_tlsrpt_close(TAKE(store));
	return file_remove(state);
}

static void open_again(void)
{
	store_tlsrpt_close(TAKE(store));
	assert_int_equal(open_it(NULL), 0);
}

static void count(const char *domain, int64_t day)
{
	struct policy_outcome outcome = {};
	snprintf(outcome.domain, sizeof(outcome.domain), "%s", domain);
	(void)policy_outcome_add(&outcome, POLICY_KIND_NONE, domain);
	assert_int_equal(store_tlsrpt_count(store, &outcome, day * DAY_S, STORE_TLSRPT_ROWS), 0);
}

static bool plan(const char *after, unsigned spread_s, char *ret_last)
{
	bool is_more;
	assert_int_equal(store_tlsrpt_plan(store,
	                                   &(struct store_tlsrpt_plan){ .day = DAY,
	                                                                .first_s = NOW,
	                                                                .spread_s = spread_s,
	                                                                .after = after },
	                                   ret_last, &is_more),
	                 0);
	return is_more;
}

struct seen {
	unsigned count;
	struct store_tlsrpt_report last;
	char domain[64], uri[64], why[64];
	int64_t least_s, most_s;
};

static void see(void *owner, const struct store_tlsrpt_report *report)
{
	struct seen *seen = owner;
	if (!seen->count++ || report->due_s < seen->least_s)
		seen->least_s = report->due_s;
	if (report->due_s > seen->most_s)
		seen->most_s = report->due_s;
	seen->last = *report;
	snprintf(seen->domain, sizeof(seen->domain), "%s", report->domain);
	snprintf(seen->uri, sizeof(seen->uri), "%s", report->uri);
	snprintf(seen->why, sizeof(seen->why), "%s", report->why);
}

static struct seen due_at(int64_t now_s)
{
	struct seen seen = {};
	assert_int_equal(store_tlsrpt_due(store, now_s, 10000, see, &seen), 0);
	return seen;
}

static struct seen all(void)
{
	struct seen seen = {};
	assert_int_equal(store_tlsrpt_reports(store, -1, NULL, see, &seen), 0);
	return seen;
}

/* Each domain of the day once, spread, also where there are more than one step takes. */
static void test_tlsrpt_sent_plan(void **state)
{
	char domain[64], last[256] = "";
	bool is;
	assert_false(plan("", 100, last));
	assert_int_equal(all().count, 0);
	for (int i = 0; i < 1200; i++) {
		snprintf(domain, sizeof(domain), "d%04d.example", i);
		count(domain, DAY);
	}
	count("another-day.example", DAY + 1);
	last[0] = '\0';
	assert_true(plan(last, 1000, last));
	assert_true(plan(last, 1000, last));
	assert_false(plan(last, 1000, last));
	struct seen seen = all();
	assert_int_equal(seen.count, 1200);
	assert_true(seen.least_s >= NOW && seen.most_s < NOW + 1000);
	assert_true(seen.most_s - seen.least_s > 500);
	/* Anew, as after a crash in between: nothing changes. */
	assert_true(plan("", 1, last));
	assert_int_equal(all().count, 1200);
	assert_int_equal(store_tlsrpt_day_is_planned(store, DAY, &is), 0);
	assert_false(is);
	assert_int_equal(store_tlsrpt_day_planned(store, DAY), 0);
	open_again();
	assert_int_equal(store_tlsrpt_day_is_planned(store, DAY, &is), 0);
	assert_true(is);
}

static void one_plan(void)
{
	char last[256];
	count("a.example", DAY);
	assert_false(plan("", 1, last));
}

/* From the domain to its places, a try that fails, one that goes, one that is given up. */
static void test_tlsrpt_sent_life(void **state)
{
	uint64_t counts[STORE_TLSRPT_STATE_COUNT];
	one_plan();
	struct seen seen = due_at(NOW);
	assert_int_equal(seen.count, 1);
	assert_string_equal(seen.domain, "a.example");
	assert_string_equal(seen.uri, "");
	seen.last.domain = "a.example";
	assert_int_equal(store_tlsrpt_try(store, seen.last.id, NOW, NOW + 900), 0);
	assert_int_equal(due_at(NOW).count, 0); /* it is being tried */
	open_again();
	assert_int_equal(due_at(NOW + 900).count, 1); /* and was not to the end */
	assert_int_equal(store_tlsrpt_place(store, &seen.last, "mailto:r@a.example", "a.example"),
	                 0);
	assert_int_equal(store_tlsrpt_place(store, &seen.last, "mailto:r@a.example", "a.example"),
	                 0);
	assert_int_equal(store_tlsrpt_drop(store, seen.last.id), 0);
	seen = due_at(NOW);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.last.begun_s, 0);
	int64_t id = seen.last.id;
	assert_int_equal(store_tlsrpt_try(store, id, NOW + 1, NOW + 900), 0);
	assert_int_equal(store_tlsrpt_end(store, id,
	                                  &(struct store_tlsrpt_end){ .due_s = NOW + 300,
	                                                              .now_s = NOW,
	                                                              .why = "late" }),
	                 0);
	seen = due_at(NOW + 300);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.last.begun_s, NOW + 1);
	assert_int_equal(seen.last.tries, 1);
	assert_string_equal(seen.why, "late");
	assert_int_equal(
		store_tlsrpt_end(store, id,
	                         &(struct store_tlsrpt_end){ .state = STORE_TLSRPT_GIVEN_UP,
	                                                     .now_s = NOW + 400,
	                                                     .why = "no" }),
		0);
	assert_int_equal(due_at(INT64_MAX).count, 0);
	assert_int_equal(store_tlsrpt_hurry(store, DAY, NOW + 500), 0);
	seen = due_at(NOW + 500);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.last.begun_s, 0);
	assert_int_equal(store_tlsrpt_end(store, id,
	                                  &(struct store_tlsrpt_end){ .state = STORE_TLSRPT_SENT,
	                                                              .now_s = NOW + 600,
	                                                              .why = "" }),
	                 0);
	assert_int_equal(store_tlsrpt_hurry(store, DAY, NOW + 700), 0);
	assert_int_equal(due_at(INT64_MAX).count, 0); /* what was sent is not sent again */
	assert_int_equal(store_tlsrpt_states(store, counts), 0);
	assert_int_equal(counts[STORE_TLSRPT_SENT], 1);
	assert_int_equal(counts[STORE_TLSRPT_WAITING] + counts[STORE_TLSRPT_GIVEN_UP], 0);
}

static void test_tlsrpt_sent_echo(void **state)
{
	uint64_t sessions, reports;
	one_plan();
	struct seen seen = due_at(NOW);
	seen.last.domain = "a.example";
	assert_int_equal(store_tlsrpt_place(store, &seen.last, "mailto:r@b.example", "b.example"),
	                 0);
	assert_int_equal(store_tlsrpt_drop(store, seen.last.id), 0);
	assert_int_equal(store_tlsrpt_end(store, due_at(NOW).last.id,
	                                  &(struct store_tlsrpt_end){ .state = STORE_TLSRPT_SENT,
	                                                              .now_s = NOW,
	                                                              .why = "" }),
	                 0);
	count("b.example", DAY + 1);
	assert_int_equal(store_tlsrpt_echo(store, DAY + 1, "b.example", &sessions, &reports), 0);
	assert_true(sessions == 1 && reports == 1);
	count("b.example", DAY + 1);
	assert_int_equal(store_tlsrpt_echo(store, DAY + 1, "b.example", &sessions, &reports), 0);
	assert_true(sessions == 2 && reports == 1);
	assert_int_equal(store_tlsrpt_echo(store, DAY, "b.example", &sessions, &reports), 0);
	assert_true(sessions == 0 && reports == 0);
}

static void test_tlsrpt_sent_prune(void **state)
{
	bool is_more = true, is;
	one_plan();
	assert_int_equal(store_tlsrpt_day_planned(store, DAY), 0);
	int64_t later_s = (DAY + STORE_TLSRPT_DAYS - 1) * (int64_t)DAY_S;
	assert_int_equal(store_tlsrpt_prune(store, later_s, &is_more), 0);
	assert_int_equal(all().count, 1);
	while (is_more)
		assert_int_equal(store_tlsrpt_prune(store, later_s + DAY_S, &is_more), 0);
	assert_int_equal(store_tlsrpt_prune(store, later_s + DAY_S, &is_more), 0);
	assert_int_equal(all().count, 0);
	assert_int_equal(store_tlsrpt_day_is_planned(store, DAY, &is), 0);
	assert_false(is);
}

/* The file as the build before made it: its sums are kept, and it is read without migrating. */
static void test_tlsrpt_sent_of_before(void **state)
{
	struct store_tlsrpt *reading = NULL;
	struct seen seen = {};
	count("a.example", DAY);
	store_tlsrpt_close(TAKE(store));
	sqlite3 *db = NULL;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
	                              "DROP TABLE report; DROP TABLE report_day;"
	                              "PRAGMA user_version = 1",
	                              NULL, NULL, NULL),
	                 SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(store_tlsrpt_open_read(&reading, path), 0);
	assert_int_equal(store_tlsrpt_reports(reading, -1, NULL, see, &seen), 0);
	store_tlsrpt_close(reading);
	assert_int_equal(open_it(NULL), 0);
	one_plan();
	uint64_t sessions, reports;
	assert_int_equal(store_tlsrpt_echo(store, DAY, "a.example", &sessions, &reports), 0);
	assert_int_equal(sessions, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_tlsrpt_sent_##name, open_it, close_it)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(plan), TEST(life), TEST(echo), TEST(prune), TEST(of_before),
	};
	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
