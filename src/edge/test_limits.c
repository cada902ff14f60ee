#include "edge/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct edge_limits_key key_of(uint32_t n)
{
	struct edge_limits_key key = {};
	for (int i = 0; i < 4; i++)
		key.bytes[12 + i] = (uint8_t)(n >> (8 * i));
	return key;
}

static void test_connections_at_a_time(void **state)
{
	(void)state;
	struct edge_limits *l;
	assert_int_equal(edge_limits_new(&l), 0);
	assert_int_equal(edge_limits_enter(l, key_of(1), 2, 0, 0), 0);
	assert_int_equal(edge_limits_enter(l, key_of(1), 2, 0, 0), 0);
	assert_int_equal(edge_limits_enter(l, key_of(1), 2, 0, 0), EDGE_LIMITS_CONNECTIONS);
	assert_int_equal(edge_limits_enter(l, key_of(2), 2, 0, 0), 0);
	edge_limits_leave(l, key_of(1), 1);
	assert_int_equal(edge_limits_enter(l, key_of(1), 2, 0, 1), 0);
	edge_limits_free(l);
}

static void test_rate_refills(void **state)
{
	(void)state;
	struct edge_limits *l;
	assert_int_equal(edge_limits_new(&l), 0);
	for (int i = 0; i < 10; i++)
		assert_int_equal(edge_limits_enter(l, key_of(1), 0, 10, 5000), 0);
	assert_int_equal(edge_limits_enter(l, key_of(1), 0, 10, 5000), EDGE_LIMITS_RATE);
	assert_int_equal(edge_limits_enter(l, key_of(1), 0, 10, 5099), EDGE_LIMITS_RATE);
	assert_int_equal(edge_limits_enter(l, key_of(1), 0, 10, 5101), 0);
	edge_limits_free(l);
}

static void test_memory_returns(void **state)
{
	(void)state;
	struct edge_limits *l;
	assert_int_equal(edge_limits_new(&l), 0);
	for (uint32_t i = 0; i < 20000; i++) {
		assert_int_equal(edge_limits_enter(l, key_of(i), 5, 5, 0), 0);
		edge_limits_leave(l, key_of(i), 0);
	}
	/* A later crowd sweeps what the first left behind. */
	for (uint32_t i = 0; i < 5000; i++) {
		assert_int_equal(edge_limits_enter(l, key_of(7), 0, 0, 10000), 0);
		edge_limits_leave(l, key_of(7), 10000);
	}
	assert_true(edge_limits_count(l) <= 1);
	edge_limits_free(l);
}

static void test_user_key(void **state)
{
	struct edge_limits_key here = { .bytes = { 1 } }, there = { .bytes = { 2 } };
	struct edge_limits_key alice = edge_limits_user_key("alice", here);
	struct edge_limits_key same = edge_limits_user_key("Alice", here);
	struct edge_limits_key far = edge_limits_user_key("alice", there);
	struct edge_limits_key bob = edge_limits_user_key("bob", here);
	(void)state;
	assert_memory_equal(&alice, &same, sizeof(alice));
	assert_memory_not_equal(&alice, &far, sizeof(alice));
	assert_memory_not_equal(&alice, &bob, sizeof(alice));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_user_key),
		cmocka_unit_test(test_connections_at_a_time),
		cmocka_unit_test(test_rate_refills),
		cmocka_unit_test(test_memory_returns),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
