#include "relay/service.h"

#include "base/clean.h"
#include "io/loop.h"
#include "lookup/socketmap.h"
#include "policy/ask.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { CLIENTS_MAX = 8, TURN_MS = 1, ALL = 100 };

/* A service whose questions are answered when the test wants it. */
struct place {
	struct io_loop *loop;
	struct relay_service *service;
	struct policy_asker asker;
	struct policy_question *asked[CLIENTS_MAX];
	size_t asked_count, cancelled;
	struct io_deadline turn;
	int clients[CLIENTS_MAX];
	size_t client_count;
};

static void on_ask(struct policy_asker *a, struct policy_question *q)
{
	struct place *p = (struct place *)((char *)a - offsetof(struct place, asker));
	assert_true(p->asked_count < CLIENTS_MAX);
	p->asked[p->asked_count++] = q;
}

static void on_cancel(struct policy_asker *a, struct policy_question *q)
{
	struct place *p = (struct place *)((char *)a - offsetof(struct place, asker));
	(void)q;
	p->cancelled++;
}

static void on_turn(struct io_deadline *d)
{
	io_loop_stop(((struct place *)((char *)d - offsetof(struct place, turn)))->loop);
}

static void place_init(struct place *p, size_t clients_max, size_t each_max)
{
	*p = (struct place){ .asker = { .ask = on_ask, .cancel = on_cancel }, .turn.fn = on_turn };
	assert_int_equal(io_loop_new(&p->loop), 0);
	const struct relay_service_settings set = { .loop = p->loop,
		                                    .asker = &p->asker,
		                                    .clients_max = clients_max,
		                                    .each_max = each_max };
	assert_int_equal(relay_service_new(&p->service, &set), 0);
}

static void place_deinit(struct place *p)
{
	relay_service_free(p->service);
	for (size_t i = 0; i < p->client_count; i++)
		close(p->clients[i]);
	io_deadline_disarm(&p->turn);
	io_loop_free(p->loop);
}

/* All that is ready is met. */
static void run(struct place *p)
{
	io_deadline_arm(p->loop, &p->turn, TURN_MS);
	assert_int_equal(io_loop_run(p->loop), 0);
}

/* Returns its number. */
static size_t client_come(struct place *p)
{
	int ends[2];
	assert_true(p->client_count < CLIENTS_MAX);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	relay_service_accept(p->service, ends[1]);
	p->clients[p->client_count] = ends[0];
	return p->client_count++;
}

static void client_ask(struct place *p, size_t number, const char *domain)
{
	CLEAN(buf_deinit) struct buf out = {};
	assert_int_equal(socketmap_ask(&out, "policy", slice_str(domain)), 0);
	ssize_t sent = send(p->clients[number], out.data + out.start, buf_len(&out), 0);
	assert_int_equal(sent, buf_len(&out));
	run(p);
}

/* Closed by the service? What it has answered is left. */
static bool is_left(const struct place *p, size_t number)
{
	uint8_t byte;
	ssize_t n = recv(p->clients[number], &byte, 1, MSG_PEEK);
	return !n || (n < 0 && errno == ECONNRESET);
}

static bool is_answered(const struct place *p, size_t number)
{
	uint8_t byte;
	return recv(p->clients[number], &byte, 1, MSG_PEEK) == 1;
}

/* A silent one, and one whose answer is late, hold up nobody. */
static void test_service_each_by_itself(void **state)
{
	(void)state;
	struct place p;
	place_init(&p, ALL, ALL);
	size_t silent = client_come(&p), slow = client_come(&p), other = client_come(&p);
	assert_int_equal(send(p.clients[silent], "12:poli", 7, 0), 7);
	client_ask(&p, slow, "slow.example");
	assert_int_equal(p.asked_count, 1);
	client_ask(&p, slow, "behind.example"); /* one at a time */
	assert_int_equal(p.asked_count, 1);
	client_ask(&p, other, "[192.0.2.1]");
	assert_true(is_answered(&p, other));
	assert_false(is_answered(&p, slow) || is_left(&p, slow) || is_left(&p, silent));
	place_deinit(&p);
	assert_int_equal(p.cancelled, 1);
}

/* Above the limit of all, who has asked nothing for the longest gives way; who waits does not. */
static void test_service_full(void **state)
{
	(void)state;
	struct place p;
	place_init(&p, 3, ALL);
	size_t waits = client_come(&p), quiet = client_come(&p), active = client_come(&p);
	client_ask(&p, waits, "slow.example");
	client_ask(&p, quiet, "[192.0.2.1]");
	client_ask(&p, active, "[192.0.2.1]");
	size_t next = client_come(&p);
	uint8_t answer[64];
	assert_true(recv(p.clients[quiet], answer, sizeof(answer), 0) > 0);
	assert_true(is_left(&p, quiet));
	assert_false(is_left(&p, waits) || is_left(&p, next));
	assert_true(is_answered(&p, active));
	/* Now all wait: who comes is refused. */
	client_ask(&p, next, "slow.example");
	client_ask(&p, active, "slow.example");
	assert_int_equal(p.asked_count, 3);
	assert_true(is_left(&p, client_come(&p)));
	assert_false(is_left(&p, waits) || is_left(&p, next));
	place_deinit(&p);
}

/* One process has so many, whatever room there is; one that leaves makes room for its next. */
static void test_service_of_one_process(void **state)
{
	(void)state;
	struct place p;
	place_init(&p, ALL, 2);
	size_t first = client_come(&p), second = client_come(&p);
	assert_true(is_left(&p, client_come(&p)));
	assert_false(is_left(&p, first) || is_left(&p, second));
	assert_int_equal(shutdown(p.clients[first], SHUT_RDWR), 0);
	run(&p);
	size_t next = client_come(&p);
	assert_false(is_left(&p, next));
	client_ask(&p, next, "[192.0.2.1]");
	assert_true(is_answered(&p, next));
	place_deinit(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_service_each_by_itself),
		cmocka_unit_test(test_service_full),
		cmocka_unit_test(test_service_of_one_process),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
