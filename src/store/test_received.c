#include "store/received.h"

#include "base/clean.h"
#include "store/store.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
/* after stdarg.h and setjmp.h */
#include <cmocka.h>

#include "store/test_file.h"

enum { DAY_S = 86400, NOW = 20000 * DAY_S };

static struct store_received *store;

static int open_it(void **state)
{
	struct store_opened how;
	return store_received_open(&store, path, &how);
}

static int close_it(void **state)
{
	store_received_close(TAKE(store));
	return file_remove(state);
}

struct told {
	const char *organization, *id, *domain, *result;
	enum store_received_trust trust;
	int64_t now_s;
	const char *from; /* NULL: "from.example" */
	size_t len;
};

/* A report with one failure. 0 or STORE_RECEIVED_KNOWN. */
static int take(const struct told *t, bool *ret_is_new)
{
	int r = store_received_begin(
		store, &(struct store_received_head){ .organization = t->organization,
	                                              .id = t->id,
	                                              .contact = "c",
	                                              .from = t->from ? t->from : "from.example",
	                                              .trust = t->trust,
	                                              .len = t->len,
	                                              .begin_s = t->now_s - DAY_S,
	                                              .end_s = t->now_s - 1,
	                                              .now_s = t->now_s });
	if (r)
		return r;
	assert_int_equal(
		store_received_policy(store, &(struct store_received_policy){ .kind = "sts",
	                                                                      .domain = t->domain,
	                                                                      .succeeded = 10,
	                                                                      .failed = 3 }),
		0);
	assert_int_equal(
		store_received_failure(store,
	                               &(struct store_received_failure){ .result = t->result,
	                                                                 .sender = "192.0.2.1",
	                                                                 .mx = "mx.y.example",
	                                                                 .helo = "",
	                                                                 .receiver = "",
	                                                                 .reason = "why",
	                                                                 .more = "",
	                                                                 .sessions = 3 },
	                               ret_is_new),
		0);
	return store_received_keep(store);
}

struct seen {
	unsigned sums, faults;
	uint64_t reports, succeeded, failed, sessions;
	int64_t first_s;
};

static int on_sum(void *owner, const struct store_received_sum *s)
{
	struct seen *seen = owner;
	seen->sums++;
	seen->reports += s->reports;
	seen->succeeded += s->succeeded;
	seen->failed += s->failed;
	return 0;
}

static int on_fault(void *owner, const struct store_received_fault *f)
{
	struct seen *seen = owner;
	seen->faults++;
	seen->sessions += f->sessions;
	seen->first_s = f->first_s;
	assert_string_equal(f->mx, "mx.y.example");
	assert_string_equal(f->reason, "why");
	return 0;
}

static struct seen look(int64_t since_s, const char *domain)
{
	struct seen seen = {};
	const struct store_received_reader reader = { &seen, on_sum, on_fault };
	assert_int_equal(store_received_read(store, since_s, domain, &reader), 0);
	return seen;
}

static const struct told first = {
	.organization = "X",
	.id = "1",
	.domain = "y.example",
	.result = "certificate-expired",
	.trust = STORE_RECEIVED_SIGNED,
	.now_s = NOW,
};

static void test_received_once(void **state)
{
	bool is_new;
	struct told t = first;
	assert_int_equal(take(&t, &is_new), 0);
	assert_true(is_new);
	assert_int_equal(take(&t, &is_new), STORE_RECEIVED_KNOWN);
	t.id = "2";
	t.now_s += DAY_S;
	assert_int_equal(take(&t, &is_new), 0);
	assert_false(is_new);
	struct seen seen = look(0, NULL);
	assert_true(seen.sums == 1 && seen.faults == 1 && seen.reports == 2);
	assert_true(seen.succeeded == 20 && seen.failed == 6 && seen.sessions == 6);
	assert_int_equal(seen.first_s, NOW);
	assert_int_equal(look(NOW, NULL).reports, 1);
	assert_int_equal(look(0, "other.example").sums, 0);
	assert_int_equal(look(0, "y.example").sums, 1);
}

/* A stranger who takes the name and the number of a report neither hides the true one nor what is
 * new in it. */
static void test_received_forged_first(void **state)
{
	bool is_new;
	struct told t = first;
	t.trust = STORE_RECEIVED_UNVERIFIED;
	assert_int_equal(take(&t, &is_new), 0);
	assert_true(is_new);
	assert_int_equal(take(&first, &is_new), 0);
	assert_true(is_new);
	assert_int_equal(look(0, NULL).sums, 2);
}

/* A signature says from which domain a report came, not that its organization is there. */
static void test_received_name_of_another(void **state)
{
	bool is_new;
	struct told t = first;
	t.from = "evil.example";
	assert_int_equal(take(&t, &is_new), 0);
	assert_int_equal(take(&first, &is_new), 0);
	assert_true(is_new);
	struct seen seen = look(0, NULL);
	assert_true(seen.sums == 2 && seen.faults == 2);
}

/* So many reports of another sender, from a second on. */
static int crowd_make(int count)
{
	char text[512];
	sqlite3 *db;
	snprintf(text, sizeof(text),
	         "INSERT INTO report (organization, report, contact, sender, trust, begin, end,"
	         " received, size) WITH n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE"
	         " x < %d) SELECT 'Z', 'z' || x, 'c', 'evil.example', %d, 1, 2, %d, 300 FROM n",
	         count, STORE_RECEIVED_SIGNED, NOW + 1);
	int r = sqlite3_open(path, &db);
	if (!r)
		r = sqlite3_exec(db, text, NULL, NULL, NULL);
	sqlite3_close(db);
	return r;
}

/* One sender's many, though each is signed, push out their own kind. */
static void test_received_crowd(void **state)
{
	bool is_new;
	struct told t = first;
	t.len = 2000;
	assert_int_equal(take(&t, &is_new), 0);
	assert_int_equal(crowd_make(STORE_RECEIVED_REPORTS), 0);
	t.from = "evil.example";
	t.id = "2";
	t.now_s++;
	assert_int_equal(take(&t, &is_new), 0);
	assert_int_equal(look(0, NULL).reports, 2);
}

static int on_first_sum(void *owner, const struct store_received_sum *s)
{
	return 0;
}

/* The first fault that is told decides. */
static int on_first_fault(void *owner, const struct store_received_fault *f)
{
	unsigned *rows = owner;
	if (!strcmp(f->organization, "X"))
		return 1;
	return ++*rows, 0;
}

/* Who reads a page of them finds others than the sender with the most. */
static void test_received_many_rows_of_one(void **state)
{
	char domain[32];
	bool is_new;
	struct told t = first;
	unsigned rows = 0;
	const struct store_received_reader reader = { &rows, on_first_sum, on_first_fault };
	assert_int_equal(take(&first, &is_new), 0);
	t.from = "evil.example";
	t.organization = "A";
	t.domain = domain;
	for (int i = 0; i < 400; i++) {
		snprintf(domain, sizeof(domain), "a%d.example", i);
		t.id = domain;
		assert_int_equal(take(&t, &is_new), 0);
	}
	assert_int_equal(store_received_read(store, 0, NULL, &reader), 1);
	assert_in_range(rows, 1, 50);
}

static void test_received_what_is_new(void **state)
{
	bool is_new;
	struct told t = first;
	assert_int_equal(take(&t, &is_new), 0);
	t.id = "2";
	t.result = "starttls-not-supported";
	assert_int_equal(take(&t, &is_new), 0);
	assert_true(is_new);
	t.id = "3";
	t.domain = "z.example";
	assert_int_equal(take(&t, &is_new), 0);
	assert_true(is_new);
	t.organization = "W";
	assert_int_equal(take(&t, &is_new), 0);
	assert_true(is_new);
	t.id = "4";
	assert_int_equal(take(&t, &is_new), 0);
	assert_false(is_new);
}

static void test_received_undo(void **state)
{
	bool is_new;
	assert_int_equal(
		store_received_begin(store, &(struct store_received_head){ .organization = "X",
	                                                                   .id = "1",
	                                                                   .contact = "",
	                                                                   .from = "",
	                                                                   .now_s = NOW }),
		0);
	store_received_undo(store);
	store_received_undo(store);
	assert_int_equal(look(0, NULL).sums, 0);
	assert_int_equal(take(&first, &is_new), 0);
}

static void test_received_old_ones_go(void **state)
{
	bool is_new;
	struct told t = first;
	assert_int_equal(take(&t, &is_new), 0);
	t.id = "2";
	t.now_s += STORE_RECEIVED_DAYS * (int64_t)DAY_S;
	assert_int_equal(take(&t, &is_new), 0);
	assert_int_equal(look(0, NULL).reports, 2);
	t.id = "3";
	t.now_s += DAY_S;
	assert_int_equal(take(&t, &is_new), 0);
	assert_int_equal(look(0, NULL).reports, 2);
}

static void test_received_read_alone(void **state)
{
	struct store_received *reading = NULL;
	bool is_new;
	assert_int_equal(store_received_open_read(&reading, "/tmp/mailseal-none/none.db"),
	                 STORE_RECEIVED_NONE);
	assert_int_equal(take(&first, &is_new), 0);
	assert_int_equal(store_received_open_read(&reading, path), 0);
	struct seen seen = {};
	const struct store_received_reader reader = { &seen, on_sum, on_fault };
	assert_int_equal(store_received_read(reading, 0, NULL, &reader), 0);
	assert_int_equal(seen.sums, 1);
	store_received_close(reading);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_received_##name, open_it, close_it)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(once),  TEST(forged_first),     TEST(name_of_another),
		TEST(crowd), TEST(many_rows_of_one), TEST(what_is_new),
		TEST(undo),  TEST(old_ones_go),      TEST(read_alone),
	};
	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
