#include "base/clean.h"
#include "proc/chan.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static int fds_open(void)
{
	int n = 0;
	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* A parent, and the worker it talks to. */
struct pair {
	struct proc_chan *parent, *worker;
	int fds_before;
};

static struct pair pair_new(void)
{
	int fds[2];
	struct pair p = { .fds_before = fds_open() };
	assert_int_equal(proc_chan_pair(fds), 0);
	assert_int_equal(proc_chan_new(&p.parent, fds[0], PROC_ROLE_PARENT, PROC_ROLE_WORKER), 0);
	assert_int_equal(proc_chan_new(&p.worker, fds[1], PROC_ROLE_WORKER, PROC_ROLE_PARENT), 0);
	return p;
}

/* And no descriptor was lost on the way. */
static void pair_free(struct pair *p)
{
	proc_chan_free(p->parent);
	proc_chan_free(p->worker);
	assert_int_equal(fds_open(), p->fds_before);
}

static uint32_t number_of(struct slice payload)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	uint32_t n = 0;
	assert_true(proc_unpack_u32(&u, &n));
	return n;
}

static void send_number(struct proc_chan *chan, enum proc_msg_type type, uint32_t n, int fd)
{
	uint8_t room[6];
	struct proc_packer p = proc_packer_over(room, sizeof(room));
	proc_pack_u32(&p, n);
	if (type == PROC_MSG_LISTENER)
		proc_pack_u16(&p, 0);
	assert_int_equal(proc_chan_send(chan, type, proc_packed(&p), fd), 0);
}

static void test_chan_both_ways(void **state)
{
	(void)state;
	struct pair p = pair_new();
	struct proc_msg msg;
	assert_int_equal(proc_chan_read(p.worker), 0);
	assert_int_equal(proc_chan_next(p.worker, &msg), PROC_MORE);
	assert_int_equal(proc_chan_send(p.parent, PROC_MSG_CONFIG, slice_str("a = 1;"), -1), 0);
	assert_int_equal(proc_chan_send(p.parent, PROC_MSG_START, (struct slice){}, -1), 0);
	assert_false(proc_chan_wants_write(p.parent));
	assert_int_equal(proc_chan_read(p.worker), 0);
	assert_int_equal(proc_chan_next(p.worker, &msg), 0);
	assert_int_equal(msg.type, PROC_MSG_CONFIG);
	struct slice config = msg.payload; /* stays until the next read */
	assert_int_equal(proc_chan_next(p.worker, &msg), 0);
	assert_int_equal(msg.type, PROC_MSG_START);
	assert_int_equal(msg.payload.len, 0);
	assert_int_equal(msg.fd, -1);
	assert_true(slice_equal(config, slice_str("a = 1;")));
	assert_int_equal(proc_chan_next(p.worker, &msg), PROC_MORE);
	assert_int_equal(proc_chan_send(p.worker, PROC_MSG_READY, (struct slice){}, -1), 0);
	assert_int_equal(proc_chan_read(p.parent), 0);
	assert_int_equal(proc_chan_next(p.parent, &msg), 0);
	assert_int_equal(msg.type, PROC_MSG_READY);
	pair_free(&p);
}

/* A file that says which one it is. */
static int numbered_file(uint32_t n)
{
	int fd = memfd_create("numbered", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, &n, sizeof(n), 0), sizeof(n));
	return fd;
}

static void assert_numbered(int fd, uint32_t n)
{
	uint32_t found = ~n;
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(pread(fd, &found, sizeof(found), 0), sizeof(found));
	assert_int_equal(found, n);
	close(fd);
}

/*
 * Messages with and without descriptors, mixed, through a socket that takes little at a time: each
 * descriptor must come out with its own message.
 */
static void mixed_run(uint32_t count, int socket_buffer)
{
	struct pair p = pair_new();
	int files[8];
	uint32_t next = 0;
	for (uint32_t i = 0; i < COUNT_OF(files); i++)
		files[i] = numbered_file(i);
	assert_int_equal(setsockopt(proc_chan_fd(p.parent), SOL_SOCKET, SO_SNDBUF, &socket_buffer,
	                            sizeof(socket_buffer)),
	                 0);
	for (uint32_t i = 0; i < count; i++) {
		bool has_fd = i % 3 != 1;
		send_number(p.parent, has_fd ? PROC_MSG_LISTENER : PROC_MSG_STATUS_ASK, i,
		            has_fd ? files[i % COUNT_OF(files)] : -1);
	}
	for (size_t i = 0; i < COUNT_OF(files); i++)
		close(files[i]); /* at once: the channel has its own */
	while (next < count) {
		struct proc_msg msg;
		assert_int_equal(proc_chan_flush(p.parent), 0);
		assert_int_equal(proc_chan_read(p.worker), 0);
		while (proc_chan_next(p.worker, &msg) == 0) {
			assert_int_equal(number_of(msg.payload), next);
			if (next % 3 != 1)
				assert_numbered(msg.fd, next % COUNT_OF(files));
			else
				assert_int_equal(msg.fd, -1);
			next++;
		}
	}
	assert_false(proc_chan_wants_write(p.parent));
	pair_free(&p);
}

static void test_chan_descriptors(void **state)
{
	(void)state;
	mixed_run(10, 1 << 20);
	mixed_run(200, 1 << 20);
	mixed_run(2000, 1 << 20); /* more than are held at once, in one go */
	mixed_run(2000, 4608);
}

/* Messages far larger than the socket's buffer. */
static void test_chan_large(void **state)
{
	(void)state;
	struct pair p = pair_new();
	size_t len = PROC_PAYLOAD_MAX;
	CLEAN(freep) uint8_t *text = malloc(len);
	for (size_t i = 0; i < len; i++)
		text[i] = (uint8_t)(i * 31 >> 3);
	int file = numbered_file(77);
	assert_int_equal(proc_chan_send(p.parent, PROC_MSG_CONFIG, slice_of(text, len), -1), 0);
	send_number(p.parent, PROC_MSG_LISTENER, 5, file);
	assert_int_equal(proc_chan_send(p.parent, PROC_MSG_CA, slice_of(text, len), -1), 0);
	assert_true(proc_chan_wants_write(p.parent));
	assert_true(proc_chan_queued(p.parent) > len);
	close(file);
	static const enum proc_msg_type expected[] = { PROC_MSG_CONFIG, PROC_MSG_LISTENER,
		                                       PROC_MSG_CA };
	for (size_t i = 0; i < COUNT_OF(expected); i++) {
		struct proc_msg msg;
		int r;
		while ((r = proc_chan_next(p.worker, &msg)) == PROC_MORE) {
			assert_int_equal(proc_chan_flush(p.parent), 0);
			assert_int_equal(proc_chan_read(p.worker), 0);
		}
		assert_int_equal(r, 0);
		assert_int_equal(msg.type, expected[i]);
		if (msg.type == PROC_MSG_LISTENER)
			assert_numbered(msg.fd, 77);
		else
			assert_true(slice_equal(msg.payload, slice_of(text, len)));
	}
	pair_free(&p);
}

static void test_chan_full(void **state)
{
	(void)state;
	struct pair p = pair_new();
	size_t len = 1024 * 1024;
	CLEAN(freep) uint8_t *text = calloc(1, len);
	int sent = 0;
	int r;
	while ((r = proc_chan_send(p.parent, PROC_MSG_CONFIG, slice_of(text, len), -1)) == 0)
		sent++;
	assert_int_equal(r, PROC_FULL);
	assert_in_range(sent, PROC_QUEUE_MAX / len - 2, PROC_QUEUE_MAX / len + 2);
	/* Not queued, so what is queued is whole. */
	for (int got = 0; got < sent;) {
		struct proc_msg msg;
		assert_int_equal(proc_chan_flush(p.parent), 0);
		assert_int_equal(proc_chan_read(p.worker), 0);
		while ((r = proc_chan_next(p.worker, &msg)) == 0)
			got++;
		assert_int_equal(r, PROC_MORE);
	}
	pair_free(&p);
}

static void test_chan_closed(void **state)
{
	(void)state;
	struct pair p = pair_new();
	struct proc_msg msg;
	send_number(p.parent, PROC_MSG_STATUS_ASK, 9, -1);
	proc_chan_free(p.parent);
	p.parent = NULL;
	assert_int_equal(proc_chan_read(p.worker), 0);
	assert_int_equal(proc_chan_next(p.worker, &msg), 0); /* what came before counts */
	assert_int_equal(number_of(msg.payload), 9);
	assert_int_equal(proc_chan_read(p.worker), PROC_CLOSED);
	assert_int_equal(proc_chan_next(p.worker, &msg), PROC_MORE);
	assert_int_equal(proc_chan_send(p.worker, PROC_MSG_READY, (struct slice){}, -1),
	                 PROC_CLOSED);
	assert_int_equal(proc_chan_flush(p.worker), PROC_CLOSED);
	assert_false(proc_chan_wants_write(p.worker));
	pair_free(&p);

	p = pair_new(); /* noticed by the sender first */
	proc_chan_free(p.parent);
	p.parent = NULL;
	assert_int_equal(proc_chan_send(p.worker, PROC_MSG_READY, (struct slice){}, -1),
	                 PROC_CLOSED);
	pair_free(&p);
}

/* Descriptors in both queues at the end of a channel are closed (pair_free counts). */
static void test_chan_freed_in_the_middle(void **state)
{
	(void)state;
	struct pair p = pair_new();
	int file = numbered_file(1);
	int small = 1;
	setsockopt(proc_chan_fd(p.parent), SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	for (uint32_t i = 0; i < 100; i++)
		send_number(p.parent, PROC_MSG_LISTENER, i, file);
	assert_true(proc_chan_wants_write(p.parent));
	assert_int_equal(proc_chan_read(p.worker), 0);
	close(file);
	pair_free(&p);
}

static void test_chan_send_refused(void **state)
{
	(void)state;
	struct pair p = pair_new();
	assert_int_equal(proc_chan_send(p.worker, PROC_MSG_CONFIG, slice_str("x"), -1), -EPROTO);
	assert_int_equal(proc_chan_send(p.parent, PROC_MSG_START, (struct slice){}, 0), -EPROTO);
	assert_int_equal(proc_chan_send(p.parent, PROC_MSG_LISTENER, slice_str("123456"), -1),
	                 -EPROTO);
	assert_int_equal(proc_chan_send(p.parent, PROC_MSG_START, slice_str("xx"), -1), -EPROTO);
	assert_false(proc_chan_wants_write(p.parent));
	pair_free(&p);
}

/* --- a worker that was taken over writes to its parent --- */

struct frame {
	uint32_t len;
	uint16_t type, version;
	uint32_t real_len;
};

static void raw_send(int fd, const struct frame *f, size_t cut, int fd_count, int passed)
{
	uint8_t bytes[PROC_HEADER_LEN + 256] = {};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(8 * sizeof(int))];
	} control = {};
	proc_header_write((struct proc_header){ f->len, f->type, f->version }, bytes);
	size_t len = PROC_HEADER_LEN + f->real_len;
	struct iovec iov = { .iov_base = bytes, .iov_len = cut < len ? cut : len };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	if (fd_count) {
		m.msg_control = control.bytes;
		m.msg_controllen = CMSG_SPACE((size_t)fd_count * sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN((size_t)fd_count * sizeof(int));
		for (int i = 0; i < fd_count; i++)
			memcpy(CMSG_DATA(c) + (size_t)i * sizeof(int), &passed, sizeof(int));
	}
	assert_int_equal(sendmsg(fd, &m, 0), iov.iov_len);
}

enum { V = PROC_TABLE_VERSION };

static const struct {
	const char *name;
	struct frame frame;
	size_t cut;
	int fd_count;
	int result;
} attacks[] = {
	{ "fine", { 0, PROC_MSG_READY, V, 0 }, 999, 0, 0 },
	{ "fine, header cut", { 0, PROC_MSG_READY, V, 0 }, 7, 0, PROC_MORE },
	{ "fine, payload cut", { 9, PROC_MSG_STATUS, V, 9 }, 16, 0, PROC_MORE },
	{ "a message of the parent", { 6, PROC_MSG_CONFIG, V, 6 }, 999, 0, PROC_BROKEN },
	{ "a message for keys", { 20, PROC_MSG_SIGN, V, 20 }, 999, 0, PROC_BROKEN },
	{ "no such type", { 0, PROC_MSG_COUNT, V, 0 }, 999, 0, PROC_BROKEN },
	{ "far from a type", { 0, 0xffff, V, 0 }, 999, 0, PROC_BROKEN },
	{ "older than the previous",
	  { 0, PROC_MSG_READY, PROC_TABLE_VERSION_OLDEST - 1, 0 },
	  999,
	  0,
	  PROC_BROKEN },
	{ "newer version", { 0, PROC_MSG_READY, V + 1, 0 }, 999, 0, PROC_BROKEN },
	{ "length over its row", { 1, PROC_MSG_READY, V, 1 }, 999, 0, PROC_BROKEN },
	{ "length that never comes", { UINT32_MAX, PROC_MSG_STATUS, V, 0 }, 999, 0, PROC_BROKEN },
	{ "unasked descriptor", { 0, PROC_MSG_READY, V, 0 }, 999, 1, PROC_BROKEN },
	{ "unasked, in an unfinished frame", { 9, PROC_MSG_STATUS, V, 9 }, 16, 1, PROC_MORE },
	{ "two descriptors", { 0, PROC_MSG_READY, V, 0 }, 999, 2, PROC_BROKEN },
	{ "eight descriptors", { 0, PROC_MSG_READY, V, 0 }, 999, 8, PROC_BROKEN },
};

static void test_chan_attacks(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(attacks); i++) {
		struct pair p = pair_new();
		struct proc_msg msg;
		raw_send(proc_chan_fd(p.worker), &attacks[i].frame, attacks[i].cut,
		         attacks[i].fd_count, 1);
		int r = proc_chan_read(p.parent);
		if (!r)
			r = proc_chan_next(p.parent, &msg);
		if (r != attacks[i].result)
			fail_msg("%s: %d", attacks[i].name, r);
		if (r == PROC_BROKEN) { /* for good */
			assert_int_equal(proc_chan_next(p.parent, &msg), PROC_BROKEN);
			assert_int_equal(proc_chan_read(p.parent), PROC_BROKEN);
		}
		pair_free(&p);
	}
}

/* A frame that must bring a descriptor and does not, and one that brings another's. */
static void test_chan_descriptor_missing(void **state)
{
	(void)state;
	struct pair p = pair_new();
	struct proc_msg msg;
	struct frame listener = { 6, PROC_MSG_LISTENER, V, 6 };
	raw_send(proc_chan_fd(p.parent), &listener, 999, 0, 0);
	raw_send(proc_chan_fd(p.parent), &listener, 999, 1, 1);
	assert_int_equal(proc_chan_read(p.worker), 0);
	/* The kernel may give both runs at once; the count is wrong in any case. */
	int r = proc_chan_next(p.worker, &msg);
	if (r == 0) {
		close(msg.fd);
		r = proc_chan_next(p.worker, &msg);
	}
	assert_int_equal(r, PROC_BROKEN);
	pair_free(&p);
}

/* Descriptors without end and never a whole frame: bounded. */
static void test_chan_descriptor_flood(void **state)
{
	(void)state;
	struct pair p = pair_new();
	struct frame start = { 64 * 1024, PROC_MSG_STATUS, V, 0 };
	struct proc_msg msg;
	int r = PROC_MORE;
	int sent = 0;
	raw_send(proc_chan_fd(p.worker), &start, 999, 0, 0);
	for (; r == PROC_MORE && sent < 1000; sent++) {
		struct frame one = { 0, 0, 0, 0 };
		raw_send(proc_chan_fd(p.worker), &one, 1, 1, 1);
		assert_int_equal(proc_chan_read(p.parent), 0);
		r = proc_chan_next(p.parent, &msg);
	}
	assert_int_equal(r, PROC_BROKEN);
	assert_in_range(sent, 1, 300);
	pair_free(&p);
}

static void test_chan_byte_by_byte(void **state)
{
	(void)state;
	struct pair p = pair_new();
	uint8_t bytes[PROC_HEADER_LEN + 4] = {};
	struct proc_msg msg;
	proc_header_write((struct proc_header){ 4, PROC_MSG_STATUS, V }, bytes);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		assert_int_equal(proc_chan_next(p.parent, &msg), PROC_MORE);
		assert_int_equal(write(proc_chan_fd(p.worker), bytes + i, 1), 1);
		assert_int_equal(proc_chan_read(p.parent), 0);
	}
	assert_int_equal(proc_chan_next(p.parent, &msg), 0);
	assert_int_equal(msg.payload.len, 4);
	pair_free(&p);
}

/* A worker of the next build, under a parent of this one: heard once it speaks as we do. */
static void test_chan_newer_peer_is_left_out(void **state)
{
	(void)state;
	struct pair p = pair_new();
	struct proc_msg msg;
	int fd = proc_chan_fd(p.worker);
	const struct frame newer = { 200, PROC_MSG_COUNT, V + 1, 200 };
	proc_chan_set_version(p.parent, V + 1);
	assert_int_equal(proc_chan_version(p.parent), V);
	raw_send(fd, &newer, 999, 0, 0);
	raw_send(fd, &newer, 999, 0, 0);
	assert_int_equal(proc_chan_read(p.parent), 0);
	assert_int_equal(proc_chan_next(p.parent, &msg), PROC_MORE);
	raw_send(fd, &newer, 100, 0, 0); /* its first half */
	assert_int_equal(proc_chan_read(p.parent), 0);
	assert_int_equal(proc_chan_next(p.parent, &msg), PROC_MORE);
	assert_false(proc_chan_is_between_messages(p.parent));
	for (size_t i = 100; i < PROC_HEADER_LEN + 200; i++)
		assert_int_equal(write(fd, "x", 1), 1);
	raw_send(fd, &(struct frame){ 0, PROC_MSG_READY, V, 0 }, 999, 0, 0);
	assert_int_equal(proc_chan_read(p.parent), 0);
	assert_int_equal(proc_chan_next(p.parent, &msg), 0);
	assert_int_equal(msg.type, PROC_MSG_READY);
	assert_int_equal(proc_chan_next(p.parent, &msg), PROC_MORE);
	assert_true(proc_chan_is_between_messages(p.parent));
	/* A descriptor has no place in what is left out. */
	raw_send(fd, &newer, 999, 1, 1);
	assert_int_equal(proc_chan_read(p.parent), 0);
	assert_int_equal(proc_chan_next(p.parent, &msg), PROC_BROKEN);
	pair_free(&p);

	p = pair_new();
	proc_chan_set_version(p.parent, V + 1);
	raw_send(proc_chan_fd(p.worker), &(struct frame){ 0, PROC_MSG_READY, V + 2, 0 }, 999, 0, 0);
	assert_int_equal(proc_chan_read(p.parent), 0);
	assert_int_equal(proc_chan_next(p.parent, &msg), PROC_BROKEN);
	pair_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chan_both_ways),
		cmocka_unit_test(test_chan_descriptors),
		cmocka_unit_test(test_chan_large),
		cmocka_unit_test(test_chan_full),
		cmocka_unit_test(test_chan_closed),
		cmocka_unit_test(test_chan_freed_in_the_middle),
		cmocka_unit_test(test_chan_send_refused),
		cmocka_unit_test(test_chan_attacks),
		cmocka_unit_test(test_chan_descriptor_missing),
		cmocka_unit_test(test_chan_descriptor_flood),
		cmocka_unit_test(test_chan_byte_by_byte),
		cmocka_unit_test(test_chan_newer_peer_is_left_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
