#include "base/buf.h"
#include "base/file.h"
#include "store/ledger_scrub.h"
#include "store/test_ledger.h"

enum { USERS = 20000, FILE_MAX = 256 * 1024 * 1024 };

/* Whether a file of the ledger has this in any of its bytes. */
static bool file_has(const char *end, const char *text)
{
	CLEAN(buf_deinit) struct buf bytes = {};
	char name[80];
	snprintf(name, sizeof(name), "%s%s", path, end);
	assert_int_equal(file_read(&bytes, name, FILE_MAX, NULL), 0);
	struct slice s = buf_slice(&bytes);
	return s.len && memmem(s.data, s.len, text, strlen(text));
}

static void user_tell(const char *user, const char *address, int64_t at_s)
{
	const struct store_exposure e = { .at_s = at_s,
		                          .protocol = "imap",
		                          .edge = "imap",
		                          .address = address,
		                          .user = user,
		                          .mechanism = "PLAIN" };
	struct store_record r = usual;
	bool is_new;
	r.leg = STORE_LEG_USER;
	r.user = user;
	r.is_logged_in = true;
	r.login_failures = 1;
	r.ended_s = at_s;
	r.address = address;
	tell(&r);
	assert_int_equal(store_ledger_exposure(ledger, &e, &is_new), 0);
}

/* In an order in which pages of the file are split, merged and used again. */
static void crowd_tell(void)
{
	char user[64];
	for (unsigned i = 0; i < USERS; i++) {
		snprintf(user, sizeof(user), "u%08x@example.org", i * 2654435761u);
		user_tell(user, "192.0.2.1", NOW + i % 1000);
		if (i % 50 == 0) {
			user_tell("eve.somebody", "192.0.2.2", NOW + i % 1000);
			user_tell("Eve.Somebody", "192.0.2.3", NOW + i % 1000);
		}
		if (i % 5000 == 4999)
			commit();
	}
}

static void assert_user_is_forgotten(const char *user, size_t rows)
{
	size_t count = 0;
	assert_int_equal(store_ledger_forget(ledger, user, &count), 0);
	assert_int_equal(count, rows);
	assert_false(file_has("", user));
	assert_false(file_has("-wal", user));
}

static void test_forget_all_of_a_user(void **state)
{
	(void)state;
	crowd_tell();
	user_tell("eve.somebody", "192.0.2.4", NOW); /* not committed yet */
	commit();
	assert_true(file_has("", "eve.somebody") || file_has("-wal", "eve.somebody"));
	/* 401 sessions, her name, and exposures from two addresses */
	assert_user_is_forgotten("eve.somebody", 401 + 1 + 2);
	assert_true(file_has("", "Eve.Somebody"));
	assert_rows("SELECT count(*) FROM session WHERE user = 'Eve.Somebody'", "400\n");
	assert_user_is_forgotten("Eve.Somebody", 400 + 1 + 1);
	assert_user_is_forgotten("nobody.known", 0);
	size_t count = 1;
	assert_int_equal(store_ledger_forget(ledger, "", &count), 0);
	assert_int_equal(count, 0);
	assert_rows("SELECT sum(sessions) FROM sum", "20801\n");
	assert_int_equal(ledger->names_kept.count, USERS);
}

/* What went by itself is gone from the file too. */
static void test_forget_what_was_pruned(void **state)
{
	bool is_more = true;
	(void)state;
	crowd_tell();
	while (is_more)
		assert_int_equal(store_ledger_prune(ledger, NOW + RETENTION + 500, &is_more), 0);
	assert_rows("SELECT count(*) > 0 FROM session", "1\n");
	assert_user_is_forgotten("eve.somebody", 200 + 1 + 1);
}

/* Names of all lengths in random order, and rows that go meanwhile: of what SQLite shares out among
 * pages anew it leaves copies. */
static void shuffled_tell(void)
{
	static const char tail[] = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefgh";
	char user[128];
	uint32_t draw = 1;
	bool is_more;
	for (int i = 0; i < 60000; i++) {
		draw = draw * 1664525 + 1013904223;
		unsigned n = (draw >> 8) % 4000;
		snprintf(user, sizeof(user), "u%04u-%.*s", n, (int)(n % 60), tail);
		user_tell(user, tail + draw % 50, NOW + i);
		if (i % 3000 == 2999) {
			commit();
			for (int step = 0; step < 10; step++)
				assert_int_equal(store_ledger_prune(ledger, NOW + RETENTION + i / 2,
				                                    &is_more),
				                 0);
		}
	}
	commit();
}

static size_t copies_count(unsigned every)
{
	CLEAN(buf_deinit) struct buf bytes = {};
	size_t count = 0;
	assert_int_equal(file_read(&bytes, path, FILE_MAX, NULL), 0);
	struct slice s = buf_slice(&bytes);
	for (size_t i = 0; i + 6 < s.len; i++) {
		unsigned n;
		char text[7] = "";
		memcpy(text, s.data + i, 6);
		if (text[0] == 'u' && text[5] == '-' && sscanf(text, "u%4u-", &n) == 1)
			count += n % every == 0;
	}
	return count;
}

static void test_forget_leaves_no_copies(void **state)
{
	enum { EVERY = 10 };
	int64_t deleted = 0;
	(void)state;
	shuffled_tell();
	/* As forgetting does, less what it does at the end. */
	assert_int_equal(sqlite3_exec(ledger->db,
	                              "DELETE FROM session WHERE substr(user, 2, 4) % 10 = 0;"
	                              "DELETE FROM exposure WHERE substr(user, 2, 4) % 10 = 0;"
	                              "DELETE FROM name WHERE substr(who, 2, 4) % 10 = 0;"
	                              "PRAGMA wal_checkpoint(TRUNCATE)",
	                              NULL, NULL, NULL),
	                 SQLITE_OK);
	deleted = sqlite3_total_changes(ledger->db);
	assert_true(deleted > 1000);
	assert_true(copies_count(EVERY) > 0); /* or this is no test */
	assert_int_equal(ledger_scrub(ledger), 0);
	assert_int_equal(copies_count(EVERY), 0);
	assert_rows("PRAGMA integrity_check", "ok\n");
	assert_rows("SELECT count(*) > 1000 FROM name WHERE who LIKE 'u%'", "1\n");
}

static void test_forget_gap_of_a_page(void **state)
{
	static const struct {
		const char *name;
		uint8_t type;
		unsigned cells, content;
		size_t dirt, from, to; /* from 0: no gap that is dirty */
	} cases[] = {
		{ "leaf of a table", 13, 2, 100, 50, 50, 100 },
		{ "leaf of an index", 10, 2, 100, 12, 12, 100 },
		{ "inner page", 5, 2, 100, 16, 16, 100 },
		{ "clean", 13, 2, 100, 100, 0, 0 },
		{ "pointers are no dirt", 2, 2, 100, 15, 0, 0 },
		{ "full", 13, 46, 100, 99, 0, 0 },
		{ "no page of cells", 0, 2, 100, 50, 0, 0 },
		{ "cells behind the end", 13, 2, 600, 50, 0, 0 },
		{ "pointers behind the cells", 13, 300, 100, 50, 0, 0 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint8_t page[512] = { cases[i].type };
		size_t from = 0, to = 0;
		page[3] = (uint8_t)(cases[i].cells >> 8);
		page[4] = (uint8_t)cases[i].cells;
		page[5] = (uint8_t)(cases[i].content >> 8);
		page[6] = (uint8_t)cases[i].content;
		page[cases[i].dirt] = 'x';
		bool is_dirty = ledger_scrub_gap(page, sizeof(page), 0, &from, &to);
		if (is_dirty != (cases[i].from != 0) ||
		    (is_dirty && (from != cases[i].from || to != cases[i].to)))
			fail_msg("%s: %zu to %zu", cases[i].name, from, to);
	}
}

/* While somebody reads, the WAL keeps it; with a commit after that it is gone. */
static void test_forget_while_somebody_reads(void **state)
{
	size_t count = 0;
	sqlite3 *db = NULL;
	(void)state;
	user_tell("eve.somebody", "192.0.2.2", NOW);
	commit();
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN; SELECT * FROM name", NULL, NULL, NULL),
	                 SQLITE_OK);
	assert_int_equal(store_ledger_forget(ledger, "eve.somebody", &count), 0);
	assert_int_equal(count, 3);
	assert_true(file_has("-wal", "eve.somebody"));
	commit();
	assert_true(file_has("-wal", "eve.somebody"));
	sqlite3_close(db);
	commit();
	assert_false(file_has("-wal", "eve.somebody"));
	assert_false(file_has("", "eve.somebody"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEDGER_TEST(test_forget_all_of_a_user),
		LEDGER_TEST(test_forget_what_was_pruned),
		LEDGER_TEST(test_forget_leaves_no_copies),
		cmocka_unit_test(test_forget_gap_of_a_page),
		LEDGER_TEST(test_forget_while_somebody_reads),
	};
	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
