#include "edge/throttle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct edge_throttle_pair pair_of(const char *user, uint8_t address)
{
	struct edge_throttle_pair pair = { .user = user };
	pair.address.bytes[15] = address;
	return pair;
}

static int setup(void **state)
{
	struct edge_throttle *t = NULL;
	int r = edge_throttle_new(&t);
	*state = t;
	return r;
}

static int teardown(void **state)
{
	edge_throttle_free(*state);
	return 0;
}

static void test_delay_doubles_up_to_a_bound(void **state)
{
	static const uint32_t delays[] = { 0, 0, 0, 1000, 2000, 4000, 8000, 16000, 30000, 30000 };
	for (size_t i = 0; i < sizeof(delays) / sizeof(delays[0]); i++)
		assert_int_equal(edge_throttle_failed(*state, pair_of("alice", 1), 3, i),
		                 delays[i]);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(edge_throttle_failed(*state, pair_of("alice", 1), 3, 50), 30000);
}

static void test_neither_address_nor_user_alone_is_slowed(void **state)
{
	for (int i = 0; i < 10; i++)
		(void)!edge_throttle_failed(*state, pair_of("alice", 1), 3, 0);
	assert_int_equal(edge_throttle_failed(*state, pair_of("alice", 2), 3, 0), 0);
	assert_int_equal(edge_throttle_failed(*state, pair_of("bob", 1), 3, 0), 0);
	assert_int_equal(edge_throttle_failed(*state, pair_of("alice", 1), 3, 0), 30000);
}

static void test_case_makes_no_other_user(void **state)
{
	assert_int_equal(edge_throttle_failed(*state, pair_of("alice", 1), 1, 0), 0);
	assert_int_equal(edge_throttle_failed(*state, pair_of("ALICE", 1), 1, 0), 1000);
	edge_throttle_succeeded(*state, pair_of("Alice", 1));
	assert_int_equal(edge_throttle_failed(*state, pair_of("alice", 1), 1, 0), 0);
}

static void test_success_and_an_hour_are_forgiven(void **state)
{
	const uint64_t hour = EDGE_THROTTLE_FORGET_MS;
	assert_int_equal(edge_throttle_failed(*state, pair_of("alice", 1), 1, 0), 0);
	assert_int_equal(edge_throttle_failed(*state, pair_of("alice", 1), 1, hour - 1), 1000);
	assert_int_equal(edge_throttle_failed(*state, pair_of("alice", 1), 1, 2 * hour - 1), 0);
	assert_int_equal(edge_throttle_failed(*state, pair_of("alice", 1), 1, 2 * hour), 1000);
	edge_throttle_succeeded(*state, pair_of("alice", 1));
	edge_throttle_succeeded(*state, pair_of("nobody", 1));
	assert_int_equal(edge_throttle_failed(*state, pair_of("alice", 1), 1, 2 * hour), 0);
}

static void test_zero_is_never(void **state)
{
	for (int i = 0; i < 100; i++)
		assert_int_equal(edge_throttle_failed(*state, pair_of("alice", 1), 0, 0), 0);
}

/* Names tried once find a place or do not; the one guessed at keeps its own. */
static void test_a_crowd_does_not_push_out_the_guessed(void **state)
{
	char name[32];
	for (int i = 0; i < 10; i++)
		(void)!edge_throttle_failed(*state, pair_of("alice", 1), 3, 0);
	for (int i = 0; i < 50000; i++) {
		snprintf(name, sizeof(name), "user%d", i);
		(void)!edge_throttle_failed(*state, pair_of(name, 1), 3, 1);
	}
	assert_int_equal(edge_throttle_failed(*state, pair_of("alice", 1), 3, 2), 30000);
}

static void test_what_others_counted(void **state)
{
	edge_throttle_heard(*state, pair_of("alice", 1), 3, 0);
	assert_int_equal(edge_throttle_failed(*state, pair_of("ALICE", 1), 3, 0), 1000);
	edge_throttle_heard(*state, pair_of("alice", 1), 2, 0); /* less than is known */
	assert_int_equal(edge_throttle_failed(*state, pair_of("alice", 1), 3, 0), 2000);
	edge_throttle_heard(*state, pair_of("alice", 1), 60000, 0);
	assert_int_equal(edge_throttle_failed(*state, pair_of("alice", 1), 3, 0), 30000);
	assert_int_equal(edge_throttle_failed(*state, pair_of("alice", 2), 3, 0), 0);
	edge_throttle_succeeded(*state, pair_of("alice", 1));
	assert_int_equal(edge_throttle_failed(*state, pair_of("alice", 1), 3, 0), 0);
}

static void test_a_long_name_is_cut(void **state)
{
	char name[400];
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(edge_throttle_failed(*state, pair_of(name, 1), 1, 0), 0);
	assert_int_equal(edge_throttle_failed(*state, pair_of(name, 1), 1, 0), 1000);
}

static bool refuses(void **state, const char *user, uint8_t address, uint64_t now_ms)
{
	return edge_throttle_refuses(*state, pair_of(user, address), 3, 1000, now_ms);
}

static void test_refused_for_a_while(void **state)
{
	for (int i = 0; i < 3; i++) {
		assert_false(refuses(state, "alice", 1, 0));
		(void)edge_throttle_failed(*state, pair_of("alice", 1), 0, 0);
	}
	assert_true(refuses(state, "Alice", 1, 999));
	assert_false(refuses(state, "alice", 2, 999));
	assert_false(refuses(state, "bob", 1, 999));
	assert_false(refuses(state, "alice", 1, 1000));
	(void)edge_throttle_failed(*state, pair_of("alice", 1), 0, 1000);
	assert_true(refuses(state, "alice", 1, 1999));
	assert_false(edge_throttle_refuses(*state, pair_of("alice", 1), 0, 1000, 1000)); /* never */
	edge_throttle_succeeded(*state, pair_of("alice", 1));
	assert_false(refuses(state, "alice", 1, 1000));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_delay_doubles_up_to_a_bound),
		TEST(test_neither_address_nor_user_alone_is_slowed),
		TEST(test_case_makes_no_other_user),
		TEST(test_success_and_an_hour_are_forgiven),
		TEST(test_zero_is_never),
		TEST(test_a_crowd_does_not_push_out_the_guessed),
		TEST(test_what_others_counted),
		TEST(test_a_long_name_is_cut),
		TEST(test_refused_for_a_while),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
