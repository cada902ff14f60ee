#include "proc/teller.h"

#include "base/clean.h"
#include "io/loop.h"
#include "proc/peer.h"
#include "proc/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { LATE_MS = 5000, HASHES_MAX = 16 };

/* A ledger at the other end: what it was told. */
struct stage {
	struct io_loop *loop;
	struct proc_teller *worker;
	struct proc_peer *peer;
	struct io_deadline late;
	uint64_t id, last; /* of the worker; the number of the last batch */
	size_t batches, sessions, exposures, lost;
	uint64_t hellos[HASHES_MAX];
	size_t hello_count;
	size_t stops_at; /* batches; the loop is stopped then */
	bool keeps;      /* each batch, at once */
	unsigned broken, kept;
};

static void keep(struct stage *s, uint64_t number)
{
	uint8_t bytes[8];
	struct proc_packer p = proc_packer_over(bytes, sizeof(bytes));
	proc_pack_u64(&p, number);
	assert_int_equal(proc_peer_queue(s->peer, PROC_MSG_RECORDS_KEPT, proc_packed(&p)), 0);
}

static int on_records(void *owner, struct proc_peer *from, struct proc_msg *msg)
{
	struct stage *s = owner;
	struct proc_unpacker u = proc_unpacker_over(msg->payload);
	static struct proc_record_hello hello;
	struct proc_record_head head;
	struct slice entry;
	uint8_t kind;
	assert_int_equal(msg->type, PROC_MSG_RECORDS);
	assert_true(proc_record_head_unpack(&u, &head));
	assert_true(!s->id || s->id == head.worker);
	s->id = head.worker;
	s->last = head.number;
	s->lost += head.lost;
	while (proc_record_entry_next(&u, &kind, &entry)) {
		s->sessions += kind == PROC_RECORD_SESSION;
		s->exposures += kind == PROC_RECORD_EXPOSURE;
		if (kind == PROC_RECORD_HELLO) {
			assert_true(proc_record_hello_unpack(entry, &hello));
			s->hellos[s->hello_count++] = hello.hello.hash;
		}
	}
	assert_false(u.has_failed);
	if (s->keeps)
		keep(s, head.number);
	if (++s->batches == s->stops_at)
		io_loop_stop(s->loop);
	return 0;
}

static void on_gone(void *owner, struct proc_peer *peer, enum proc_peer_end how)
{
	struct stage *s = owner;
	proc_peer_free(TAKE(s->peer));
}

static void on_broken(void *owner)
{
	struct stage *s = owner;
	s->broken++;
	io_loop_stop(s->loop);
}

static void on_kept(void *owner)
{
	struct stage *s = owner;
	s->kept++;
	io_loop_stop(s->loop);
}

static void on_late(struct io_deadline *d)
{
	io_loop_stop(((struct stage *)((char *)d - offsetof(struct stage, late)))->loop);
}

/* Until somebody stops it. False: nobody did. */
static bool run(struct stage *s, uint32_t ms)
{
	io_deadline_arm(s->loop, &s->late, ms);
	assert_int_equal(io_loop_run(s->loop), 0);
	bool is_so = io_deadline_is_armed(&s->late);
	io_deadline_disarm(&s->late);
	return is_so;
}

static bool run_batches(struct stage *s, size_t count)
{
	s->stops_at = s->batches + count;
	return run(s, LATE_MS);
}

/* Until so many sessions and exposures came, those that were only counted included; and no more
 * come. */
static void run_told(struct stage *s, size_t count)
{
	for (int i = 0; i < 40 && s->sessions + s->exposures + s->lost < count; i++)
		run(s, LATE_MS / 10);
	run(s, LATE_MS / 10);
}

static void stage_init(struct stage *s)
{
	*s = (struct stage){ .late.fn = on_late };
	assert_int_equal(io_loop_new(&s->loop), 0);
	assert_int_equal(proc_teller_new(&s->worker,
	                                 &(struct proc_teller_settings){ .loop = s->loop,
	                                                                 .self = PROC_ROLE_WORKER,
	                                                                 .on_broken = on_broken,
	                                                                 .owner = s }),
	                 0);
	proc_teller_switch(s->worker, true);
}

/* Another ledger process, with nothing told yet. */
static void ledger_new(struct stage *s)
{
	int fds[2];
	s->batches = s->sessions = s->exposures = s->hello_count = s->lost = 0;
	assert_int_equal(proc_chan_pair(fds), 0);
	assert_int_equal(proc_teller_attach(s->worker, fds[0]), 0);
	assert_int_equal(proc_peer_new(&s->peer,
	                               &(struct proc_peer_settings){
					       .loop = s->loop,
					       .fd = fds[1],
					       .self = PROC_ROLE_LEDGER,
					       .peer = PROC_ROLE_WORKER,
					       .owner = s,
					       .on_message = on_records,
					       .on_end = on_gone,
				       }),
	                 0);
}

static void ledger_dies(struct stage *s)
{
	proc_peer_free(TAKE(s->peer));
	assert_true(run(s, LATE_MS));
	assert_int_equal(s->broken, 1);
	s->broken = 0;
}

static void stage_deinit(struct stage *s)
{
	proc_teller_free(s->worker);
	proc_peer_free(s->peer);
	io_loop_free(s->loop);
}

static void session_tell(struct stage *s, const char *text)
{
	const struct store_record record = { .ended_s = 1,
		                             .protocol = text,
		                             .edge = text,
		                             .address = text,
		                             .domain = text,
		                             .mx = text,
		                             .user = text,
		                             .software = text,
		                             .tls_version = text,
		                             .cipher = text,
		                             .group = text,
		                             .policy = text,
		                             .result = text,
		                             .outcome = text,
		                             .error = text,
		                             .backend = text };
	struct store_recorder *r = proc_teller_recorder(s->worker);
	r->session(r, &record);
}

static void hello_tell(struct stage *s, uint64_t hash)
{
	struct store_recorder *r = proc_teller_recorder(s->worker);
	r->hello(r, &(struct store_hello){ .hash = hash });
}

static void exposure_tell(struct stage *s)
{
	struct store_recorder *r = proc_teller_recorder(s->worker);
	r->exposure(r, &(struct store_exposure){ .at_s = 1,
	                                         .protocol = "imap",
	                                         .edge = "imap",
	                                         .address = "",
	                                         .user = "alice",
	                                         .mechanism = "LOGIN" });
}

static uint64_t waiting(const struct stage *s)
{
	return proc_teller_counters(s->worker).waiting;
}

/* Several go in one batch, which comes by itself; kept, they are gone here. */
static void test_ledger_gathers_and_hands_over(void **state)
{
	struct stage s;
	(void)state;
	stage_init(&s);
	ledger_new(&s);
	s.keeps = true;
	for (int i = 0; i < 3; i++)
		session_tell(&s, "x");
	assert_int_equal(waiting(&s), 3);
	assert_true(run_batches(&s, 1));
	assert_int_equal(s.sessions, 3);
	assert_int_equal(s.last, 1);
	session_tell(&s, "x");
	assert_true(run_batches(&s, 1));
	assert_int_equal(s.last, 2);
	assert_int_equal(waiting(&s), 1); /* its answer is on its way */
	stage_deinit(&s);
}

/* A large batch does not wait for its time, nor does a credential in clear. */
static void test_ledger_full_batch_and_exposure_go_at_once(void **state)
{
	struct stage s;
	(void)state;
	stage_init(&s);
	ledger_new(&s);
	while (waiting(&s) < PROC_TELLER_BATCH_LEN / 64)
		session_tell(&s, "x");
	s.stops_at = 1;
	assert_true(run(&s, PROC_TELLER_BATCH_MS / 2));
	exposure_tell(&s);
	s.stops_at = s.batches + 1;
	assert_true(run(&s, PROC_TELLER_BATCH_MS / 2));
	assert_int_equal(s.exposures, 1);
	stage_deinit(&s);
}

/* What a ledger had not kept its successor is told, under the same numbers; the rest is not. */
static void test_ledger_that_died_is_told_again(void **state)
{
	struct stage s;
	(void)state;
	stage_init(&s);
	ledger_new(&s);
	for (int i = 0; i < 3; i++) {
		session_tell(&s, "x");
		assert_true(run_batches(&s, 1));
	}
	keep(&s, 1);
	assert_false(run(&s, 100)); /* for it to arrive */
	assert_int_equal(waiting(&s), 2);
	ledger_dies(&s);
	session_tell(&s, "x"); /* while nobody is there */
	ledger_new(&s);
	assert_true(run_batches(&s, 3));
	assert_int_equal(s.sessions, 3);
	assert_int_equal(s.last, 4);
	keep(&s, 4);
	assert_false(run(&s, 100));
	assert_int_equal(waiting(&s), 0);
	stage_deinit(&s);
}

static void test_ledger_hello_once_for_each_ledger(void **state)
{
	struct stage s;
	(void)state;
	stage_init(&s);
	ledger_new(&s);
	hello_tell(&s, 7);
	hello_tell(&s, 7);
	hello_tell(&s, 8);
	assert_true(run_batches(&s, 1));
	assert_int_equal(s.hello_count, 2);
	keep(&s, 1);
	assert_false(run(&s, 100));
	ledger_dies(&s);
	ledger_new(&s);
	hello_tell(&s, 7);
	hello_tell(&s, 7);
	assert_true(run_batches(&s, 1));
	assert_int_equal(s.hello_count, 1);
	assert_true(s.hellos[0] == 7);
	stage_deinit(&s);
}

/* Memory has an end: above it sessions are counted, and the ledger is told how many; credentials in
 * clear still have room. */
static void test_ledger_overflow_is_counted(void **state)
{
	static char text[STORE_TEXT_MAX];
	struct stage s;
	struct proc_teller_counters c;
	size_t told = 0;
	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	stage_init(&s);
	do {
		session_tell(&s, text);
		c = proc_teller_counters(s.worker);
	} while (++told && !c.lost);
	session_tell(&s, text);
	told++;
	assert_true(told * sizeof(text) * 15 < PROC_TELLER_BYTES_MAX);
	exposure_tell(&s);
	ledger_new(&s);
	s.keeps = true;
	run_told(&s, told + 1);
	assert_int_equal(s.exposures, 1);
	assert_int_equal(s.lost, 2);
	assert_int_equal(s.sessions + s.lost, told);
	c = proc_teller_counters(s.worker);
	assert_int_equal(c.waiting + c.lost, 0);
	stage_deinit(&s);
}

/* A credential in clear that nobody will hear of is not passed over in silence. */
static void test_ledger_exposure_without_room_is_counted(void **state)
{
	struct stage s;
	size_t told = 0;
	(void)state;
	stage_init(&s);
	do
		exposure_tell(&s);
	while (++told && !proc_teller_counters(s.worker).lost);
	ledger_new(&s);
	s.keeps = true;
	run_told(&s, told);
	assert_int_equal(s.lost, 1);
	assert_int_equal(s.exposures, told - 1);
	stage_deinit(&s);
}

/* Not all of it at once: a ledger that stopped is not buried. */
static void test_ledger_that_keeps_nothing_is_told_little(void **state)
{
	static char text[STORE_TEXT_MAX];
	struct stage s;
	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	stage_init(&s);
	ledger_new(&s);
	for (int i = 0; i < 600; i++)
		session_tell(&s, text);
	assert_false(run(&s, 400));
	assert_int_equal(s.batches, PROC_TELLER_UNDER_WAY_MAX);
	keep(&s, 2);
	assert_true(run_batches(&s, 2));
	stage_deinit(&s);
}

static void test_ledger_finish_waits_for_what_is_not_kept(void **state)
{
	struct stage s;
	(void)state;
	stage_init(&s);
	proc_teller_finish(s.worker, LATE_MS, on_kept, &s);
	assert_int_equal(s.kept, 1); /* there is nothing */
	ledger_new(&s);
	session_tell(&s, "x");
	proc_teller_finish(s.worker, LATE_MS, on_kept, &s);
	assert_int_equal(s.kept, 1);
	s.keeps = true;
	assert_true(run(&s, LATE_MS));
	assert_int_equal(s.kept, 2);
	assert_int_equal(s.sessions, 1);
	s.keeps = false;
	session_tell(&s, "x");
	proc_teller_finish(s.worker, 200, on_kept, &s);
	assert_true(run(&s, LATE_MS)); /* it is late, and that is that */
	assert_int_equal(s.kept, 3);
	stage_deinit(&s);
}

/* Nobody records: nothing is kept here either. */
static void test_ledger_switched_off(void **state)
{
	struct stage s;
	(void)state;
	stage_init(&s);
	session_tell(&s, "x");
	assert_int_equal(waiting(&s), 1);
	proc_teller_switch(s.worker, false);
	session_tell(&s, "x");
	exposure_tell(&s);
	hello_tell(&s, 7);
	assert_int_equal(waiting(&s), 0);
	ledger_new(&s);
	assert_false(run(&s, 400));
	assert_int_equal(s.batches, 0);
	stage_deinit(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ledger_gathers_and_hands_over),
		cmocka_unit_test(test_ledger_full_batch_and_exposure_go_at_once),
		cmocka_unit_test(test_ledger_that_died_is_told_again),
		cmocka_unit_test(test_ledger_hello_once_for_each_ledger),
		cmocka_unit_test(test_ledger_overflow_is_counted),
		cmocka_unit_test(test_ledger_exposure_without_room_is_counted),
		cmocka_unit_test(test_ledger_that_keeps_nothing_is_told_little),
		cmocka_unit_test(test_ledger_finish_waits_for_what_is_not_kept),
		cmocka_unit_test(test_ledger_switched_off),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
