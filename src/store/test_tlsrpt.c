#include "base/clean.h"
#include "store/store.h"
#include "store/tlsrpt.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { DAY_S = 86400, TODAY = 20000, NOW = TODAY * DAY_S + 12 * 3600 };

static char folder[] = "/tmp/mailseal-test-tlsrpt-XXXXXX";
static char path[64];
static struct store_tlsrpt *store;
static sqlite3 *db; /* of the one that was opened last */

static int db_note(sqlite3 *opened, char **ret_error, const void *api)
{
	(void)ret_error, (void)api;
	db = opened;
	return 0;
}

static int folder_make(void **state)
{
	(void)state;
	sqlite3_auto_extension((void (*)(void))db_note);
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/tlsrpt.db", folder);
	return 0;
}

static int folder_remove(void **state)
{
	(void)state;
	return rmdir(folder);
}

static int store_begin_new(void **state)
{
	struct store_opened how;
	(void)state;
	return store_tlsrpt_open(&store, path, &how);
}

static int store_end(void **state)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	char name[80];
	(void)state;
	store_tlsrpt_close(TAKE(store));
	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		unlink(name);
	}
	return 0;
}

/* "20000 a.example tlsa mx.a.example good/bad [lines] [mx]" and " - result mx reason n" lines. */
static void policy_write(void *owner, const struct store_tlsrpt_policy *p)
{
	assert_int_equal(buf_printf(owner, "%lld %s %s %s %llu/%llu [%s] [%s]\n", (long long)p->day,
	                            p->domain, policy_kind_name(p->kind), p->policy_domain,
	                            (unsigned long long)p->succeeded, (unsigned long long)p->failed,
	                            p->strings, p->mx),
	                 0);
}

static void failure_write(void *owner, const struct policy_tlsrpt_fault *f)
{
	assert_int_equal(buf_printf(owner, " %s %s>%s %s %s %s %s %llu\n",
	                            policy_report_name(f->report), f->sender, f->receiver, f->mx,
	                            f->helo, f->reason, f->more, (unsigned long long)f->sessions),
	                 0);
}

static void assert_read(int64_t day, const char *domain, const char *expected)
{
	CLEAN(buf_deinit) struct buf text = {};
	const struct store_tlsrpt_reader reader = { &text, policy_write, failure_write };
	assert_int_equal(store_tlsrpt_read(store, day, domain, &reader), 0);
	if (!slice_equal(buf_slice(&text), slice_str(expected)))
		fail_msg("\n%.*s\nin place of\n%s", (int)buf_len(&text),
		         (const char *)buf_slice(&text).data, expected);
}

static struct policy_outcome outcome;

static struct policy_part *part_of(const char *domain, enum policy_kind kind)
{
	outcome = (struct policy_outcome){};
	snprintf(outcome.domain, sizeof(outcome.domain), "%s", domain);
	return policy_outcome_add(&outcome, kind, domain);
}

static int count_at(int64_t now_s)
{
	assert_true(policy_outcome_is_fine(&outcome));
	return store_tlsrpt_count(store, &outcome, now_s, STORE_TLSRPT_ROWS);
}

static const struct policy_failure mismatch = {
	.report = POLICY_REPORT_CERTIFICATE_HOST_MISMATCH,
	.sender = { (const uint8_t *)"192.0.2.1", 9 },
	.receiver = { (const uint8_t *)"192.0.2.9", 9 },
	.mx = { (const uint8_t *)"mx.a", 4 },
	.helo = { (const uint8_t *)"helo.a", 6 },
	.reason = { (const uint8_t *)"why", 3 },
	.more = { (const uint8_t *)"more", 4 },
};

static void count_both(bool sts_fails)
{
	struct policy_part *p = part_of("a.example", POLICY_KIND_STS);
	p->strings = slice_str("version: STSv1\nmode: enforce\n");
	p->mx = slice_str("*.a.example\n");
	if (sts_fails)
		policy_part_fail(p, &mismatch);
	p = policy_outcome_add(&outcome, POLICY_KIND_TLSA, "mx.a.example");
	p->strings = slice_str("3 1 1 ab\n");
	assert_int_equal(count_at(NOW), 0);
}

/* DANE and STS apart, successes too, and all of it there after a restart. */
static void test_tlsrpt_sums(void **state)
{
	static const char expected[] =
		"20000 a.example tlsa mx.a.example 3/0 [3 1 1 ab\n] []\n"
		"20000 a.example sts a.example 1/2 [version: STSv1\nmode: enforce\n] "
		"[*.a.example\n]\n"
		" certificate-host-mismatch 192.0.2.1>192.0.2.9 mx.a helo.a why more 2\n";
	struct store_opened how;
	(void)state;
	count_both(true);
	count_both(false);
	count_both(true);
	part_of("b.example", POLICY_KIND_NONE);
	assert_int_equal(count_at(NOW), 0);
	assert_read(TODAY, "a.example", expected);
	assert_read(TODAY + 1, NULL, "");
	store_tlsrpt_close(store);
	assert_int_equal(store_tlsrpt_open(&store, path, &how), 0);
	assert_false(how.was_bad);
	assert_read(-1, "a.example", expected);
	assert_read(TODAY, "b.example", "20000 b.example no-policy-found b.example 1/0 [] []\n");
}

/* A policy that changes during the day is another. */
static void test_tlsrpt_policies_apart(void **state)
{
	(void)state;
	part_of("a.example", POLICY_KIND_TLSA)->strings = slice_str("3 1 1 aa\n");
	assert_int_equal(count_at(NOW), 0);
	part_of("a.example", POLICY_KIND_TLSA)->strings = slice_str("3 1 1 ab\n");
	assert_int_equal(count_at(NOW), 0);
	assert_read(-1, NULL,
	            "20000 a.example tlsa a.example 1/0 [3 1 1 aa\n] []\n"
	            "20000 a.example tlsa a.example 1/0 [3 1 1 ab\n] []\n");
}

/* The day is UTC's: its first and last second, and those beside them. */
static void test_tlsrpt_day_boundaries(void **state)
{
	static const int64_t times[] = { TODAY * DAY_S - 1, TODAY * DAY_S, (TODAY + 1) * DAY_S - 1,
		                         (TODAY + 1) * DAY_S };
	(void)state;
	for (size_t i = 0; i < COUNT_OF(times); i++) {
		part_of("a.example", POLICY_KIND_NONE);
		assert_int_equal(count_at(times[i]), 0);
	}
	assert_read(-1, NULL,
	            "19999 a.example no-policy-found a.example 1/0 [] []\n"
	            "20000 a.example no-policy-found a.example 2/0 [] []\n"
	            "20001 a.example no-policy-found a.example 1/0 [] []\n");
}

static void prune_all(int64_t now_s)
{
	bool is_more = true;
	while (is_more)
		assert_int_equal(store_tlsrpt_prune(store, now_s, &is_more), 0);
}

/* Eight days are kept, today with them; failures go with their policy. */
static void test_tlsrpt_prune(void **state)
{
	(void)state;
	for (int day = 0; day <= STORE_TLSRPT_DAYS; day++)
		for (int i = 0; i < (day == STORE_TLSRPT_DAYS ? 150 : 1); i++) {
			char domain[32];
			snprintf(domain, sizeof(domain), "d%d.example", i);
			policy_part_fail(part_of(domain, POLICY_KIND_NONE), &mismatch);
			assert_int_equal(count_at(NOW - (int64_t)day * DAY_S), 0);
		}
	prune_all(NOW);
	CLEAN(buf_deinit) struct buf text = {};
	const struct store_tlsrpt_reader reader = { &text, policy_write, failure_write };
	assert_int_equal(store_tlsrpt_read(store, TODAY - STORE_TLSRPT_DAYS, NULL, &reader), 0);
	assert_int_equal(buf_len(&text), 0);
	assert_int_equal(store_tlsrpt_read(store, TODAY - STORE_TLSRPT_DAYS + 1, NULL, &reader), 0);
	assert_int_not_equal(buf_len(&text), 0);
	/* What went makes room: eight policies with a failure each are left. */
	part_of("new.example", POLICY_KIND_NONE);
	assert_int_equal(store_tlsrpt_count(store, &outcome, NOW, 2 * STORE_TLSRPT_DAYS),
	                 STORE_TLSRPT_FULL);
	assert_int_equal(store_tlsrpt_count(store, &outcome, NOW, 2 * STORE_TLSRPT_DAYS + 1), 0);
}

static void failures_count(unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		char reason[16];
		struct policy_failure f = { .report = POLICY_REPORT_VALIDATION_FAILURE };
		snprintf(reason, sizeof(reason), "%u", i);
		f.reason = slice_str(reason);
		policy_part_fail(part_of("a.example", POLICY_KIND_NONE), &f);
		assert_int_equal(count_at(NOW), 0);
	}
}

struct seen {
	unsigned policies, failures, rests;
	uint64_t succeeded, failed, sessions, rest_sessions;
};

static void policy_see(void *owner, const struct store_tlsrpt_policy *p)
{
	struct seen *s = owner;
	s->policies++;
	s->rests += p->kind == POLICY_KIND_TLSA && !p->strings[0];
	s->succeeded += p->succeeded;
	s->failed += p->failed;
}

static void failure_see(void *owner, const struct policy_tlsrpt_fault *f)
{
	struct seen *s = owner;
	s->failures++;
	s->sessions += f->sessions;
	s->rest_sessions += f->reason[0] ? 0 : f->sessions;
}

static struct seen look(void)
{
	struct seen seen = {};
	const struct store_tlsrpt_reader reader = { &seen, policy_see, failure_see };
	assert_int_equal(store_tlsrpt_read(store, -1, NULL, &reader), 0);
	return seen;
}

/* Who makes each failure look different gets them summed up, by result type. */
static void test_tlsrpt_failures_are_bounded(void **state)
{
	(void)state;
	failures_count(0, STORE_TLSRPT_FAILURES + 50);
	failures_count(0, 1); /* one that is known is still told apart */
	policy_part_fail(part_of("a.example", POLICY_KIND_NONE), &mismatch);
	assert_int_equal(count_at(NOW), 0);
	struct seen s = look();
	assert_int_equal(s.policies, 1);
	assert_int_equal(s.failures, STORE_TLSRPT_FAILURES + 2);
	assert_int_equal(s.rest_sessions, 51);
	assert_int_equal(s.sessions, STORE_TLSRPT_FAILURES + 52);
	assert_int_equal(s.failed, STORE_TLSRPT_FAILURES + 52);
}

/* The same of policies; another domain has its own. */
static void test_tlsrpt_policies_are_bounded(void **state)
{
	(void)state;
	for (unsigned i = 0; i < STORE_TLSRPT_POLICIES + 10; i++) {
		char text[32];
		snprintf(text, sizeof(text), "3 1 1 %02x\n", i);
		part_of("a.example", POLICY_KIND_TLSA)->strings = slice_str(text);
		assert_int_equal(count_at(NOW), 0);
	}
	part_of("b.example", POLICY_KIND_NONE);
	assert_int_equal(count_at(NOW), 0);
	struct seen s = look();
	assert_int_equal(s.policies, STORE_TLSRPT_POLICIES + 2);
	assert_int_equal(s.rests, 1);
	assert_int_equal(s.succeeded, STORE_TLSRPT_POLICIES + 11);
}

/* All rows taken: what has one is still counted, the rest is said not to be. */
static void test_tlsrpt_is_bounded(void **state)
{
	(void)state;
	part_of("a.example", POLICY_KIND_NONE);
	assert_int_equal(store_tlsrpt_count(store, &outcome, NOW, 1), 0);
	assert_int_equal(store_tlsrpt_count(store, &outcome, NOW, 1), 0);
	part_of("b.example", POLICY_KIND_NONE);
	assert_int_equal(store_tlsrpt_count(store, &outcome, NOW, 1), STORE_TLSRPT_FULL);
	assert_read(-1, NULL, "20000 a.example no-policy-found a.example 2/0 [] []\n");
}

static void run(const char *sql)
{
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* A policy whose failure cannot be written is not there, and takes no room. */
static void test_tlsrpt_all_or_nothing(void **state)
{
	(void)state;
	run("CREATE TEMP TRIGGER no BEFORE INSERT ON main.failure"
	    " BEGIN SELECT RAISE(FAIL, 'no'); END");
	policy_part_fail(part_of("a.example", POLICY_KIND_NONE), &mismatch);
	assert_true(store_tlsrpt_count(store, &outcome, NOW, 2) < 0);
	assert_read(-1, NULL, "");
	run("DROP TRIGGER no");
	assert_int_equal(store_tlsrpt_count(store, &outcome, NOW, 2), 0);
	assert_int_equal(look().sessions, 1);
}

static int big_count(const char *domain)
{
	static char lines[16384];
	memset(lines, 'x', sizeof(lines) - 2);
	lines[sizeof(lines) - 2] = '\n';
	part_of(domain, POLICY_KIND_STS)->strings = slice_str(lines);
	return count_at(NOW);
}

/* The file has a bound too; what was there stays, and what goes makes room. */
static void test_tlsrpt_file_is_bounded(void **state)
{
	sqlite3_stmt *pages = NULL;
	(void)state;
	assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA max_page_count", -1, &pages, NULL), 0);
	assert_int_equal(sqlite3_step(pages), SQLITE_ROW);
	assert_true((int64_t)sqlite3_column_int(pages, 0) * 4096 < INT64_C(2) << 30);
	sqlite3_finalize(pages);
	run("PRAGMA max_page_count = 21");
	assert_int_equal(big_count("a.example"), 0);
	assert_int_equal(big_count("b.example"), STORE_TLSRPT_FULL);
	assert_int_equal(big_count("b.example"), STORE_TLSRPT_FULL);
	assert_int_equal(big_count("a.example"), 0);
	assert_int_equal(look().policies, 1);
	assert_int_equal(look().succeeded, 2);
	prune_all(NOW + (int64_t)STORE_TLSRPT_DAYS * DAY_S);
	assert_int_equal(big_count("b.example"), 0);
}

static void test_tlsrpt_read_alone(void **state)
{
	struct store_tlsrpt *reading = NULL;
	(void)state;
	assert_int_equal(store_tlsrpt_open_read(&reading, "/tmp/mailseal-none/none.db"),
	                 STORE_TLSRPT_NONE);
	part_of("a.example", POLICY_KIND_NONE);
	assert_int_equal(count_at(NOW), 0);
	assert_int_equal(store_tlsrpt_open_read(&reading, path), 0);
	assert_true(store_tlsrpt_count(reading, &outcome, NOW, STORE_TLSRPT_ROWS) < 0);
	store_tlsrpt_close(reading);
	assert_int_equal(look().succeeded, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(test_tlsrpt_##name, store_begin_new, store_end)
		TEST(sums),       TEST(policies_apart),       TEST(day_boundaries),
		TEST(prune),      TEST(failures_are_bounded), TEST(policies_are_bounded),
		TEST(is_bounded), TEST(file_is_bounded),      TEST(all_or_nothing),
		TEST(read_alone),
	};
	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
