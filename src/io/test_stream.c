#include "io/stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* What came, and how often the owner was called: a stream must not spin. */
struct seen {
	struct io_loop *loop;
	unsigned data, eof, error, connected;
	size_t takes; /* bytes consumed at each DATA; 0: none */
	struct buf got;
};

static void on_event(struct io_stream *s, enum io_stream_event event)
{
	struct seen *seen = s->owner;
	struct slice input = io_stream_input(s);
	switch (event) {
	case IO_STREAM_DATA:
		seen->data++;
		assert_int_equal(buf_add(&seen->got, slice_head(input, seen->takes)), 0);
		io_stream_consume(s, seen->takes < input.len ? seen->takes : input.len);
		break;
	case IO_STREAM_EOF:
		seen->eof++;
		io_loop_stop(seen->loop);
		break;
	case IO_STREAM_ERROR:
		seen->error++;
		io_loop_stop(seen->loop);
		break;
	case IO_STREAM_CONNECTED:
		seen->connected++;
		io_loop_stop(seen->loop);
		break;
	case IO_STREAM_ROOM:
	case IO_STREAM_TLS_UP:
	case IO_STREAM_TLS_FAILED:
		break;
	}
}

struct stage {
	struct io_loop *loop;
	struct io_stream stream;
	struct seen seen;
	int peer;
};

static void stage_init(struct stage *t, size_t takes)
{
	int ends[2];
	*t = (struct stage){};
	assert_int_equal(io_loop_new(&t->loop), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	t->peer = ends[1];
	t->seen = (struct seen){ .loop = t->loop, .takes = takes };
	t->stream = (struct io_stream){ .fd = -1, .owner = &t->seen, .on_event = on_event };
	assert_int_equal(io_stream_open(&t->stream, t->loop, ends[0]), 0);
}

static void stage_deinit(struct stage *t)
{
	io_stream_deinit(&t->stream);
	buf_deinit(&t->seen.got);
	close(t->peer);
	io_loop_free(t->loop);
}

/* Half a line, then the end: told once each, however long the owner leaves the bytes. */
static void test_stream_end_behind_bytes_nobody_takes(void **state)
{
	(void)state;
	struct stage t;
	stage_init(&t, 0);
	assert_int_equal(write(t.peer, "half a line", 11), 11);
	assert_int_equal(shutdown(t.peer, SHUT_WR), 0);
	assert_int_equal(io_loop_run(t.loop), 0);
	assert_int_equal(t.seen.eof, 1);
	assert_true(t.seen.data >= 1 && t.seen.data <= 2);
	assert_int_equal(io_stream_input(&t.stream).len, 11);
	stage_deinit(&t);
}

static void test_stream_paused_is_told_after(void **state)
{
	(void)state;
	struct stage t;
	stage_init(&t, SIZE_MAX);
	io_stream_pause(&t.stream);
	assert_int_equal(write(t.peer, "abc", 3), 3);
	close(t.peer);
	t.peer = -1;
	io_stream_resume(&t.stream);
	assert_int_equal(io_loop_run(t.loop), 0);
	assert_int_equal(buf_len(&t.seen.got), 3);
	assert_int_equal(t.seen.eof, 1);
	stage_deinit(&t);
}

/* More than one read: all of it arrives, and the end after it. */
static void test_stream_reads_all(void **state)
{
	(void)state;
	struct stage t;
	static uint8_t block[100000];
	size_t sent = 0;
	stage_init(&t, SIZE_MAX);
	for (ssize_t n; (n = write(t.peer, block, sizeof(block))) > 0;)
		sent += (size_t)n;
	assert_true(sent > IO_STREAM_READ);
	shutdown(t.peer, SHUT_WR);
	assert_int_equal(io_loop_run(t.loop), 0);
	assert_int_equal(buf_len(&t.seen.got), sent);
	assert_int_equal(t.stream.bytes_in, sent);
	stage_deinit(&t);
}

/* A socket of loopback that listens; ret_way leads to it. */
static int listener_open(struct sockaddr_in *ret_address, struct io_way *ret_way)
{
	*ret_address = (struct sockaddr_in){ .sin_family = AF_INET,
		                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(*ret_address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)ret_address, len), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)ret_address, &len), 0);
	*ret_way = (struct io_way){ .to = (const struct sockaddr *)ret_address, .len = len };
	return fd;
}

static void test_stream_of_one_device(void **state)
{
	struct stage t;
	struct sockaddr_in address;
	struct io_way way;
	int listener = listener_open(&address, &way);
	stage_init(&t, SIZE_MAX);
	io_stream_deinit(&t.stream);
	t.stream = (struct io_stream){ .fd = -1, .owner = &t.seen, .on_event = on_event };
	way.device = "no-such-device0";
	assert_int_equal(io_stream_connect(&t.stream, t.loop, &way), -ENODEV);
	way.device = "lo";
	assert_int_equal(io_stream_connect(&t.stream, t.loop, &way), 0);
	assert_int_equal(io_loop_run(t.loop), 0);
	assert_false(t.stream.is_connecting || t.seen.error);
	close(listener);
	stage_deinit(&t);
}

/* The peer hears of it before the stream is freed. */
static void test_stream_aborted_is_reset_at_once(void **state)
{
	struct stage t;
	struct sockaddr_in address;
	struct io_way way;
	char byte;
	int listener = listener_open(&address, &way);
	stage_init(&t, SIZE_MAX);
	io_stream_deinit(&t.stream);
	t.stream = (struct io_stream){ .fd = -1, .owner = &t.seen, .on_event = on_event };
	assert_int_equal(io_stream_connect(&t.stream, t.loop, &way), 0);
	assert_int_equal(io_loop_run(t.loop), 0);
	int peer = accept(listener, NULL, NULL);
	assert_true(peer >= 0);
	io_stream_abort(&t.stream);
	assert_int_equal(recv(peer, &byte, 1, 0), -1);
	assert_int_equal(errno, ECONNRESET);
	assert_int_equal(io_stream_write(&t.stream, slice_str("not sent")), 0);
	assert_true(io_stream_is_open(&t.stream) && t.stream.is_dead);
	close(peer);
	close(listener);
	stage_deinit(&t);
}

struct alarm {
	struct io_deadline late;
	struct io_loop *loop;
};

static void on_late(struct io_deadline *late)
{
	io_loop_stop(((struct alarm *)((char *)late - offsetof(struct alarm, late)))->loop);
}

/* Nobody listens: told once, whatever an abort makes the socket say. */
static void test_stream_refused_and_aborted_never_connects(void **state)
{
	struct stage t;
	struct sockaddr_in address;
	struct io_way way;
	struct alarm alarm = { .late.fn = on_late };
	(void)state;
	close(listener_open(&address, &way));
	stage_init(&t, SIZE_MAX);
	io_stream_deinit(&t.stream);
	t.stream = (struct io_stream){ .fd = -1, .owner = &t.seen, .on_event = on_event };
	if (!io_stream_connect(&t.stream, t.loop, &way)) {
		assert_int_equal(io_loop_run(t.loop), 0);
		assert_int_equal(t.seen.error, 1);
		io_stream_abort(&t.stream);
		alarm.loop = t.loop;
		io_deadline_arm(t.loop, &alarm.late, 1);
		assert_int_equal(io_loop_run(t.loop), 0);
		assert_int_equal(t.seen.connected, 0);
		assert_int_equal(t.seen.error, 1);
	}
	stage_deinit(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stream_end_behind_bytes_nobody_takes),
		cmocka_unit_test(test_stream_paused_is_told_after),
		cmocka_unit_test(test_stream_reads_all),
		cmocka_unit_test(test_stream_of_one_device),
		cmocka_unit_test(test_stream_aborted_is_reset_at_once),
		cmocka_unit_test(test_stream_refused_and_aborted_never_connects),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
