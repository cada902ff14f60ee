#include "base/clean.h"
#include "lookup/socketmap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const struct {
	const char *name;
	const char *input;
	int result;
	const char *map, *key;
	size_t used;
} questions[] = {
	{ "one", "18:policy example.org,", 0, "policy", "example.org", 22 },
	{ "and more behind", "5:a b c,3:x y,", 0, "a", "b c", 8 },
	{ "no key", "7:policy ,", 0, "policy", "", 10 },
	{ "nothing yet", "", SOCKETMAP_MORE, NULL, NULL, 0 },
	{ "half a number", "1", SOCKETMAP_MORE, NULL, NULL, 0 },
	{ "half a text", "18:policy exam", SOCKETMAP_MORE, NULL, NULL, 0 },
	{ "no comma yet", "3:a b", SOCKETMAP_MORE, NULL, NULL, 0 },
	{ "another end", "3:a b;", SOCKETMAP_BROKEN, NULL, NULL, 0 },
	{ "no space", "6:policy,", SOCKETMAP_BROKEN, NULL, NULL, 0 },
	{ "empty", "0:,", SOCKETMAP_BROKEN, NULL, NULL, 0 },
	{ "no number", ":a b,", SOCKETMAP_BROKEN, NULL, NULL, 0 },
	{ "a sign", "-3:a b,", SOCKETMAP_BROKEN, NULL, NULL, 0 },
	{ "a zero before", "03:a b,", SOCKETMAP_BROKEN, NULL, NULL, 0 },
	{ "too long", "10001:", SOCKETMAP_BROKEN, NULL, NULL, 0 },
	{ "far too long", "99999999999999999999999", SOCKETMAP_BROKEN, NULL, NULL, 0 },
	{ "no netstring", "GET / HTTP/1.0\r\n", SOCKETMAP_BROKEN, NULL, NULL, 0 },
};

static void test_socketmap_take(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(questions); i++) {
		struct socketmap_question q = {};
		size_t used = 0;
		int r = socketmap_take(slice_str(questions[i].input), &q, &used);
		if (r != questions[i].result || used != questions[i].used ||
		    (!r && (!slice_equal(q.name, slice_str(questions[i].map)) ||
		            !slice_equal(q.key, slice_str(questions[i].key)))))
			fail_msg("%s: %d, %zu used", questions[i].name, r, used);
	}
}

static const struct {
	const char *name;
	const char *input;
	int result;
	enum socketmap_result word;
	const char *text;
	size_t used;
} answers[] = {
	{ "found", "9:OK store1,", 0, SOCKETMAP_OK, "store1", 12 },
	{ "and more behind", "9:OK store1,9:NOT", 0, SOCKETMAP_OK, "store1", 12 },
	{ "found nothing", "3:OK ,", 0, SOCKETMAP_OK, "", 6 },
	{ "not found", "9:NOTFOUND ,", 0, SOCKETMAP_NOTFOUND, "", 12 },
	{ "not found, no space", "8:NOTFOUND,", 0, SOCKETMAP_NOTFOUND, "", 11 },
	{ "later", "9:TEMP busy,", 0, SOCKETMAP_TEMP, "busy", 12 },
	{ "timeout", "8:TIMEOUT ,", 0, SOCKETMAP_TIMEOUT, "", 11 },
	{ "never", "7:PERM no,", 0, SOCKETMAP_PERM, "no", 10 },
	{ "another word", "6:OKAY x,", SOCKETMAP_BROKEN, 0, NULL, 0 },
	{ "a word in small letters", "5:ok ab,", SOCKETMAP_BROKEN, 0, NULL, 0 },
	{ "no word", "0:,", SOCKETMAP_BROKEN, 0, NULL, 0 },
	{ "too long", "100001:", SOCKETMAP_BROKEN, 0, NULL, 0 },
	{ "half", "9:OK st", SOCKETMAP_MORE, 0, NULL, 0 },
	{ "no comma", "5:OK ab;", SOCKETMAP_BROKEN, 0, NULL, 0 },
	{ "no netstring", "OK store1\n", SOCKETMAP_BROKEN, 0, NULL, 0 },
};

static void test_socketmap_answer_take(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(answers); i++) {
		enum socketmap_result word = SOCKETMAP_RESULT_COUNT;
		struct slice text = {};
		size_t used = 0;
		int r = socketmap_answer_take(slice_str(answers[i].input), &word, &text, &used);
		if (r != answers[i].result || used != answers[i].used ||
		    (!r &&
		     (word != answers[i].word || !slice_equal(text, slice_str(answers[i].text)))))
			fail_msg("%s: %d, %zu used", answers[i].name, r, used);
	}
}

/* What one side asks the other takes, whatever is in it. */
static void test_socketmap_ask(void **state)
{
	(void)state;
	CLEAN(buf_deinit) struct buf out = {};
	struct socketmap_question q;
	size_t used;
	static const char *const keys[] = { "anna@example.org", "a b", "9:OK x,", "" };
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		buf_clear(&out);
		assert_int_equal(socketmap_ask(&out, "users", slice_str(keys[i])), 0);
		assert_int_equal(socketmap_take(buf_slice(&out), &q, &used), 0);
		assert_true(slice_equal(q.name, slice_str("users")));
		assert_true(slice_equal(q.key, slice_str(keys[i])));
		assert_int_equal(used, buf_len(&out));
	}
}

static void test_socketmap_write(void **state)
{
	(void)state;
	CLEAN(buf_deinit) struct buf out = {};
	assert_int_equal(socketmap_write(&out, SOCKETMAP_OK, slice_str("dane")), 0);
	assert_int_equal(socketmap_write(&out, SOCKETMAP_NOTFOUND, (struct slice){}), 0);
	assert_int_equal(socketmap_write(&out, SOCKETMAP_TEMP, slice_str("a b")), 0);
	assert_true(slice_equal(buf_slice(&out), slice_str("7:OK dane,9:NOTFOUND ,8:TEMP a b,")));
	buf_clear(&out);
	CLEAN(freep) uint8_t *big = calloc(1, 2 * SOCKETMAP_ANSWER_MAX);
	assert_int_equal(
		socketmap_write(&out, SOCKETMAP_OK, slice_of(big, 2 * SOCKETMAP_ANSWER_MAX)), 0);
	assert_int_equal(buf_len(&out), SOCKETMAP_ANSWER_MAX + strlen("100000:,"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_socketmap_take),
		cmocka_unit_test(test_socketmap_answer_take),
		cmocka_unit_test(test_socketmap_ask),
		cmocka_unit_test(test_socketmap_write),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
