#include "base/clean.h"
#include "runner/queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const char one_asker, other_asker;

static int add(struct runner_queue *q, const void *asker, uint64_t number)
{
	char facts[32];
	snprintf(facts, sizeof(facts), "{%d}", (int)number);
	return runner_queue_add(
		q, asker, &(struct proc_hook_run){ .number = number, .facts = slice_str(facts) });
}

/* 0: none now. */
static uint64_t next(struct runner_queue *q, uint64_t now_ms, uint64_t *ret_wait_ms)
{
	struct runner_job *job = runner_queue_next(q, now_ms, ret_wait_ms);
	uint64_t number = job ? job->run.number : 0;
	runner_job_free(job);
	return number;
}

static void test_queue_in_order_so_many_at_once(void **state)
{
	(void)state;
	CLEAN(runner_queue_deinit) struct runner_queue q;
	uint64_t wait_ms;
	assert_int_equal(runner_queue_init(&q, 100), 0);
	assert_int_equal(next(&q, 0, &wait_ms), 0);
	for (uint64_t i = 1; i <= RUNNER_AT_ONCE + 2; i++)
		assert_int_equal(add(&q, &one_asker, i), 0);
	for (uint64_t i = 1; i <= RUNNER_AT_ONCE; i++)
		assert_int_equal(next(&q, 1000, &wait_ms), i);
	assert_int_equal(next(&q, 1000, &wait_ms), 0);
	assert_int_equal(wait_ms, 0); /* until one ends */
	runner_queue_ended(&q);
	assert_int_equal(next(&q, 1000, &wait_ms), RUNNER_AT_ONCE + 1);
	assert_int_equal(next(&q, 1000, &wait_ms), 0);
}

static void test_queue_rate_of_any_minute(void **state)
{
	(void)state;
	CLEAN(runner_queue_deinit) struct runner_queue q;
	uint64_t wait_ms, begun[40] = {}, now_ms = 5000;
	assert_int_equal(runner_queue_init(&q, 3), 0);
	for (size_t i = 0; i < COUNT_OF(begun); i++)
		assert_int_equal(add(&q, &one_asker, i + 1), 0);
	for (size_t i = 0; i < COUNT_OF(begun);) {
		uint64_t number = next(&q, now_ms, &wait_ms);
		if (number) {
			assert_int_equal(number, i + 1);
			begun[i++] = now_ms;
			runner_queue_ended(&q);
			now_ms += 700;
			continue;
		}
		assert_true(wait_ms && wait_ms <= RUNNER_MINUTE_MS);
		assert_int_equal(next(&q, now_ms + wait_ms - 1, &wait_ms), 0); /* not before */
		assert_int_equal(wait_ms, 1);
		now_ms = begun[i - 3] + RUNNER_MINUTE_MS;
	}
	for (size_t i = 3; i < COUNT_OF(begun); i++)
		assert_true(begun[i] - begun[i - 3] >= RUNNER_MINUTE_MS);
}

static void test_queue_full(void **state)
{
	(void)state;
	CLEAN(runner_queue_deinit) struct runner_queue q;
	uint64_t wait_ms;
	assert_int_equal(runner_queue_init(&q, 1), 0);
	for (uint64_t i = 1; i <= RUNNER_QUEUE_MAX; i++)
		assert_int_equal(add(&q, &one_asker, i), 0);
	assert_int_equal(add(&q, &one_asker, 1000), RUNNER_QUEUE_FULL);
	assert_int_equal(next(&q, 0, &wait_ms), 1);
	assert_int_equal(add(&q, &one_asker, 1001), 0);
	assert_int_equal(add(&q, &one_asker, 1002), RUNNER_QUEUE_FULL);
}

static void test_queue_take_of_one_asker(void **state)
{
	(void)state;
	CLEAN(runner_queue_deinit) struct runner_queue q;
	struct runner_job *job;
	uint64_t wait_ms, taken = 0;
	assert_int_equal(runner_queue_init(&q, 100), 0);
	for (uint64_t i = 1; i <= 6; i++)
		assert_int_equal(add(&q, i % 2 ? &one_asker : &other_asker, i), 0);
	while ((job = runner_queue_take(&q, &other_asker))) {
		taken += job->run.number;
		assert_int_equal(job->facts.data[1], '0' + (int)job->run.number);
		runner_job_free(job);
	}
	assert_int_equal(taken, 2 + 4 + 6);
	assert_int_equal(add(&q, &other_asker, 7), 0); /* the end of the line is still right */
	assert_int_equal(next(&q, 0, &wait_ms), 1);
	assert_int_equal(next(&q, 0, &wait_ms), 3);
	assert_int_equal(next(&q, 0, &wait_ms), 5);
	assert_int_equal(next(&q, 0, &wait_ms), 7);
	assert_int_equal(q.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queue_in_order_so_many_at_once),
		cmocka_unit_test(test_queue_rate_of_any_minute),
		cmocka_unit_test(test_queue_full),
		cmocka_unit_test(test_queue_take_of_one_asker),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
