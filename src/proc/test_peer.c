#include "proc/peer.h"

#include "base/clean.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { LATE_MS = 2000, TEXT_MAX = 16 };

/* One end of a pair: what it was told. */
struct end {
	struct io_loop *loop;
	struct proc_peer *peer;
	char text[TEXT_MAX + 1]; /* of all messages, one byte each */
	size_t len;
	unsigned ends;
	enum proc_peer_end how;
	size_t frees_at; /* the peer is freed from inside that message; 0: never */
	size_t stops_at; /* the loop is stopped behind that message */
	size_t fails_at;
	bool stays; /* the peer is not freed by on_end */
	bool takes_fd;
	int fd;
};

struct pair {
	struct io_loop *loop;
	struct end worker, resolver; /* the resolver's is under test */
	int fds[2];
	int fds_before;
	struct io_deadline late;
};

static int fds_open(void)
{
	int n = 0;
	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static int on_message(void *owner, struct proc_peer *from, struct proc_msg *msg)
{
	struct end *e = owner;
	assert_ptr_equal(from, e->peer);
	assert_true(!e->ends && e->len < TEXT_MAX && msg->payload.len >= 1);
	e->text[e->len++] = (char)msg->payload.data[0];
	if (e->takes_fd)
		e->fd = TAKE_FD(msg->fd);
	if (e->len == e->stops_at)
		io_loop_stop(e->loop);
	if (e->len == e->frees_at)
		proc_peer_free(TAKE(e->peer));
	return e->len == e->fails_at ? -EPROTO : 0;
}

static void on_end(void *owner, struct proc_peer *peer, enum proc_peer_end how)
{
	struct end *e = owner;
	assert_ptr_equal(peer, e->peer);
	e->ends++;
	e->how = how;
	if (!e->stays)
		proc_peer_free(TAKE(e->peer));
	io_loop_stop(e->loop);
}

static void on_late(struct io_deadline *d)
{
	io_loop_stop(((struct pair *)((char *)d - offsetof(struct pair, late)))->loop);
}

static struct proc_peer_settings settings(struct end *e, int fd, enum proc_role self,
                                          enum proc_role peer)
{
	return (struct proc_peer_settings){ .loop = e->loop,
		                            .fd = fd,
		                            .self = self,
		                            .peer = peer,
		                            .owner = e,
		                            .on_message = on_message,
		                            .on_end = on_end };
}

static void pair_init(struct pair *p)
{
	*p = (struct pair){ .fds_before = fds_open(), .late.fn = on_late };
	assert_int_equal(io_loop_new(&p->loop), 0);
	assert_int_equal(proc_chan_pair(p->fds), 0);
	p->worker.loop = p->resolver.loop = p->loop;
	p->worker.fd = p->resolver.fd = -1;
}

static void worker_new(struct pair *p)
{
	struct proc_peer_settings set =
		settings(&p->worker, p->fds[0], PROC_ROLE_WORKER, PROC_ROLE_RESOLVER);
	assert_int_equal(proc_peer_new(&p->worker.peer, &set), 0);
}

static void resolver_new(struct pair *p)
{
	struct proc_peer_settings set =
		settings(&p->resolver, p->fds[1], PROC_ROLE_RESOLVER, PROC_ROLE_WORKER);
	assert_int_equal(proc_peer_new(&p->resolver.peer, &set), 0);
}

/* Until somebody stops it, or it is late. */
static void run(struct pair *p, uint32_t ms)
{
	io_deadline_arm(p->loop, &p->late, ms);
	assert_int_equal(io_loop_run(p->loop), 0);
	io_deadline_disarm(&p->late);
}

static void pair_deinit(struct pair *p)
{
	proc_peer_free(p->worker.peer);
	proc_peer_free(p->resolver.peer);
	io_loop_free(p->loop);
	assert_int_equal(fds_open(), p->fds_before);
}

static void ask(struct pair *p, const char *text)
{
	for (; *text; text++)
		assert_int_equal(
			proc_peer_queue(p->worker.peer, PROC_MSG_RESOLVE, slice_of(text, 1)), 0);
}

static void test_peer_messages_both_ways(void **state)
{
	struct pair p;
	(void)state;
	pair_init(&p);
	worker_new(&p);
	resolver_new(&p);
	ask(&p, "abc");
	p.resolver.stops_at = 3;
	run(&p, LATE_MS);
	assert_string_equal(p.resolver.text, "abc");
	assert_int_equal(proc_peer_send(p.resolver.peer, PROC_MSG_RESOLVED, slice_str("x"), -1), 0);
	p.worker.stops_at = 1;
	run(&p, LATE_MS);
	assert_string_equal(p.worker.text, "x");
	assert_int_equal(p.worker.ends + p.resolver.ends, 0);
	pair_deinit(&p);
}

/* Nothing more comes by the descriptor: only the peer itself can begin with them. */
static void test_peer_gives_what_the_channel_had_read(void **state)
{
	struct pair p;
	struct proc_chan *chan;
	struct proc_msg msg;
	(void)state;
	pair_init(&p);
	worker_new(&p);
	ask(&p, "abc");
	run(&p, 1);
	assert_int_equal(proc_chan_new(&chan, p.fds[1], PROC_ROLE_RESOLVER, PROC_ROLE_WORKER), 0);
	assert_int_equal(proc_chan_read(chan), 0);
	assert_int_equal(proc_chan_next(chan, &msg), 0);
	struct proc_peer_settings set =
		settings(&p.resolver, -1, PROC_ROLE_RESOLVER, PROC_ROLE_WORKER);
	set.chan = chan;
	assert_int_equal(proc_peer_adopt(&p.resolver.peer, &set), 0);
	assert_int_equal(p.resolver.len, 0); /* in a later turn, not from inside */
	p.resolver.stops_at = 2;
	run(&p, LATE_MS);
	assert_string_equal(p.resolver.text, "bc");
	pair_deinit(&p);
}

/* What came before the end counts, and the end is told once. */
static void test_peer_end_is_told_once(void **state)
{
	struct pair p;
	(void)state;
	for (int stays = 0; stays < 2; stays++) {
		pair_init(&p);
		worker_new(&p);
		resolver_new(&p);
		p.resolver.stays = stays;
		ask(&p, "abc");
		run(&p, 1);
		proc_peer_free(TAKE(p.worker.peer));
		run(&p, LATE_MS);
		assert_string_equal(p.resolver.text, "abc");
		assert_int_equal(p.resolver.ends, 1);
		assert_int_equal(p.resolver.how, PROC_PEER_GONE);
		run(&p, 300);
		assert_int_equal(p.resolver.ends, 1);
		pair_deinit(&p);
	}
}

/* An owner that goes on for a while says things to nobody. */
static void test_peer_end_is_told_once_to_who_goes_on_sending(void **state)
{
	struct pair p;
	(void)state;
	pair_init(&p);
	worker_new(&p);
	resolver_new(&p);
	p.resolver.stays = true;
	run(&p, 1);
	proc_peer_free(TAKE(p.worker.peer));
	(void)!proc_peer_queue(p.resolver.peer, PROC_MSG_RESOLVED, slice_str("q"));
	run(&p, LATE_MS);
	assert_int_equal(p.resolver.ends, 1);
	(void)!proc_peer_send(p.resolver.peer, PROC_MSG_RESOLVED, slice_str("s"), -1);
	(void)!proc_peer_queue(p.resolver.peer, PROC_MSG_RESOLVED, slice_str("q"));
	run(&p, 300);
	assert_int_equal(p.resolver.ends, 1);
	pair_deinit(&p);
}

static void test_peer_is_freed_from_inside_on_message(void **state)
{
	struct pair p;
	(void)state;
	for (int fails = 0; fails < 2; fails++) {
		pair_init(&p);
		worker_new(&p);
		resolver_new(&p);
		p.resolver.frees_at = 2;
		p.resolver.fails_at = fails ? 2 : 0;
		ask(&p, "abc");
		run(&p, LATE_MS); /* the worker sees that it is gone */
		assert_string_equal(p.resolver.text, "ab");
		assert_int_equal(p.resolver.ends, 0);
		assert_int_equal(p.worker.ends, 1);
		assert_int_equal(p.worker.how, PROC_PEER_GONE);
		pair_deinit(&p);
	}
}

/* What was queued in the same turn goes with it, and nobody looks for it. */
static void test_peer_is_freed_with_things_queued(void **state)
{
	struct pair p;
	(void)state;
	pair_init(&p);
	worker_new(&p);
	resolver_new(&p);
	ask(&p, "abc");
	proc_peer_free(TAKE(p.worker.peer));
	run(&p, LATE_MS);
	assert_int_equal(p.resolver.len, 0);
	assert_int_equal(p.resolver.how, PROC_PEER_GONE);
	pair_deinit(&p);
}

static void test_peer_a_negative_ends_it(void **state)
{
	struct pair p;
	(void)state;
	pair_init(&p);
	worker_new(&p);
	resolver_new(&p);
	p.resolver.fails_at = 2;
	ask(&p, "abc");
	run(&p, LATE_MS);
	assert_string_equal(p.resolver.text, "ab");
	assert_int_equal(p.resolver.ends, 1);
	assert_int_equal(p.resolver.how, PROC_PEER_REFUSED);
	pair_deinit(&p);
}

/* What is no message, after one that is. */
static void test_peer_broken_sender(void **state)
{
	static const uint8_t noise[64] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct pair p;
	(void)state;
	pair_init(&p);
	worker_new(&p);
	resolver_new(&p);
	ask(&p, "a");
	run(&p, 1);
	assert_int_equal(send(p.fds[0], noise, sizeof(noise), 0), sizeof(noise));
	run(&p, LATE_MS);
	assert_string_equal(p.resolver.text, "a");
	assert_int_equal(p.resolver.ends, 1);
	assert_int_equal(p.resolver.how, PROC_PEER_BROKEN);
	pair_deinit(&p);
}

/* A message that its role may not send. */
static void test_peer_sender_out_of_its_role(void **state)
{
	struct pair p;
	struct proc_chan *other;
	(void)state;
	pair_init(&p);
	resolver_new(&p);
	assert_int_equal(proc_chan_new(&other, p.fds[0], PROC_ROLE_RESOLVER, PROC_ROLE_WORKER), 0);
	assert_int_equal(proc_chan_send(other, PROC_MSG_RESOLVED, slice_str("x"), -1), 0);
	run(&p, LATE_MS);
	assert_int_equal(p.resolver.len, 0);
	assert_int_equal(p.resolver.how, PROC_PEER_BROKEN);
	proc_chan_free(other);
	pair_deinit(&p);
}

/* A process whose parent has ended while it began: it hears that, and has not failed. */
static void test_peer_is_ready_for_a_parent_that_ended(void **state)
{
	struct pair p;
	(void)state;
	pair_init(&p);
	struct proc_peer_settings set =
		settings(&p.resolver, p.fds[1], PROC_ROLE_RESOLVER, PROC_ROLE_PARENT);
	assert_int_equal(proc_peer_new(&p.resolver.peer, &set), 0);
	close(p.fds[0]);
	assert_int_equal(proc_peer_ready(p.resolver.peer), 0);
	assert_int_equal(p.resolver.ends, 0);
	run(&p, LATE_MS);
	assert_int_equal(p.resolver.ends, 1);
	assert_int_equal(p.resolver.how, PROC_PEER_GONE);
	pair_deinit(&p);
}

/* Who takes it keeps it; else it is closed. */
static void test_peer_descriptors(void **state)
{
	(void)state;
	for (int takes = 0; takes < 2; takes++) {
		struct pair p;
		struct proc_chan *parent;
		pair_init(&p);
		struct proc_peer_settings set =
			settings(&p.worker, p.fds[0], PROC_ROLE_WORKER, PROC_ROLE_PARENT);
		assert_int_equal(proc_peer_new(&p.worker.peer, &set), 0);
		assert_int_equal(
			proc_chan_new(&parent, p.fds[1], PROC_ROLE_PARENT, PROC_ROLE_WORKER), 0);
		assert_int_equal(
			proc_chan_send(parent, PROC_MSG_LISTENER, slice_of("\0\0\0\0\0", 5), 0), 0);
		p.worker.takes_fd = takes;
		p.worker.stops_at = 1;
		run(&p, LATE_MS);
		assert_int_equal(p.worker.len, 1);
		assert_int_equal(p.worker.fd >= 0, takes);
		if (p.worker.fd >= 0)
			close(p.worker.fd);
		proc_chan_free(parent);
		pair_deinit(&p);
	}
}

/* libuv keeps descriptors of its own from the first loop on. */
static int first_loop(void **state)
{
	struct io_loop *loop;
	(void)state;
	assert_int_equal(io_loop_new(&loop), 0);
	io_loop_free(loop);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_peer_messages_both_ways),
		cmocka_unit_test(test_peer_gives_what_the_channel_had_read),
		cmocka_unit_test(test_peer_end_is_told_once),
		cmocka_unit_test(test_peer_end_is_told_once_to_who_goes_on_sending),
		cmocka_unit_test(test_peer_is_freed_from_inside_on_message),
		cmocka_unit_test(test_peer_is_freed_with_things_queued),
		cmocka_unit_test(test_peer_a_negative_ends_it),
		cmocka_unit_test(test_peer_broken_sender),
		cmocka_unit_test(test_peer_sender_out_of_its_role),
		cmocka_unit_test(test_peer_is_ready_for_a_parent_that_ended),
		cmocka_unit_test(test_peer_descriptors),
	};
	return cmocka_run_group_tests(tests, first_loop, NULL);
}
