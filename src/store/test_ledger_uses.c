#include "store/ledger_uses.h"
#include "store/test_ledger.h"

#include <errno.h>

static struct store_ledger_uses *uses;
static char said[1024];

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
	size_t len = strlen(said);
	va_list args;
	va_start(args, format);
	vsnprintf(said + len, sizeof(said) - len, format, args);
	va_end(args);
}

static int uses_begin(void **state)
{
	ledger_begin(state);
	said[0] = '\0';
	return 0;
}

static int uses_end(void **state)
{
	store_ledger_uses_close(TAKE(uses));
	return ledger_end(state);
}

static void asked(void)
{
	commit();
	assert_int_equal(store_ledger_uses_open(&uses, path), 0);
}

static void tell_at(int64_t at_s, const char *edge, const char *address, uint64_t hello)
{
	struct store_record r = usual;
	r.ended_s = at_s;
	r.edge = edge;
	r.address = address;
	r.hello = hello;
	tell(&r);
}

static int on_use(void *owner, const struct store_use *use)
{
	(void)owner;
	say("%llx %llu names %llu sessions %s\n", (unsigned long long)use->hello,
	    (unsigned long long)use->names, (unsigned long long)use->sessions, use->version);
	return 0;
}

static void test_sums_by_time_and_edge(void **state)
{
	static const struct {
		struct store_uses_filter filter;
		const char *expected;
	} cases[] = {
		{ { 0, INT64_MAX, "mx" },
		  "11 2 names 3 sessions TLSv1.3\n22 1 names 1 sessions TLSv1.3\n" },
		{ { NOW, INT64_MAX, "mx" }, "11 1 names 2 sessions TLSv1.3\n" },
		{ { 0, NOW, "mx" },
		  "11 2 names 3 sessions TLSv1.3\n22 1 names 1 sessions TLSv1.3\n" },
		{ { 0, NOW - 100, "mx" }, "" },
		{ { 0, INT64_MAX, "imap" }, "22 1 names 1 sessions TLSv1.3\n" },
		{ { 0, INT64_MAX, "none" }, "" },
	};
	(void)state;
	tell_at(NOW - 100, "mx", "192.0.2.1", 0x11);
	tell_at(NOW - 100, "mx", "192.0.2.2", 0x11);
	tell_at(NOW - 50, "mx", "192.0.2.2", 0x22);
	tell_at(NOW - 50, "imap", "192.0.2.2", 0x22);
	tell_at(NOW, "mx", "192.0.2.1", 0x11);
	asked();
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		said[0] = '\0';
		assert_int_equal(store_ledger_uses_sums(uses, &cases[i].filter, on_use, NULL), 0);
		assert_string_equal(said, cases[i].expected);
	}
}

static int on_name(void *owner, const struct store_use_name *name)
{
	say("%s %llu\n", name->who, (unsigned long long)name->sessions);
	return *(const int *)owner;
}

static void test_names_until_one_stops(void **state)
{
	static const struct store_uses_filter filter = { 0, INT64_MAX, "mx" };
	int answer = 0;
	(void)state;
	tell_at(NOW, "mx", "192.0.2.1", 0x11);
	tell_at(NOW, "mx", "192.0.2.2", 0x11);
	tell_at(NOW, "mx", "192.0.2.3", 0x22);
	asked();
	assert_int_equal(store_ledger_uses_names(uses, &filter, 0x11, on_name, &answer), 0);
	assert_string_equal(said, "192.0.2.1 1\n192.0.2.2 1\n");
	said[0] = '\0';
	answer = 7;
	assert_int_equal(store_ledger_uses_names(uses, &filter, 0x11, on_name, &answer), 7);
	assert_string_equal(said, "192.0.2.1 1\n");
}

static int on_edge(void *owner, const char *edge, const char *protocol)
{
	(void)owner;
	say("%s %s\n", edge, protocol);
	return 0;
}

static void test_edges_in_order(void **state)
{
	(void)state;
	tell_at(NOW, "mx", "192.0.2.1", 0x11);
	tell_at(NOW, "mx", "192.0.2.2", 0x11);
	tell_at(NOW, "a", "192.0.2.1", 0x11);
	asked();
	assert_int_equal(store_ledger_uses_edges(uses, on_edge, NULL), 0);
	assert_string_equal(said, "a smtp\nmx smtp\n");
}

static int on_hello(void *owner, const struct store_hello *hello)
{
	(void)owner;
	say("%llx %x:", (unsigned long long)hello->hash, hello->max_version);
	for (size_t i = 0; i < hello->suite_count; i++)
		say(" %x", hello->suites[i]);
	say(", %u groups\n", hello->group_count);
	return 0;
}

/* Somebody else may have written into the file: what is no list is a short one. */
static void test_hellos_whatever_the_lists(void **state)
{
	sqlite3 *db = NULL;
	(void)state;
	commit();
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(db,
	                     "INSERT INTO hello VALUES"
	                     " (1, 771, 772, '304', '1301,c02b', '', '', 0, 0, 0),"
	                     " (2, 771, 772, '304', '1301;c02b', 'x', ',', 0, 0, 0),"
	                     " (3, 771, 772, '', printf('%.*c', 4000, '1'), '', '', 0, 0, 0)",
	                     NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_close(db);
	asked();
	assert_int_equal(store_ledger_uses_hellos(uses, on_hello, NULL), 0);
	assert_string_equal(said, "1 304: 1301 c02b, 0 groups\n2 304: 1301, 0 groups\n"
	                          "3 304: 1111, 0 groups\n");
}

static void test_of_another_build(void **state)
{
	sqlite3 *db = NULL;
	(void)state;
	commit();
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(store_ledger_uses_open(&uses, path), -EIO);
	assert_null(uses);
}

#define USES_TEST(function) cmocka_unit_test_setup_teardown(function, uses_begin, uses_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		USES_TEST(test_sums_by_time_and_edge), USES_TEST(test_names_until_one_stops),
		USES_TEST(test_edges_in_order),        USES_TEST(test_hellos_whatever_the_lists),
		USES_TEST(test_of_another_build),
	};
	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
