#include "io/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

struct alarm {
	struct io_deadline deadline;
	struct io_loop *loop;
	uint64_t armed_at_ms;
	uint64_t fired_after_ms;
	unsigned fired;
	bool stops;
};

static void on_alarm(struct io_deadline *d)
{
	struct alarm *a = (struct alarm *)d;
	a->fired++;
	a->fired_after_ms = io_loop_now_ms(a->loop) - a->armed_at_ms;
	if (a->stops)
		io_loop_stop(a->loop);
}

static void alarm_set(struct alarm *a, struct io_loop *loop, uint64_t in_ms, bool stops)
{
	*a = (struct alarm){ .deadline.fn = on_alarm, .loop = loop, .stops = stops };
	a->armed_at_ms = io_loop_now_ms(loop);
	io_deadline_arm(loop, &a->deadline, in_ms);
}

static void test_deadline_never_early(void **state)
{
	(void)state;
	struct io_loop *loop;
	struct alarm early, never, last;
	assert_int_equal(io_loop_new(&loop), 0);
	alarm_set(&early, loop, 200, false);
	alarm_set(&never, loop, 100, false);
	alarm_set(&last, loop, 600, true);
	io_deadline_disarm(&never.deadline);
	assert_int_equal(io_loop_run(loop), 0);
	assert_int_equal(early.fired, 1);
	assert_true(early.fired_after_ms >= 200);
	assert_int_equal(never.fired, 0);
	assert_true(last.fired_after_ms >= 600);
	assert_false(io_deadline_is_armed(&early.deadline));
	io_loop_free(loop);
}

struct thing {
	struct io_later later;
	struct io_loop *loop;
	unsigned done;
};

static void on_later(struct io_later *later)
{
	((struct thing *)later)->done++;
}

static struct thing once, removed;

static void on_readable(void *owner, int events)
{
	struct io_loop *loop = owner;
	assert_true(events & IO_READ);
	io_later_add(loop, &once.later);
	io_later_add(loop, &once.later);
	io_later_add(loop, &removed.later);
	io_later_remove(loop, &removed.later);
	assert_int_equal(once.done, 0); /* not inside the callback */
	io_loop_stop(loop);
}

static void test_later_runs_once_and_after(void **state)
{
	(void)state;
	struct io_loop *loop;
	struct io_watch *watch;
	int ends[2];
	once = removed = (struct thing){ .later.fn = on_later };
	assert_int_equal(io_loop_new(&loop), 0);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(io_watch_new(&watch, loop, ends[0], on_readable, loop), 0);
	io_watch_set(watch, IO_READ);
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(io_loop_run(loop), 0);
	assert_int_equal(once.done, 1);
	assert_int_equal(removed.done, 0);
	io_watch_free(watch);
	io_loop_free(loop);
	close(ends[0]);
	close(ends[1]);
}

static struct io_watch *doomed;
static unsigned doomed_calls;

static void on_doomed(void *owner, int events)
{
	(void)events;
	doomed_calls++;
	io_loop_stop(owner);
}

static void on_soon_frees(struct io_later *later)
{
	(void)later;
	io_watch_free(doomed);
}

/* A watch that is ready already is freed by work of an earlier turn: its event is not told. */
static void test_soon_may_free_what_is_ready(void **state)
{
	(void)state;
	struct io_loop *loop;
	struct alarm last;
	struct io_later soon = { .fn = on_soon_frees };
	int ends[2];
	doomed_calls = 0;
	assert_int_equal(io_loop_new(&loop), 0);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(io_watch_new(&doomed, loop, ends[0], on_doomed, loop), 0);
	io_watch_set(doomed, IO_READ);
	assert_int_equal(write(ends[1], "x", 1), 1);
	io_soon_add(loop, &soon);
	alarm_set(&last, loop, 10, true);
	assert_int_equal(io_loop_run(loop), 0);
	assert_int_equal(doomed_calls, 0);
	io_loop_free(loop);
	close(ends[0]);
	close(ends[1]);
}

static unsigned ready_calls;

static void on_ready_ask(void *owner, int events)
{
	(void)events;
	ready_calls++;
	assert_int_equal(once.done, 0); /* not before both had their turn */
	io_turn_add(owner, &once.later);
	io_loop_stop(owner);
}

static void test_turn_ends_once_for_all(void **state)
{
	(void)state;
	struct io_loop *loop;
	struct io_watch *watches[2];
	int ends[2][2];
	ready_calls = 0;
	once = (struct thing){ .later.fn = on_later };
	assert_int_equal(io_loop_new(&loop), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pipe(ends[i]), 0);
		assert_int_equal(io_watch_new(&watches[i], loop, ends[i][0], on_ready_ask, loop),
		                 0);
		io_watch_set(watches[i], IO_READ);
		assert_int_equal(write(ends[i][1], "x", 1), 1);
	}
	assert_int_equal(io_loop_run(loop), 0);
	assert_int_equal(ready_calls, 2);
	assert_int_equal(once.done, 1);
	for (int i = 0; i < 2; i++) {
		io_watch_free(watches[i]);
		close(ends[i][0]);
		close(ends[i][1]);
	}
	io_loop_free(loop);
}

static void test_lent_memory_comes_back(void **state)
{
	(void)state;
	struct io_loop *loop;
	struct buf b = {};
	assert_int_equal(io_loop_new(&loop), 0);
	assert_int_equal(buf_add_str(&b, "some bytes"), 0);
	buf_consume(&b, 10);
	uint8_t *memory = b.data;
	io_loop_take_back(loop, &b);
	assert_null(b.data);
	io_loop_lend(loop, &b);
	assert_ptr_equal(b.data, memory);
	assert_int_equal(buf_len(&b), 0);
	buf_deinit(&b);
	io_loop_free(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deadline_never_early),
		cmocka_unit_test(test_later_runs_once_and_after),
		cmocka_unit_test(test_soon_may_free_what_is_ready),
		cmocka_unit_test(test_turn_ends_once_for_all),
		cmocka_unit_test(test_lent_memory_comes_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
