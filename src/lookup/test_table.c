#include "base/clean.h"
#include "lookup/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const char text[] = "# who is where\n"
			   "\n"
			   "anna@Example.ORG\tstore1\r\n"
			   "  bob   store2  \n"
			   "@example.org store3\n"
			   "\"a@b\"@x.example store1\n"
			   "last store2";

static const struct {
	const char *user, *backend;
} finds[] = {
	{ "anna@example.org", "store1" },
	{ "bob", "store2" },
	{ "other@example.org", "store3" },
	{ "\"a@b\"@x.example", "store1" },
	{ "last", "store2" },
	{ "Bob", NULL },
	{ "bob@example.net", NULL },
	{ "#", NULL },
	{ "", NULL },
	{ "@example.org", "store3" },
	{ "*", NULL },
	{ "store1", NULL },
	{ "anna", NULL },
};

static void test_table_find(void **state)
{
	(void)state;
	CLEAN(buf_deinit) struct buf block = {};
	struct lookup_table_facts facts;
	assert_int_equal(lookup_table_build(slice_str(text), &block, &facts), 0);
	assert_int_equal(facts.users, 5);
	for (size_t i = 0; i < COUNT_OF(finds); i++) {
		struct slice backend = {};
		bool is_found =
			lookup_table_find(buf_slice(&block), slice_str(finds[i].user), &backend);
		if (is_found != (finds[i].backend != NULL) ||
		    (is_found && !slice_equal(backend, slice_str(finds[i].backend))))
			fail_msg("%s: '%.*s'", finds[i].user, (int)backend.len, backend.data);
	}
}

static void test_table_all_others(void **state)
{
	(void)state;
	CLEAN(buf_deinit) struct buf block = {};
	struct lookup_table_facts facts;
	struct slice backend;
	assert_int_equal(lookup_table_build(slice_str("* a\n@b.example b\n"), &block, &facts), 0);
	assert_true(lookup_table_find(buf_slice(&block), slice_str("x"), &backend));
	assert_true(slice_equal(backend, slice_str("a")));
	assert_true(lookup_table_find(buf_slice(&block), slice_str("x@b.example"), &backend));
	assert_true(slice_equal(backend, slice_str("b")));
}

static const struct {
	const char *name, *text;
	size_t line;
	bool is_again;
} bads[] = {
	{ "no backend", "a b\nc\n", 2, false },
	{ "a third word", "a b c\n", 1, false },
	{ "twice", "a b\nc d\na e\n", 3, true },
	{ "twice, for the domain has no case", "a@X.example b\na@x.EXAMPLE c", 2, true },
};

static void test_table_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bads); i++) {
		CLEAN(buf_deinit) struct buf block = {};
		struct lookup_table_facts facts;
		int r = lookup_table_build(slice_str(bads[i].text), &block, &facts);
		if (r != LOOKUP_TABLE_BAD || facts.bad_line != bads[i].line ||
		    facts.is_again != bads[i].is_again)
			fail_msg("%s: %d, line %zu", bads[i].name, r, facts.bad_line);
	}
}

/* What is no block finds nobody. */
static void test_table_no_block(void **state)
{
	(void)state;
	static uint8_t zeros[64];
	struct slice backend;
	for (size_t len = 0; len <= sizeof(zeros); len++)
		assert_false(lookup_table_find(slice_of(zeros, len), slice_str("a"), &backend));
}

static void test_table_empty(void **state)
{
	(void)state;
	CLEAN(buf_deinit) struct buf block = {};
	struct lookup_table_facts facts;
	struct slice backend;
	assert_int_equal(lookup_table_build(slice_str(""), &block, &facts), 0);
	assert_false(lookup_table_find(buf_slice(&block), slice_str("a"), &backend));
}

struct lines {
	char text[64];
	size_t left;
};

static bool on_line(void *owner, size_t number, struct slice backend)
{
	struct lines *lines = owner;
	size_t len = strlen(lines->text);
	snprintf(lines->text + len, sizeof(lines->text) - len, "%zu %.*s;", number,
	         (int)backend.len, backend.data);
	return --lines->left;
}

static void test_table_each(void **state)
{
	(void)state;
	struct lines all = { .left = 9 }, one = { .left = 1 }, none = { .left = 9 };
	assert_true(lookup_table_each(slice_str("a b\r\n\n# x y\n * c\n@d e"), on_line, &all));
	assert_string_equal(all.text, "1 b;4 c;5 e;");
	assert_false(lookup_table_each(slice_str("a b\nc d\n"), on_line, &one));
	assert_string_equal(one.text, "1 b;");
	assert_true(lookup_table_each(slice_str("\n#"), on_line, &none));
	assert_string_equal(none.text, "");
}

static void test_table_many(void **state)
{
	(void)state;
	CLEAN(buf_deinit) struct buf lines = {};
	CLEAN(buf_deinit) struct buf block = {};
	struct lookup_table_facts facts;
	for (int i = 0; i < 100000; i++)
		assert_int_equal(buf_printf(&lines, "user%d@example.org s%d\n", i, i % 7), 0);
	assert_int_equal(lookup_table_build(buf_slice(&lines), &block, &facts), 0);
	assert_int_equal(facts.users, 100000);
	for (int i = 0; i < 100000; i++) {
		char user[40], want[8];
		struct slice backend;
		snprintf(user, sizeof(user), "user%d@example.org", i);
		snprintf(want, sizeof(want), "s%d", i % 7);
		assert_true(lookup_table_find(buf_slice(&block), slice_str(user), &backend));
		assert_true(slice_equal(backend, slice_str(want)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_find),  cmocka_unit_test(test_table_all_others),
		cmocka_unit_test(test_table_bad),   cmocka_unit_test(test_table_no_block),
		cmocka_unit_test(test_table_empty), cmocka_unit_test(test_table_many),
		cmocka_unit_test(test_table_each),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
