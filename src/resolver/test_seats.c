#include "base/clean.h"
#include "io/loop.h"
#include "policy/place.h"
#include "proc/peer.h"
#include "resolver/seats.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { SEATS_MAX = 50000 };

/* A worker that resolver has a channel to. What is queued for it shows by its length. */
static struct scene {
	struct io_loop *loop;
	struct seats *seats;
	struct proc_peer *peer;
	struct seats_worker *worker;
	int far_fd;
} scene;

static int on_message(void *owner, struct proc_peer *from, struct proc_msg *msg)
{
	return 0;
}

static void on_end(void *owner, struct proc_peer *peer, enum proc_peer_end how)
{
}

static int begin(void **state)
{
	int pair[2];
	(void)state;
	assert_int_equal(io_loop_new(&scene.loop), 0);
	assert_int_equal(proc_chan_pair(pair), 0);
	scene.far_fd = pair[1];
	assert_int_equal(
		proc_peer_new(&scene.peer, &(struct proc_peer_settings){ .loop = scene.loop,
	                                                                 .fd = pair[0],
	                                                                 .self = PROC_ROLE_RESOLVER,
	                                                                 .peer = PROC_ROLE_WORKER,
	                                                                 .on_message = on_message,
	                                                                 .on_end = on_end }),
		0);
	assert_int_equal(seats_new(&scene.seats, scene.loop), 0);
	assert_int_equal(seats_worker_new(&scene.worker, scene.seats, scene.peer), 0);
	return 0;
}

static int end(void **state)
{
	(void)state;
	seats_worker_free(scene.worker);
	seats_free(scene.seats);
	proc_peer_free(scene.peer);
	close(scene.far_fd);
	io_loop_free(scene.loop);
	return 0;
}

static size_t queued(void)
{
	return proc_chan_queued(proc_peer_chan(scene.peer));
}

struct wish {
	uint32_t number;
	bool is_held;
	const char *domain;
	uint32_t limit; /* of the domain */
};

static size_t pack(uint8_t *ret_payload, size_t cap, const struct wish *w)
{
	struct proc_packer p = proc_packer_over(ret_payload, cap);
	proc_pack_u32(&p, w->number);
	proc_pack_u8(&p, w->is_held);
	proc_pack_str(&p, w->domain);
	proc_pack_str(&p, "mx.example.net");
	proc_pack_u32(&p, w->limit);
	for (int i = 0; i < 3; i++)
		proc_pack_u32(&p, 0);
	return p.len;
}

static int place(struct wish w)
{
	uint8_t payload[600];
	return seats_on_place(scene.worker, slice_of(payload, pack(payload, sizeof(payload), &w)));
}

static int give(uint32_t number)
{
	uint8_t payload[4];
	struct proc_packer p = proc_packer_over(payload, sizeof(payload));
	proc_pack_u32(&p, number);
	return seats_on_give(scene.worker, proc_packed(&p));
}

static void test_seats_taken_waited_for_and_given(void **state)
{
	(void)state;
	assert_int_equal(place((struct wish){ 1, false, "a.example", 1 }), 0);
	size_t after_one = queued();
	assert_true(after_one > 0);
	assert_int_equal(place((struct wish){ 2, false, "a.example", 1 }), 0);
	assert_int_equal(queued(), after_one);
	assert_int_equal(give(1), 0);
	assert_int_equal(queued(), 2 * after_one);
	assert_int_equal(give(1), 0); /* it is nobody's any more */
	assert_int_equal(give(77), 0);
	assert_int_equal(queued(), 2 * after_one);
}

/* It knows that it has it: nothing is said, and others wait. */
static void test_seats_held_before(void **state)
{
	(void)state;
	assert_int_equal(place((struct wish){ 1, true, "a.example", 1 }), 0);
	assert_int_equal(place((struct wish){ 2, false, "a.example", 1 }), 0);
	assert_int_equal(queued(), 0);
	assert_int_equal(give(1), 0);
	assert_true(queued() > 0);
}

static void test_seats_of_a_worker_that_ends(void **state)
{
	(void)state;
	struct seats_worker *other = NULL;
	assert_int_equal(seats_worker_new(&other, scene.seats, scene.peer), 0);
	assert_int_equal(place((struct wish){ 1, false, "a.example", 1 }), 0);
	size_t after_one = queued();
	struct seats_worker *first = scene.worker;
	scene.worker = other;
	assert_int_equal(place((struct wish){ 1, false, "a.example", 1 }), 0);
	assert_int_equal(queued(), after_one);
	seats_worker_free(first);
	assert_int_equal(queued(), 2 * after_one);
}

static void test_seats_malformed(void **state)
{
	(void)state;
	uint8_t payload[600];
	size_t len = pack(payload, sizeof(payload), &(struct wish){ 1, false, "a.example", 1 });
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(seats_on_place(scene.worker, slice_of(payload, cut)), -EPROTO);
	assert_int_equal(seats_on_place(scene.worker, slice_of(payload, len + 1)), -EPROTO);
	assert_int_equal(seats_on_place(scene.worker, slice_of(payload, len)), 0);
	assert_int_equal(seats_on_place(scene.worker, slice_of(payload, len)), -EPROTO);
	assert_int_equal(seats_on_give(scene.worker, slice_of(payload, 3)), -EPROTO);
	assert_int_equal(seats_on_give(scene.worker, slice_of(payload, 5)), -EPROTO);
}

static void test_seats_have_an_end(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < SEATS_MAX; i++)
		assert_int_equal(place((struct wish){ i, true, "a.example", 0 }), 0);
	assert_int_equal(place((struct wish){ SEATS_MAX, false, "a.example", 0 }), 0);
	assert_int_equal(queued(), 0); /* that one is not answered */
	assert_int_equal(give(5), 0);
	assert_int_equal(place((struct wish){ SEATS_MAX, false, "a.example", 0 }), 0);
	assert_true(queued() > 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_seats_taken_waited_for_and_given),
		TEST(test_seats_held_before),
		TEST(test_seats_of_a_worker_that_ends),
		TEST(test_seats_malformed),
		TEST(test_seats_have_an_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
