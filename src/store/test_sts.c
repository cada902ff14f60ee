#include "base/clean.h"
#include "store/store.h"
#include "store/sts.h"
#include "store/test_file.h"

#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cmocka.h>

enum { NOW = 1800000000, DAY = 86400 };

static struct store_sts *opened(bool expect_bad)
{
	struct store_sts *s = NULL;
	struct store_opened how;
	assert_int_equal(store_sts_open(&s, path, &how), 0);
	assert_int_equal(how.was_bad, expect_bad);
	assert_true(!expect_bad || how.why[0]);
	return s;
}

static void put(struct store_sts *s, const char *domain, int64_t fetched_s, int64_t age_s,
                const char *text)
{
	struct store_sts_row row = { .id = "1",
		                     .fetched_s = fetched_s,
		                     .expires_s = fetched_s + age_s };
	snprintf(row.domain, sizeof(row.domain), "%s", domain);
	assert_int_equal(buf_add_str(&row.text, text), 0);
	assert_int_equal(store_sts_put(s, &row, fetched_s), 0);
	store_sts_row_deinit(&row);
}

static bool has(struct store_sts *s, const char *domain, int64_t now_s, const char *text)
{
	struct store_sts_row row = {};
	int r = store_sts_get(s, domain, now_s, &row);
	if (r == STORE_STS_NONE)
		return false;
	assert_int_equal(r, 0);
	assert_string_equal(row.domain, domain);
	assert_string_equal(row.id, "1");
	assert_true(slice_equal(buf_slice(&row.text), slice_str(text)));
	store_sts_row_deinit(&row);
	return true;
}

/* It is there after a restart, and no more when it has expired. */
static void test_sts_is_kept(void **state)
{
	(void)state;
	struct store_sts *s = opened(false);
	put(s, "a.example", NOW, DAY, "one");
	assert_true(has(s, "a.example", NOW, "one"));
	assert_false(has(s, "b.example", NOW, ""));
	store_sts_close(s);
	s = opened(false);
	assert_true(has(s, "a.example", NOW + DAY - 1, "one"));
	assert_false(has(s, "a.example", NOW + DAY, "one"));
	put(s, "a.example", NOW + DAY, DAY, "");
	assert_true(has(s, "a.example", NOW + DAY, ""));
	store_sts_close(s);
}

static void due_check(struct store_sts *s, int64_t now_s, int64_t tried_s, unsigned count,
                      struct slice expected)
{
	CLEAN(buf_deinit) struct buf domains = {};
	assert_int_equal(store_sts_due(s, now_s, tried_s, count, &domains), 0);
	assert_true(slice_equal(buf_slice(&domains), expected));
}

static void test_sts_due(void **state)
{
	static const char all[] = "oldest.example\0older.example\0brief.example";
	const struct slice oldest = slice_of(all, 15), older = slice_of(all + 15, 14);
	(void)state;
	struct store_sts *s = opened(false);
	put(s, "new.example", NOW, 9 * DAY, "x");
	put(s, "older.example", NOW - DAY, 9 * DAY, "x");
	put(s, "oldest.example", NOW - 2 * DAY, 9 * DAY, "x");
	put(s, "brief.example", NOW - 100, 150, "x");
	due_check(s, NOW, NOW, 9, slice_of(all, sizeof(all)));
	due_check(s, NOW - 50, NOW - 100, 9, slice_of(all, 29));
	due_check(s, NOW - 50, NOW - 100, 1, oldest);
	assert_int_equal(store_sts_tried(s, "oldest.example", NOW), 0);
	due_check(s, NOW - 50, NOW - 100, 9, older);
	/* Half of the time is over. */
	due_check(s, NOW - 24, NOW - 3 * DAY, 9, slice_of(all + 29, 14));
	/* A use keeps it, the others go. */
	assert_true(has(s, "oldest.example", NOW + DAY, "x"));
	assert_int_equal(store_sts_prune(s, NOW, NOW), 0);
	assert_false(has(s, "older.example", NOW, "x"));
	assert_true(has(s, "oldest.example", NOW, "x"));
	store_sts_close(s);
}

/* Rubbish, and the file of a build to come: put aside, begun anew. */
static void test_sts_bad_file(void **state)
{
	char name[80];
	struct stat st;
	(void)state;
	FILE *out = fopen(path, "w");
	fputs("this is no database, and it is longer than a header of SQLite, which has 100 bytes "
	      "and begins with its name",
	      out);
	fclose(out);
	struct store_sts *s = opened(true);
	put(s, "a.example", NOW, DAY, "x");
	assert_true(has(s, "a.example", NOW, "x"));
	store_sts_close(s);
	snprintf(name, sizeof(name), "%s.bad", path);
	assert_int_equal(stat(name, &st), 0);
	static const char *const newer[] = { "CREATE TABLE sts (x)", "SELECT 1", "SELECT 1" };
	file_remove(NULL);
	struct store_opened how;
	struct sqlite3 *db;
	assert_int_equal(store_open(&db, path, &(struct store_schema){ newer, 3 }, &how), 0);
	sqlite3_close(db);
	store_sts_close(opened(true));
}

/* A policy that nobody asked for in the last hour holds though that cannot be noted. */
static void test_sts_holds_where_nothing_can_be_written(void **state)
{
	(void)state;
	struct rlimit before, none;
	struct store_sts_row row = { .domain = "b.example", .expires_s = NOW + DAY };
	struct store_sts *s = opened(false);
	put(s, "a.example", NOW, 9 * DAY, "one");
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	none = (struct rlimit){ 0, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	bool is_there = has(s, "a.example", NOW + DAY, "one");
	int r = store_sts_put(s, &row, NOW);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_true(is_there && r < 0);
	assert_true(has(s, "a.example", NOW + DAY, "one"));
	assert_false(has(s, "b.example", NOW, ""));
	store_sts_close(s);
	s = opened(false);
	assert_true(has(s, "a.example", NOW + DAY, "one"));
	store_sts_close(s);
}

static void test_sts_no_place(void **state)
{
	(void)state;
	struct store_sts *s = NULL;
	struct store_opened how;
	assert_true(store_sts_open(&s, "/nowhere/at/all.db", &how) < 0);
	assert_true(how.why[0] && !how.was_bad);
}

/* Whoever publishes long policies for many domains fills neither the disk nor the place of others.
 */
static void test_sts_long_ones_are_few(void **state)
{
	(void)state;
	static char text[4097 + 1];
	memset(text, 'm', sizeof(text) - 1);
	struct store_sts *s = opened(false);
	put(s, "short.example", NOW, DAY, "short");
	for (int i = 0; i <= STORE_STS_LONG_MAX; i++) {
		char domain[32];
		snprintf(domain, sizeof(domain), "%d.example", i);
		put(s, domain, NOW + i, DAY, text);
	}
	assert_true(has(s, "short.example", NOW, "short"));
	assert_false(has(s, "0.example", NOW, text));
	assert_true(has(s, "1.example", NOW, text));
	store_sts_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_sts_is_kept, file_remove),
		cmocka_unit_test_teardown(test_sts_due, file_remove),
		cmocka_unit_test_teardown(test_sts_bad_file, file_remove),
		cmocka_unit_test_teardown(test_sts_long_ones_are_few, file_remove),
		cmocka_unit_test_teardown(test_sts_holds_where_nothing_can_be_written, file_remove),
		cmocka_unit_test(test_sts_no_place),
	};
	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
