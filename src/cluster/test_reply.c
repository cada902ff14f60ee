#include "cluster/reply.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct cluster_value *read_one(const char *bytes)
{
	struct cluster_reader *r = NULL;
	struct cluster_value *v = NULL;
	assert_int_equal(cluster_reader_new(&r), 0);
	assert_int_equal(cluster_reader_feed(r, slice_str(bytes)), 0);
	assert_int_equal(cluster_reader_next(r, &v), 0);
	cluster_reader_free(r);
	return v;
}

static void test_kinds(void **state)
{
	static const struct {
		const char *bytes;
		enum cluster_kind kind;
		const char *text;
		int64_t number;
	} cases[] = {
		{ "+OK\r\n", CLUSTER_STATUS, "OK", 0 },
		{ "-MOVED 1 127.0.0.1:7000\r\n", CLUSTER_ERROR, "MOVED 1 127.0.0.1:7000", 0 },
		{ ":-12\r\n", CLUSTER_NUMBER, "", -12 },
		{ "$3\r\na\r\n\r\n", CLUSTER_TEXT, "a\r\n", 0 },
		{ "$0\r\n\r\n", CLUSTER_TEXT, "", 0 },
		{ "$-1\r\n", CLUSTER_NIL, "", 0 },
		{ "*-1\r\n", CLUSTER_NIL, "", 0 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEAN(cluster_value_freep) struct cluster_value *v = read_one(cases[i].bytes);
		assert_int_equal(v->kind, cases[i].kind);
		assert_true(slice_equal(v->text, slice_str(cases[i].text)));
		assert_int_equal(v->number, cases[i].number);
	}
}

static void test_lists(void **state)
{
	CLEAN(cluster_value_freep)
	struct cluster_value *v = read_one("*3\r\n$1\r\na\r\n*2\r\n:1\r\n:2\r\n*0\r\n");
	(void)state;
	assert_int_equal(v->kind, CLUSTER_LIST);
	assert_int_equal(v->count, 3);
	assert_int_equal(v->items[1]->count, 2);
	assert_int_equal(v->items[1]->items[1]->number, 2);
	assert_int_equal(v->items[2]->count, 0);
}

static void test_errors_by_their_word(void **state)
{
	CLEAN(cluster_value_freep) struct cluster_value *v = read_one("-ASK 5 [::1]:7000\r\n");
	CLEAN(cluster_value_freep) struct cluster_value *text = read_one("$3\r\nASK\r\n");
	(void)state;
	assert_true(cluster_value_is_error(v, "ASK"));
	assert_false(cluster_value_is_error(v, "AS"));
	assert_false(cluster_value_is_error(v, "ASKING"));
	assert_false(cluster_value_is_error(text, "ASK"));
}

static void test_byte_by_byte(void **state)
{
	static const char bytes[] = "*2\r\n$5\r\nhello\r\n:7\r\n+OK\r\n";
	struct cluster_reader *r = NULL;
	struct cluster_value *v = NULL;
	size_t whole = 0;
	(void)state;
	assert_int_equal(cluster_reader_new(&r), 0);
	for (size_t i = 0; i < sizeof(bytes) - 1; i++) {
		assert_int_equal(cluster_reader_feed(r, slice_of(bytes + i, 1)), 0);
		int next = cluster_reader_next(r, &v);
		assert_true(next == 0 || next == CLUSTER_REPLY_MORE);
		if (next)
			continue;
		whole++;
		cluster_value_free(v);
	}
	assert_int_equal(whole, 2);
	cluster_reader_free(r);
}

/* What would cost us much, or is no answer at all. */
static void test_rubbish(void **state)
{
	static const char *const cases[] = {
		"*2147483647\r\n",
		"*70000\r\n",
		"*1000\r\n*60000\r\n*60000\r\n",
		"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
		"HTTP/1.1 400 Bad Request\r\n",
		"$-7\r\n",
		":12a\r\n",
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct cluster_reader *r = NULL;
		struct cluster_value *v = NULL;
		assert_int_equal(cluster_reader_new(&r), 0);
		assert_int_equal(cluster_reader_feed(r, slice_str(cases[i])), 0);
		int next = cluster_reader_next(r, &v);
		if (next == CLUSTER_REPLY_MORE)
			printf("case %zu\n", i);
		assert_int_equal(next, CLUSTER_REPLY_BAD);
		assert_int_equal(cluster_reader_feed(r, slice_str("+OK\r\n")), CLUSTER_REPLY_BAD);
		cluster_reader_free(r);
	}
}

static void test_an_answer_without_end(void **state)
{
	static const uint8_t zeros[64 * 1024];
	struct cluster_reader *r = NULL;
	struct cluster_value *v = NULL;
	int next = CLUSTER_REPLY_MORE;
	size_t fed = 0;
	(void)state;
	assert_int_equal(cluster_reader_new(&r), 0);
	assert_int_equal(cluster_reader_feed(r, slice_str("$500000000\r\n")), 0);
	for (; next == CLUSTER_REPLY_MORE && fed < 200; fed++) {
		assert_int_equal(cluster_reader_feed(r, slice_of(zeros, sizeof(zeros))), 0);
		next = cluster_reader_next(r, &v);
	}
	assert_int_equal(next, CLUSTER_REPLY_BAD);
	assert_true(fed * sizeof(zeros) <= CLUSTER_REPLY_LEN_MAX + 2 * sizeof(zeros));
	cluster_reader_free(r);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_errors_by_their_word),
		cmocka_unit_test(test_byte_by_byte),
		cmocka_unit_test(test_rubbish),
		cmocka_unit_test(test_an_answer_without_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
