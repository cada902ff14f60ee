#include "check/budget.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const struct check_budget_settings polite = {
	.at_a_time = 2,
	.per_minute = 20,
	.in_all = 300,
	.back_off_ms = 8000,
};

struct crowd {
	struct check_budget *budget;
	struct check_want wants[64];
	uint64_t now_ms;
	uint32_t wait_ms;
};

static void crowd_begin(struct crowd *c, const struct check_budget_settings *set)
{
	*c = (struct crowd){ .now_ms = 1000000 };
	assert_int_equal(check_budget_new(&c->budget, set), 0);
}

static void want(struct crowd *c, size_t i, const char *address, uint16_t port, uint64_t rank)
{
	c->wants[i] = (struct check_want){ .port = port, .rank = rank };
	snprintf(c->wants[i].address, sizeof(c->wants[i].address), "%s", address);
	assert_int_equal(check_budget_want(c->budget, &c->wants[i]), 0);
}

/* The number of who may go; -1: nobody. */
static int next(struct crowd *c)
{
	struct check_want *w = check_budget_next(c->budget, c->now_ms, &c->wait_ms);
	return w ? (int)(w - c->wants) : -1;
}

static void leave(struct crowd *c, size_t i)
{
	check_budget_leave(c->budget, &c->wants[i]);
}

static void test_budget_two_at_a_time(void **state)
{
	(void)state;
	struct crowd c;
	crowd_begin(&c, &polite);
	for (size_t i = 0; i < 4; i++)
		want(&c, i, "192.0.2.1", 143, i);
	want(&c, 4, "192.0.2.2", 143, 4);
	assert_int_equal(next(&c), 0);
	assert_int_equal(next(&c), 4); /* the other address has its turn */
	assert_int_equal(next(&c), 1);
	assert_int_equal(next(&c), -1);
	assert_int_equal(c.wait_ms, UINT32_MAX);
	leave(&c, 0);
	assert_int_equal(next(&c), 2);
	assert_int_equal(next(&c), -1);
	for (size_t i = 1; i < 5; i++)
		leave(&c, i);
	check_budget_free(c.budget);
}

static void test_budget_first_come_first_served(void **state)
{
	(void)state;
	struct crowd c;
	crowd_begin(&c, &polite);
	want(&c, 0, "192.0.2.1", 143, 7);
	want(&c, 1, "192.0.2.1", 993, 8);
	want(&c, 2, "192.0.2.1", 143, 7);
	assert_int_equal(next(&c), 0);
	assert_int_equal(next(&c), 2);
	leave(&c, 0);
	assert_int_equal(next(&c), 1);
	leave(&c, 1);
	leave(&c, 2);
	check_budget_free(c.budget);
}

static void test_budget_twenty_a_minute(void **state)
{
	(void)state;
	struct crowd c;
	crowd_begin(&c, &polite);
	for (size_t i = 0; i < 20; i++) {
		want(&c, i, "192.0.2.1", 25, i);
		assert_int_equal(next(&c), i);
		leave(&c, i);
		c.now_ms += 100;
	}
	want(&c, 20, "192.0.2.1", 25, 20);
	assert_int_equal(next(&c), -1);
	assert_int_equal(c.wait_ms, 60000 - 2000);
	want(&c, 21, "192.0.2.1", 25, 21);
	c.now_ms += c.wait_ms;
	assert_int_equal(next(&c), 20);
	assert_int_equal(next(&c), -1); /* the next one's turn is when the second is forgotten */
	assert_int_equal(c.wait_ms, 100);
	leave(&c, 20);
	leave(&c, 21);
	/* Other ports have no such limit. */
	for (size_t i = 0; i < 30; i++) {
		want(&c, i, "192.0.2.1", 587, i);
		assert_int_equal(next(&c), i);
		leave(&c, i);
	}
	check_budget_free(c.budget);
}

static void test_budget_rests_after_a_refusal(void **state)
{
	(void)state;
	static const uint32_t rests[] = { 8000, 16000, 32000, 64000, 64000 };
	struct crowd c;
	crowd_begin(&c, &polite);
	for (size_t i = 0; i < COUNT_OF(rests); i++) {
		want(&c, 0, "192.0.2.1", 587, 0);
		assert_int_equal(next(&c), 0);
		assert_true(check_budget_refused(c.budget, &c.wants[0], c.now_ms));
		assert_false(check_budget_refused(c.budget, &c.wants[0], c.now_ms));
		leave(&c, 0);
		want(&c, 0, "192.0.2.1", 587, 0);
		want(&c, 1, "192.0.2.9", 587, 0);
		assert_int_equal(next(&c), 1); /* nobody else rests */
		assert_int_equal(next(&c), -1);
		assert_int_equal(c.wait_ms, rests[i]);
		leave(&c, 0);
		leave(&c, 1);
		c.now_ms += rests[i];
	}
	/* One that was well ends the row. */
	want(&c, 0, "192.0.2.1", 587, 0);
	assert_int_equal(next(&c), 0);
	leave(&c, 0);
	want(&c, 0, "192.0.2.1", 587, 0);
	assert_int_equal(next(&c), 0);
	check_budget_refused(c.budget, &c.wants[0], c.now_ms);
	leave(&c, 0);
	want(&c, 0, "192.0.2.1", 587, 0);
	assert_int_equal(next(&c), -1);
	assert_int_equal(c.wait_ms, 8000);
	leave(&c, 0);
	check_budget_free(c.budget);
}

/* Those that were under way when it turned one away are not counted as refusals of their own. */
static void test_budget_refusals_together_are_one(void **state)
{
	(void)state;
	struct crowd c;
	crowd_begin(&c, &polite);
	want(&c, 0, "192.0.2.1", 587, 0);
	want(&c, 1, "192.0.2.1", 587, 0);
	assert_int_equal(next(&c), 0);
	assert_int_equal(next(&c), 1);
	for (size_t i = 0; i < 2; i++) {
		check_budget_refused(c.budget, &c.wants[i], c.now_ms);
		leave(&c, i);
	}
	want(&c, 0, "192.0.2.1", 587, 0);
	assert_int_equal(next(&c), -1);
	assert_int_equal(c.wait_ms, 8000);
	leave(&c, 0);
	check_budget_free(c.budget);
}

static void test_budget_mine_has_no_limits(void **state)
{
	(void)state;
	struct check_budget_settings mine = polite;
	struct crowd c;
	mine.is_mine = true;
	mine.in_all = 40;
	crowd_begin(&c, &mine);
	for (size_t i = 0; i < 41; i++)
		want(&c, i, "192.0.2.1", 25, i);
	for (size_t i = 0; i < 40; i++)
		assert_int_equal(next(&c), i);
	assert_int_equal(next(&c), -1); /* but that of all */
	for (size_t i = 0; i < 41; i++)
		leave(&c, i);
	check_budget_free(c.budget);
}

static void test_budget_forgets(void **state)
{
	(void)state;
	struct crowd c;
	crowd_begin(&c, &polite);
	for (unsigned i = 0; i < 5000; i++) {
		char address[32];
		snprintf(address, sizeof(address), "10.0.%u.%u", i / 250, i % 250);
		want(&c, 0, address, 25, i);
		assert_int_equal(next(&c), 0);
		leave(&c, 0);
		c.now_ms += 50;
	}
	/* A minute's and a sweep's worth: 70 s at 20 a second. */
	assert_true(check_budget_host_count(c.budget) <= 1400);
	c.now_ms += 100000;
	assert_int_equal(next(&c), -1);
	assert_int_equal(check_budget_host_count(c.budget), 0);
	check_budget_free(c.budget);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_budget_two_at_a_time),
		cmocka_unit_test(test_budget_first_come_first_served),
		cmocka_unit_test(test_budget_twenty_a_minute),
		cmocka_unit_test(test_budget_rests_after_a_refusal),
		cmocka_unit_test(test_budget_refusals_together_are_one),
		cmocka_unit_test(test_budget_mine_has_no_limits),
		cmocka_unit_test(test_budget_forgets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
