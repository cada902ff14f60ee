#include "store/test_ledger.h"

enum { MAX = 8 };

static int hooks_begin(void **state)
{
	ledger_begin(state);
	settings.has_hook = true;
	ledger_reopen();
	return 0;
}

static const struct store_exposure usual_exposure = {
	.at_s = NOW,
	.protocol = "imap",
	.edge = "mail",
	.address = "192.0.2.7",
	.user = "alice",
	.mechanism = "LOGIN",
	.password_sent = true,
};

static void expose(const struct store_exposure *e)
{
	bool is_new;
	assert_int_equal(store_ledger_exposure(ledger, e, &is_new), 0);
}

static void expose_user(const char *user, int64_t at_s)
{
	struct store_exposure e = usual_exposure;
	e.user = user;
	e.at_s = at_s;
	expose(&e);
}

/* "alice bob": whose hooks are due, in that order. */
static struct store_ledger_hook *assert_due(int64_t now_s, const char *expected)
{
	static struct store_ledger_hook hooks[MAX];
	char users[512] = "";
	size_t count, len = 0;
	assert_int_equal(store_ledger_hooks_due(ledger, now_s, MAX, hooks, &count), 0);
	for (size_t i = 0; i < count; i++)
		len += (size_t)snprintf(users + len, sizeof(users) - len, "%s%s", i ? " " : "",
		                        hooks[i].exposure.user);
	assert_string_equal(users, expected);
	return hooks;
}

static void assert_waiting(uint64_t expected)
{
	uint64_t count;
	assert_int_equal(store_ledger_hooks_waiting(ledger, &count), 0);
	assert_int_equal(count, expected);
}

static void test_hook_of_a_new_exposure(void **state)
{
	(void)state;
	expose(&usual_exposure);
	assert_due(NOW, ""); /* not in the file yet */
	commit();
	const struct store_ledger_hook *h = assert_due(NOW, "alice");
	assert_string_equal(h->exposure.protocol, "imap");
	assert_string_equal(h->exposure.edge, "mail");
	assert_string_equal(h->exposure.address, "192.0.2.7");
	assert_string_equal(h->exposure.mechanism, "LOGIN");
	assert_int_equal(h->exposure.at_s, NOW);
	assert_true(h->exposure.password_sent && !h->exposure.is_excepted && !h->is_known);
	assert_int_equal(h->tries, 0);
	ledger_reopen(); /* whoever dies leaves it to his successor */
	h = assert_due(NOW, "alice");
	assert_int_equal(store_ledger_hook_done(ledger, h), 0);
	assert_due(NOW + DAY, "");
	expose_user("alice", NOW + 5); /* the same again */
	commit();
	assert_due(NOW + DAY, "");
	assert_waiting(0);
}

/* What is another in which part of its key. */
static void test_hook_is_for_each_new_one(void **state)
{
	(void)state;
	struct store_exposure e = usual_exposure;
	expose(&e);
	e.protocol = "pop3";
	expose(&e);
	e.edge = "other";
	expose(&e);
	e.address = "192.0.2.8";
	expose(&e);
	commit();
	assert_due(NOW, "alice alice alice alice");
	assert_waiting(4);
}

static void test_hook_of_no_exposure(void **state)
{
	(void)state;
	static const struct {
		const char *name, *user;
		bool password_sent, is_excepted;
	} cases[] = {
		{ "tried", "alice", false, false },
		{ "excepted", "alice", true, true },
		{ "nobody", "", true, false },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct store_exposure e = usual_exposure;
		e.user = cases[i].user;
		e.protocol = cases[i].name;
		e.password_sent = cases[i].password_sent;
		e.is_excepted = cases[i].is_excepted;
		expose(&e);
		commit();
		assert_due(NOW, "");
	}
}

static void test_hook_when_the_exception_is_over(void **state)
{
	(void)state;
	struct store_exposure e = usual_exposure;
	e.is_excepted = true;
	expose(&e);
	commit();
	assert_due(NOW, "");
	e.is_excepted = false;
	e.at_s = NOW + DAY;
	expose(&e);
	commit();
	assert_due(NOW, "");
	assert_int_equal(store_ledger_hook_done(ledger, assert_due(NOW + DAY, "alice")), 0);
	expose(&e);
	commit();
	assert_due(NOW + 2 * DAY, "");
}

/* Allowed first and not any more, before a commit. */
static void test_hook_when_the_exception_ends_meanwhile(void **state)
{
	(void)state;
	struct store_exposure e = usual_exposure;
	e.is_excepted = true;
	expose(&e);
	e.is_excepted = false;
	expose(&e);
	commit();
	assert_due(NOW, "alice");
}

static void test_hook_fails(void **state)
{
	(void)state;
	expose(&usual_exposure);
	commit();
	assert_int_equal(store_ledger_hook_failed(ledger, assert_due(NOW, "alice"), NOW + 10), 0);
	assert_due(NOW + 9, "");
	assert_waiting(1);
	ledger_reopen();
	const struct store_ledger_hook *h = assert_due(NOW + 10, "alice");
	assert_int_equal(h->tries, 1);
	assert_int_equal(store_ledger_hook_failed(ledger, h, NOW + 30), 0);
	assert_int_equal(assert_due(NOW + 30, "alice")->tries, 2);
}

/* Names that strangers make up wait behind those of users. */
static void test_hook_of_known_users_first(void **state)
{
	(void)state;
	struct store_record r = usual;
	r.leg = STORE_LEG_USER;
	r.protocol = r.edge = "imap";
	r.user = "bob";
	r.is_logged_in = true;
	tell(&r);
	expose_user("x1", NOW - 60);
	expose_user("x2", NOW - 30);
	commit();
	expose_user("bob", NOW);
	commit();
	const struct store_ledger_hook *h = assert_due(NOW, "bob x1 x2");
	assert_true(h[0].is_known && !h[1].is_known);
	assert_int_equal(store_ledger_hook_failed(ledger, h, NOW), 0);
	assert_true(assert_due(NOW, "bob x1 x2")->is_known);
}

static void test_hook_due_at_most(void **state)
{
	(void)state;
	struct store_ledger_hook hooks[2];
	char name[16];
	size_t count;
	for (int i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), "user%d", i);
		expose_user(name, NOW + i);
	}
	commit();
	assert_int_equal(store_ledger_hooks_due(ledger, NOW + DAY, 2, hooks, &count), 0);
	assert_int_equal(count, 2);
	assert_string_equal(hooks[1].exposure.user, "user1");
	assert_true(store_ledger_hook_is_same(&hooks[1], &hooks[1]));
	assert_false(store_ledger_hook_is_same(&hooks[0], &hooks[1]));
}

static void test_hook_of_who_was_forgotten(void **state)
{
	(void)state;
	size_t rows;
	expose(&usual_exposure);
	commit();
	const struct store_ledger_hook *h = assert_due(NOW, "alice");
	assert_int_equal(store_ledger_forget(ledger, "alice", &rows), 0);
	assert_int_equal(store_ledger_hook_failed(ledger, h, NOW), 0);
	assert_due(NOW, "");
	assert_waiting(0);
}

static void test_no_hook_nothing_waits(void **state)
{
	(void)state;
	settings.has_hook = false;
	ledger_reopen();
	expose(&usual_exposure);
	commit();
	settings.has_hook = true;
	ledger_reopen();
	expose(&usual_exposure);
	commit();
	assert_due(NOW, ""); /* it was new before there was a hook */
}

/* A file of the schema before. */
static void test_hook_schema_step(void **state)
{
	(void)state;
	sqlite3 *db;
	store_ledger_close(TAKE(ledger));
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
	                              "DROP TABLE alarm; DROP INDEX exposure_hook;"
	                              "ALTER TABLE exposure DROP COLUMN hook_rank;"
	                              "ALTER TABLE exposure DROP COLUMN hook_due;"
	                              "ALTER TABLE exposure DROP COLUMN hook_tries;"
	                              "INSERT INTO exposure VALUES ('old', 'imap', 'mail', '', 1,"
	                              " 'LOGIN', 0, 1, 1, 1); PRAGMA user_version = 1",
	                              NULL, NULL, NULL),
	                 SQLITE_OK);
	sqlite3_close(db);
	ledger_open();
	assert_waiting(0);
	expose(&usual_exposure);
	commit();
	assert_due(NOW, "alice");
	assert_rows("SELECT user, hook_rank FROM exposure ORDER BY user", "alice|2\nold|0\n");
}

#define HOOKS_TEST(function) cmocka_unit_test_setup_teardown(function, hooks_begin, ledger_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOOKS_TEST(test_hook_of_a_new_exposure),
		HOOKS_TEST(test_hook_is_for_each_new_one),
		HOOKS_TEST(test_hook_of_no_exposure),
		HOOKS_TEST(test_hook_when_the_exception_is_over),
		HOOKS_TEST(test_hook_when_the_exception_ends_meanwhile),
		HOOKS_TEST(test_hook_fails),
		HOOKS_TEST(test_hook_of_known_users_first),
		HOOKS_TEST(test_hook_due_at_most),
		HOOKS_TEST(test_hook_of_who_was_forgotten),
		HOOKS_TEST(test_no_hook_nothing_waits),
		HOOKS_TEST(test_hook_schema_step),
	};
	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
