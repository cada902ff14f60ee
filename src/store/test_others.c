/* Parts that one ledger gives, and a file of others' takes. */
#include "store/ledger_parts.h"
#include "store/others.h"
#include "store/test_ledger.h"

enum { HOUR_NOW = NOW / 3600 };

static struct store_others *others;
static char others_path[80];
static const struct store_part sums_now = { STORE_PART_SUMS, HOUR_NOW };
static const struct store_part exposures_now = { STORE_PART_EXPOSURES, HOUR_NOW };

static int others_begin(void **state)
{
	struct store_opened how;
	snprintf(others_path, sizeof(others_path), "%s.others", path);
	struct store_others_settings set = { .path = others_path,
		                             .max_bytes = 1 << 30,
		                             .retention_s = RETENTION };
	assert_int_equal(store_others_open(&others, &set, &how), 0);
	return ledger_begin(state);
}

static int others_end(void **state)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	char name[96];
	store_others_close(TAKE(others));
	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		snprintf(name, sizeof(name), "%s%s", others_path, ends[i]);
		unlink(name);
	}
	return ledger_end(state);
}

static void watch(void)
{
	assert_int_equal(store_ledger_parts_watch(ledger, HOUR_NOW - STORE_PART_HOURS), 0);
}

/* All that changed, as names with spaces between. */
static void assert_changed(const char *expected)
{
	char text[256] = "", name[STORE_PART_NAME_CAP];
	struct store_part part;
	int r;
	while (!(r = store_ledger_part_take(ledger, &part))) {
		store_part_name(&(struct store_part){ part.kind, part.hour - HOUR_NOW + 1000 },
		                name);
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s ", name);
	}
	assert_int_equal(r, STORE_LEDGER_NO_PART);
	assert_string_equal(text, expected);
}

static void expose(const char *user, int64_t at_s)
{
	bool is_new;
	const struct store_exposure e = { .at_s = at_s,
		                          .protocol = "imap",
		                          .edge = "imap",
		                          .address = "192.0.2.7",
		                          .user = user,
		                          .mechanism = "LOGIN",
		                          .password_sent = true };
	assert_int_equal(store_ledger_exposure(ledger, &e, &is_new), 0);
}

static void test_what_changed(void **state)
{
	struct store_record before = usual;
	size_t count = 7;
	(void)state;
	before.ended_s = NOW - 2 * 3600;
	tell(&before);
	expose("old", NOW - 3600);
	commit();
	watch();
	assert_int_equal(store_ledger_parts_count(ledger, &count), 0);
	assert_int_equal(count, 2);
	assert_changed("exposures:999 sums:998 ");
	watch(); /* once */
	assert_changed("");
	tell(&usual);
	commit();
	assert_changed("sums:1000 ");
	tell(&usual);       /* an update now */
	expose("old", NOW); /* moves from one hour to another */
	commit();
	assert_changed("sums:1000 exposures:1000 exposures:999 ");
	for (int i = 0; i < 3; i++) { /* again while it is known to have changed */
		tell(&usual);
		expose("old", NOW + i);
		commit();
	}
	assert_changed("sums:1000 exposures:1000 ");
	assert_int_equal(store_ledger_forget(ledger, "old", &count), 0);
	assert_changed("exposures:1000 ");
	assert_int_equal(store_ledger_part_mark(ledger, &sums_now), 0);
	assert_changed("sums:1000 ");
}

static void part_read(const struct store_part *part, struct buf *text)
{
	assert_int_equal(store_ledger_part_read(ledger, part, text), 0);
}

static void take(uint64_t node, const struct store_part *part)
{
	CLEAN(buf_deinit) struct buf text = {};
	part_read(part, &text);
	assert_int_equal(store_others_take(others, node, part, buf_slice(&text)), 0);
}

/* As who reads the ledger sees it, with the rows of all. */
static void assert_all(const char *sql, const char *expected)
{
	char text[1024] = "";
	size_t len = 0;
	sqlite3 *db = NULL;
	sqlite3_stmt *s = NULL;
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(store_others_join(db, others_path), 0);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
	while (sqlite3_step(s) == SQLITE_ROW)
		for (int i = 0; i < sqlite3_column_count(s); i++)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s",
			                        (const char *)sqlite3_column_text(s, i),
			                        i + 1 < sqlite3_column_count(s) ? "|" : "\n");
	sqlite3_finalize(s);
	sqlite3_close(db);
	assert_string_equal(text, expected);
}

static void test_the_sum_of_all(void **state)
{
	(void)state;
	tell_times(&usual, 3);
	expose("alice", NOW);
	commit();
	take(21, &sums_now);
	take(22, &sums_now);
	take(22, &sums_now); /* again is the same */
	take(21, &exposures_now);
	tell_times(&usual, 1);
	commit();
	take(22, &sums_now); /* more of it */
	assert_all("SELECT sum(sessions), sum(bytes_in), count(*) FROM sum", "11|11000|3\n");
	assert_all("SELECT user, count, first, last, mechanism FROM exposure",
	           "alice|2|1728043200|1728043200|LOGIN\n");
	assert_rows("SELECT sum(sessions) FROM sum", "4\n");
}

static void test_nobody_else(void **state)
{
	(void)state;
	tell(&usual);
	commit();
	snprintf(others_path, sizeof(others_path), "%s.nothing", path);
	assert_all("SELECT sum(sessions) FROM sum", "1\n");
	snprintf(others_path, sizeof(others_path), "%s.others", path);
}

/* Parts of two hours, heard in either order. */
static void test_an_exposure_that_moved(void **state)
{
	const struct store_part earlier = { STORE_PART_EXPOSURES, HOUR_NOW - 1 };
	CLEAN(buf_deinit) struct buf first = {};
	(void)state;
	expose("alice", NOW - 3600);
	commit();
	part_read(&earlier, &first);
	expose("alice", NOW);
	commit();
	take(21, &exposures_now);
	assert_int_equal(store_others_take(others, 21, &earlier, buf_slice(&first)), 0);
	assert_int_equal(store_others_take(others, 22, &earlier, buf_slice(&first)), 0);
	take(22, &exposures_now);
	take(22, &earlier); /* it is not in it any more */
	assert_all("SELECT count, last FROM others.exposure", "2|1728043200\n2|1728043200\n");
}

static void test_forgotten_at_one_node(void **state)
{
	size_t rows;
	(void)state;
	expose("alice", NOW);
	expose("bob", NOW);
	commit();
	take(21, &exposures_now);
	assert_int_equal(store_ledger_forget(ledger, "alice", &rows), 0);
	take(21, &exposures_now);
	assert_all("SELECT user FROM others.exposure", "bob\n");
	assert_int_equal(store_others_forget(others, "bob", &rows), 0);
	assert_int_equal(rows, 1);
	assert_all("SELECT user FROM others.exposure", "");
}

static void test_versions(void **state)
{
	struct store_others_told told;
	uint64_t version = 0;
	(void)state;
	assert_int_equal(store_others_version(others, 1, &sums_now, &version), STORE_OTHERS_NONE);
	assert_int_equal(store_others_told(others, UINT64_MAX, &sums_now, UINT64_MAX - 1), 0);
	assert_int_equal(store_others_told(others, UINT64_MAX, &exposures_now, 5), 0);
	assert_int_equal(store_others_told(others, 1, &sums_now, 6), 0);
	assert_int_equal(store_others_version(others, UINT64_MAX, &sums_now, &version), 0);
	assert_true(version == UINT64_MAX - 1);
	assert_int_equal(store_others_told_next(others, UINT64_MAX, NULL, &told), 0);
	assert_int_equal(told.part.kind, STORE_PART_SUMS);
	assert_int_equal(store_others_told_next(others, UINT64_MAX, &told.part, &told), 0);
	assert_int_equal(told.part.kind, STORE_PART_EXPOSURES);
	assert_int_equal(told.version, 5);
	assert_int_equal(store_others_told_next(others, UINT64_MAX, &told.part, &told),
	                 STORE_OTHERS_NONE);
	assert_int_equal(store_others_untold(others, UINT64_MAX, &exposures_now), 0);
	assert_int_equal(store_others_version(others, UINT64_MAX, &exposures_now, &version),
	                 STORE_OTHERS_NONE);
}

#define ROW "a\timap\timap\t::1\t1\tLOGIN\t0\t1\t1728043200\t3\n"

static void test_rubbish(void **state)
{
	static const char *const cases[] = {
		"",
		"rubbish",
		("mailseal 1 sums 480012\n" ROW),
		"mailseal 1 exposures 480012\nx",
		"mailseal 1 exposures 480012\na\timap\timap\t::1\t1\tLOGIN\t0\t1\t5\t3\n",
	};
	uint64_t version;
	(void)state;
	assert_int_equal(HOUR_NOW, 480012);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct slice text = slice_str(cases[i]);
		assert_int_equal(store_others_take(others, 30 + i, &exposures_now, text),
		                 STORE_OTHERS_BAD);
		assert_int_equal(store_others_version(others, 30 + i, &exposures_now, &version), 0);
		assert_true(version == store_part_version(text));
	}
	assert_all("SELECT count(*) FROM others.exposure", "0\n");
}

static void test_too_many_nodes(void **state)
{
	struct slice text = slice_str("mailseal 1 exposures 480012\n" ROW);
	uint64_t node = 0;
	(void)state;
	while (node < 200 && !store_others_take(others, node + 1, &exposures_now, text))
		node++;
	assert_int_equal(node, STORE_OTHERS_NODES_MAX + 1);
	assert_int_equal(store_others_take(others, 200, &exposures_now, text), STORE_OTHERS_FULL);
	assert_int_equal(store_others_take(others, 1, &exposures_now, text), 0);
	assert_int_equal(store_others_prune(others, NOW + 40 * DAY), 0);
	assert_int_equal(store_others_take(others, 200, &exposures_now, text), 0);
	assert_all("SELECT count(*) FROM others.exposure", "1\n");
}

static void test_who(void **state)
{
	uint64_t node = 0, again = 0;
	(void)state;
	assert_int_equal(store_ledger_node(ledger, &node), 0);
	ledger_reopen();
	assert_int_equal(store_ledger_node(ledger, &again), 0);
	assert_true(node && node == again);
}

#define OTHERS_TEST(function) cmocka_unit_test_setup_teardown(function, others_begin, others_end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		OTHERS_TEST(test_what_changed),
		OTHERS_TEST(test_the_sum_of_all),
		OTHERS_TEST(test_nobody_else),
		OTHERS_TEST(test_an_exposure_that_moved),
		OTHERS_TEST(test_forgotten_at_one_node),
		OTHERS_TEST(test_versions),
		OTHERS_TEST(test_rubbish),
		OTHERS_TEST(test_too_many_nodes),
		OTHERS_TEST(test_who),
	};
	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
