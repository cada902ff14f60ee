#include "io/splice.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* Two streams joined as a session joins them; peers are the far ends of their sockets. */
struct stage {
	struct io_loop *loop;
	struct io_stream sides[2];
	int peers[2];
	bool is_stepped; /* the loop stops after every event, or soon */
	struct io_deadline soon;
	unsigned ends;
	enum io_splice_end how;
	size_t most; /* that waited in a side */
};

static void on_event(struct io_stream *from, enum io_stream_event event)
{
	struct stage *t = from->owner;
	struct io_stream *to = from == &t->sides[0] ? &t->sides[1] : &t->sides[0];
	if (event == IO_STREAM_DATA) {
		assert_int_equal(io_splice_move(from, to), 0);
		if (io_stream_queued(to) > t->most)
			t->most = io_stream_queued(to);
		if (t->is_stepped)
			io_loop_stop(t->loop);
	} else if (event == IO_STREAM_ROOM) {
		io_stream_resume(to);
		if (t->is_stepped)
			io_loop_stop(t->loop);
	} else if (event == IO_STREAM_EOF || event == IO_STREAM_ERROR) {
		t->ends++;
		t->how = io_splice_pass_end(from, to);
		io_loop_stop(t->loop);
	}
}

static void stage_init(struct stage *t)
{
	*t = (struct stage){};
	assert_int_equal(io_loop_new(&t->loop), 0);
	for (int i = 0; i < 2; i++) {
		int ends[2];
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
		t->peers[i] = ends[1];
		t->sides[i] = (struct io_stream){ .fd = -1, .owner = t, .on_event = on_event };
		assert_int_equal(io_stream_open(&t->sides[i], t->loop, ends[0]), 0);
	}
}

static void stage_deinit(struct stage *t)
{
	for (int i = 0; i < 2; i++) {
		io_stream_deinit(&t->sides[i]);
		close(t->peers[i]);
	}
	io_loop_free(t->loop);
}

static void on_soon(struct io_deadline *d)
{
	struct stage *t = (struct stage *)((char *)d - offsetof(struct stage, soon));
	io_loop_stop(t->loop);
}

static void run(struct stage *t)
{
	t->soon.fn = on_soon;
	if (t->is_stepped)
		io_deadline_arm(t->loop, &t->soon, 1);
	assert_int_equal(io_loop_run(t->loop), 0);
	io_deadline_disarm(&t->soon);
}

/* Each way ends by itself, and what is said the other way still arrives. */
static void test_splice_half_then_over(void **state)
{
	(void)state;
	struct stage t;
	char got[8];
	stage_init(&t);
	assert_int_equal(write(t.peers[0], "question", 8), 8);
	shutdown(t.peers[0], SHUT_WR);
	run(&t);
	assert_int_equal(t.how, IO_SPLICE_HALF);
	assert_int_equal(read(t.peers[1], got, sizeof(got)), 8);
	assert_int_equal(read(t.peers[1], got, sizeof(got)), 0);
	assert_int_equal(write(t.peers[1], "answer", 6), 6);
	shutdown(t.peers[1], SHUT_WR);
	run(&t);
	assert_int_equal(t.how, IO_SPLICE_OVER);
	assert_int_equal(read(t.peers[0], got, sizeof(got)), 6);
	assert_int_equal(t.ends, 2);
	stage_deinit(&t);
}

/* One that sends for ever to one that never reads. */
static void test_splice_waits_for_who_does_not_read(void **state)
{
	(void)state;
	struct stage t;
	static uint8_t block[65536];
	stage_init(&t);
	t.is_stepped = true;
	while (!t.sides[1].was_full) {
		while (write(t.peers[0], block, sizeof(block)) > 0)
			;
		run(&t);
	}
	assert_true(t.sides[0].is_paused);
	assert_true(t.most <= IO_STREAM_OUT_HIGH + IO_SCRATCH_LEN);
	/* Now it does: what waited arrives, and the sender is read again to its end. */
	shutdown(t.peers[0], SHUT_WR);
	while (!t.ends) {
		while (read(t.peers[1], block, sizeof(block)) > 0)
			;
		run(&t);
	}
	assert_int_equal(t.how, IO_SPLICE_HALF);
	assert_true(t.most <= IO_STREAM_OUT_HIGH + IO_SCRATCH_LEN);
	stage_deinit(&t);
}

static void test_splice_what_breaks_is_no_end(void **state)
{
	(void)state;
	struct stage t;
	stage_init(&t);
	/* As TLS says where close_notify is missing. */
	t.sides[0].has_ended = t.sides[0].was_truncated = true;
	assert_int_equal(io_splice_pass_end(&t.sides[0], &t.sides[1]), IO_SPLICE_CUT);
	char got;
	assert_int_equal(read(t.peers[1], &got, 1), -1);
	assert_int_equal(errno, EAGAIN);
	stage_deinit(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_splice_half_then_over),
		cmocka_unit_test(test_splice_waits_for_who_does_not_read),
		cmocka_unit_test(test_splice_what_breaks_is_no_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
