#include "conv/tcp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct conv *conv_of(bool is_tls)
{
	static const struct conv_settings set = {};
	struct conv *c = NULL;
	assert_int_equal(conv_new(&c, &conv_tcp_ops, &set, NULL), 0);
	c->facts.is_tls = is_tls;
	return c;
}

static void test_sealed_is_spliced(void **state)
{
	enum conv_todo todo;
	struct conv *c = conv_of(true);
	(void)state;
	assert_int_equal(conv_start(c, &todo), 0);
	assert_int_equal(todo, CONV_TODO_CONNECT);
	assert_int_equal(conv_connected(c, &todo), 0);
	assert_int_equal(todo, CONV_TODO_SPLICE);
	conv_free(c);
}

static void test_clear_reaches_nobody(void **state)
{
	enum conv_todo todo;
	struct conv *c = conv_of(false);
	(void)state;
	assert_int_equal(conv_start(c, &todo), 0);
	assert_int_equal(todo, CONV_TODO_CLOSE);
	conv_free(c);
}

/* What comes before the splice is not taken, so that the splice has it. */
static void test_early_bytes_wait(void **state)
{
	enum conv_todo todo;
	size_t used = 1;
	struct conv *c = conv_of(true);
	(void)state;
	assert_int_equal(conv_start(c, &todo), 0);
	assert_int_equal(conv_feed(c, CONV_CLIENT, slice_str("hello"), &used, &todo), 0);
	assert_int_equal(used, 0);
	assert_int_equal(todo, CONV_TODO_READ);
	conv_free(c);
}

static void test_learning_only_looks(void **state)
{
	enum conv_todo todo;
	struct conv *c = conv_of(false);
	(void)state;
	assert_int_equal(conv_learn(c, &todo), 0);
	assert_int_equal(todo, CONV_TODO_CONNECT);
	assert_int_equal(conv_connected(c, &todo), 0);
	assert_int_equal(todo, CONV_TODO_CLOSE);
	assert_int_equal(c->outcome, CONV_OUTCOME_OK);
	conv_free(c);
}

static void test_each_failure_has_its_outcome(void **state)
{
	static const struct {
		enum conv_failure why;
		enum conv_outcome outcome;
	} cases[] = {
		{ CONV_FAILURE_CONNECT, CONV_OUTCOME_BACKEND_DOWN },
		{ CONV_FAILURE_TIMEOUT, CONV_OUTCOME_BACKEND_DOWN },
		{ CONV_FAILURE_TLS, CONV_OUTCOME_BACKEND_UNSEALED },
		{ CONV_FAILURE_NOT_PROXY, CONV_OUTCOME_BACKEND_BLIND },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum conv_todo todo;
		struct conv *c = conv_of(true);
		assert_int_equal(conv_start(c, &todo), 0);
		assert_int_equal(conv_failed(c, cases[i].why, &todo), 0);
		assert_int_equal(todo, CONV_TODO_CLOSE);
		assert_int_equal(c->outcome, cases[i].outcome);
		conv_free(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sealed_is_spliced),
		cmocka_unit_test(test_clear_reaches_nobody),
		cmocka_unit_test(test_early_bytes_wait),
		cmocka_unit_test(test_learning_only_looks),
		cmocka_unit_test(test_each_failure_has_its_outcome),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
