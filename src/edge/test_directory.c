#include "edge/directory.h"

#include "base/clean.h"
#include "lookup/socketmap.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>

enum { PATIENCE_MS = 60 * 1000, QUESTIONS = 400, CONNECTIONS = 64 };

struct house;

/* A service on the test's own loop: whose name begins with "mute" is not answered. */
struct connection {
	struct house *house;
	struct io_watch *watch;
	struct buf heard;
	int fd;
};

struct house {
	struct io_loop *loop;
	struct io_watch *watch;
	struct io_deadline late; /* the test hangs */
	struct sockaddr_un at;
	int fd;
	unsigned came;  /* connections, in all */
	unsigned open;  /* of these */
	unsigned asked; /* questions that were heard, in all */
	struct connection connections[CONNECTIONS];
	struct edge_directory *directory;
	struct client {
		struct house *house;
		struct edge_question question;
		int home; /* -1: no answer yet */
	} clients[QUESTIONS];
	unsigned answers_wanted, asked_wanted; /* the loop runs until both */
	unsigned answers;
};

static void look_if_over(struct house *h)
{
	if (h->answers >= h->answers_wanted && h->asked >= h->asked_wanted)
		io_loop_stop(h->loop);
}

static void connection_close(struct connection *c)
{
	if (c->fd < 0)
		return;
	io_watch_free(c->watch);
	close(c->fd);
	buf_deinit(&c->heard);
	c->fd = -1;
	c->house->open--;
}

static void question_hear(struct connection *c, const struct socketmap_question *q)
{
	CLEAN(buf_deinit) struct buf out = {};
	c->house->asked++;
	if (q->key.len >= 4 && !memcmp(q->key.data, "mute", 4))
		return;
	assert_int_equal(socketmap_write(&out, SOCKETMAP_OK, slice_str("home")), 0);
	ssize_t sent = send(c->fd, out.data + out.start, buf_len(&out), MSG_NOSIGNAL);
	assert_true(sent == (ssize_t)buf_len(&out) || errno == EPIPE);
}

static void on_heard(void *owner, int events)
{
	struct connection *c = owner;
	struct socketmap_question q;
	uint8_t bytes[4096];
	size_t used;
	(void)events;
	ssize_t n = recv(c->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		connection_close(c);
		return;
	}
	assert_int_equal(buf_add(&c->heard, slice_of(bytes, (size_t)n)), 0);
	while (!socketmap_take(buf_slice(&c->heard), &q, &used)) {
		question_hear(c, &q);
		buf_consume(&c->heard, used);
	}
	look_if_over(c->house);
}

static void on_connection(void *owner, int events)
{
	struct house *h = owner;
	(void)events;
	int fd = accept4(h->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	assert_true(h->came < CONNECTIONS);
	struct connection *c = &h->connections[h->came++];
	*c = (struct connection){ .house = h, .fd = fd };
	assert_int_equal(io_watch_new(&c->watch, h->loop, fd, on_heard, c), 0);
	io_watch_set(c->watch, IO_READ);
	h->open++;
}

static void on_hang(struct io_deadline *d)
{
	(void)d;
	fail_msg("no end in time");
}

static void house_init(struct house *h, uint32_t timeout_ms, uint32_t keep_ms)
{
	*h = (struct house){ .at = { .sun_family = AF_UNIX }, .late = { .fn = on_hang } };
	for (size_t i = 0; i < CONNECTIONS; i++)
		h->connections[i] = (struct connection){ .house = h, .fd = -1 };
	snprintf(h->at.sun_path + 1, sizeof(h->at.sun_path) - 1, "mailseal-test-%d", (int)getpid());
	assert_int_equal(io_loop_new(&h->loop), 0);
	io_deadline_arm(h->loop, &h->late, PATIENCE_MS);
	h->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(h->fd, (struct sockaddr *)&h->at, sizeof(h->at)), 0);
	assert_int_equal(listen(h->fd, 128), 0);
	assert_int_equal(io_watch_new(&h->watch, h->loop, h->fd, on_connection, h), 0);
	io_watch_set(h->watch, IO_READ);
	const struct edge_directory_settings set = { .name = "users",
		                                     .at = (struct sockaddr *)&h->at,
		                                     .at_len = sizeof(h->at),
		                                     .map = "homes",
		                                     .timeout_ms = timeout_ms,
		                                     .keep_ms = keep_ms };
	assert_int_equal(edge_directory_new(&h->directory, &set), 0);
}

/* Whoever connects from now on is refused. */
static void house_close(struct house *h)
{
	io_watch_free(h->watch);
	h->watch = NULL;
	if (h->fd >= 0)
		close(h->fd);
	h->fd = -1;
}

static void house_deinit(struct house *h)
{
	for (size_t i = 0; i < QUESTIONS; i++)
		edge_directory_cancel(&h->clients[i].question);
	edge_directory_free(h->directory);
	for (size_t i = 0; i < CONNECTIONS; i++)
		connection_close(&h->connections[i]);
	house_close(h);
	io_deadline_disarm(&h->late);
	io_loop_free(h->loop);
}

static void on_answer(struct edge_question *q, enum edge_home home, struct slice text)
{
	struct client *c = (struct client *)((char *)q - offsetof(struct client, question));
	c->home = home;
	if (home == EDGE_HOME_FOUND)
		assert_true(slice_equal(text, slice_str("home")));
	c->house->answers++;
	look_if_over(c->house);
}

/* Client i asks, from an address. */
static void client_ask(struct house *h, size_t i, unsigned address, const char *user)
{
	struct client *c = &h->clients[i];
	assert_true(i < QUESTIONS);
	*c = (struct client){ .house = h, .home = -1 };
	c->question.place.who.bytes[0] = (uint8_t)address;
	c->question.place.who.bytes[1] = (uint8_t)(address >> 8);
	c->question.fn = on_answer;
	snprintf(c->question.user, sizeof(c->question.user), "%s", user);
	edge_directory_ask(h->directory, h->loop, &c->question);
}

/* Until so many questions were answered and heard, both in all. */
static void house_run(struct house *h, unsigned answers, unsigned asked)
{
	h->answers_wanted = answers;
	h->asked_wanted = asked;
	assert_int_equal(io_loop_run(h->loop), 0);
}

/* Those that are answered, and nothing else. */
static void assert_homes(const struct house *h, size_t first, size_t count, int home)
{
	for (size_t i = first; i < first + count; i++)
		assert_int_equal(h->clients[i].home, home);
}

/* Others are answered beside one that is not, over no more connections than there may be. */
static void test_directory_slow_question_holds_up_nobody(void **state)
{
	(void)state;
	CLEAN(freep) struct house *h = calloc(1, sizeof(*h));
	house_init(h, PATIENCE_MS, 0);
	client_ask(h, 0, 1, "mute");
	house_run(h, 0, 1);
	for (size_t i = 1; i <= 50; i++)
		client_ask(h, i, 1 + (unsigned)i % 5, "alice");
	house_run(h, 50, 51);
	assert_homes(h, 0, 1, -1);
	assert_homes(h, 1, 50, EDGE_HOME_FOUND);
	assert_true(h->came <= EDGE_DIRECTORY_CONNECTIONS);
	house_deinit(h);
}

/* However many an address asks, two are under way, and it waits behind whoever has fewer. */
static void test_directory_flood_of_one_address(void **state)
{
	(void)state;
	CLEAN(freep) struct house *h = calloc(1, sizeof(*h));
	house_init(h, PATIENCE_MS, 0);
	for (size_t i = 0; i < EDGE_LINE_EACH_MAX; i++)
		client_ask(h, i, 1, "mute");
	house_run(h, 0, EDGE_LINE_AT_ONCE);
	for (size_t i = 0; i < 20; i++)
		client_ask(h, EDGE_LINE_EACH_MAX + i, 2, "alice");
	house_run(h, 20, EDGE_LINE_AT_ONCE + 20);
	assert_homes(h, 0, EDGE_LINE_EACH_MAX, -1);
	assert_homes(h, EDGE_LINE_EACH_MAX, 20, EDGE_HOME_FOUND);
	assert_int_equal(h->asked, EDGE_LINE_AT_ONCE + 20);
	house_deinit(h);
}

/* Who leaves has not made room for a question more. */
static void test_directory_flood_that_leaves(void **state)
{
	(void)state;
	CLEAN(freep) struct house *h = calloc(1, sizeof(*h));
	house_init(h, PATIENCE_MS, 0);
	for (size_t i = 0; i < EDGE_LINE_AT_ONCE; i++)
		client_ask(h, i, 1, "mute");
	house_run(h, 0, EDGE_LINE_AT_ONCE);
	for (size_t i = 0; i < EDGE_LINE_AT_ONCE; i++)
		edge_directory_cancel(&h->clients[i].question);
	for (size_t i = 10; i < 30; i++)
		client_ask(h, i, 1, "mute");
	client_ask(h, 0, 2, "alice");
	house_run(h, 1, EDGE_LINE_AT_ONCE + 1);
	assert_homes(h, 0, 1, EDGE_HOME_FOUND);
	assert_homes(h, 10, 20, -1);
	assert_int_equal(h->asked, EDGE_LINE_AT_ONCE + 1);
	assert_true(h->came <= EDGE_DIRECTORY_CONNECTIONS);
	house_deinit(h);
}

/* Above what may wait of one address the answer is "later", at once; others get in. */
static void test_directory_line_is_bounded(void **state)
{
	(void)state;
	enum { WAIT = EDGE_LINE_EACH_MAX, MORE = 30, UNDER_WAY = EDGE_LINE_AT_ONCE };
	CLEAN(freep) struct house *h = calloc(1, sizeof(*h));
	house_init(h, PATIENCE_MS, 0);
	for (size_t i = 0; i < UNDER_WAY; i++)
		client_ask(h, i, 1, "mute");
	house_run(h, 0, UNDER_WAY);
	for (size_t i = 0; i < WAIT + MORE; i++)
		client_ask(h, UNDER_WAY + i, 1, "mute");
	house_run(h, MORE, UNDER_WAY);
	assert_homes(h, 0, UNDER_WAY + WAIT, -1);
	assert_homes(h, UNDER_WAY + WAIT, MORE, EDGE_HOME_LATER);
	client_ask(h, UNDER_WAY + WAIT + MORE, 2, "alice");
	house_run(h, MORE + 1, UNDER_WAY + 1);
	assert_homes(h, UNDER_WAY + WAIT + MORE, 1, EDGE_HOME_FOUND);
	house_deinit(h);
}

/* Everybody is answered in time: who was asked about, who waited, and the next gets an answer. */
static void test_directory_deadline(void **state)
{
	(void)state;
	CLEAN(freep) struct house *h = calloc(1, sizeof(*h));
	house_init(h, 300, 0);
	for (size_t i = 0; i < 40; i++)
		client_ask(h, i, 1 + (unsigned)i % 8, "mute");
	house_run(h, 40, 0);
	assert_homes(h, 0, 40, EDGE_HOME_LATER);
	unsigned asked = h->asked;
	client_ask(h, 40, 1, "alice");
	house_run(h, 41, asked + 1);
	assert_homes(h, 40, 1, EDGE_HOME_FOUND);
	house_deinit(h);
}

/* What holds needs no turn. */
static void test_directory_known_answer_waits_for_nobody(void **state)
{
	(void)state;
	CLEAN(freep) struct house *h = calloc(1, sizeof(*h));
	house_init(h, PATIENCE_MS, PATIENCE_MS);
	client_ask(h, 0, 1, "alice");
	house_run(h, 1, 1);
	for (size_t i = 0; i < 8; i++)
		client_ask(h, 1 + i, 1 + (unsigned)i, "mute");
	house_run(h, 1, 1 + EDGE_DIRECTORY_CONNECTIONS);
	client_ask(h, 20, 9, "alice");
	house_run(h, 2, 1 + EDGE_DIRECTORY_CONNECTIONS);
	assert_homes(h, 20, 1, EDGE_HOME_FOUND);
	assert_int_equal(h->asked, 1 + EDGE_DIRECTORY_CONNECTIONS);
	house_deinit(h);
}

/* One that takes no further connection is asked over the one it has taken. */
static void test_directory_service_that_takes_one_connection(void **state)
{
	(void)state;
	CLEAN(freep) struct house *h = calloc(1, sizeof(*h));
	house_init(h, PATIENCE_MS, 0);
	client_ask(h, 0, 1, "alice");
	house_run(h, 1, 1);
	house_close(h);
	for (size_t i = 1; i <= 30; i++)
		client_ask(h, i, (unsigned)i, "alice");
	house_run(h, 31, 31);
	assert_homes(h, 1, 30, EDGE_HOME_FOUND);
	assert_int_equal(h->came, 1);
	house_deinit(h);
}

static void test_directory_dead_service(void **state)
{
	(void)state;
	CLEAN(freep) struct house *h = calloc(1, sizeof(*h));
	house_init(h, PATIENCE_MS, 0);
	house_close(h);
	for (size_t i = 0; i < 30; i++)
		client_ask(h, i, (unsigned)i, "alice");
	house_run(h, 30, 0);
	assert_homes(h, 0, 30, EDGE_HOME_LATER);
	house_deinit(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_directory_slow_question_holds_up_nobody),
		cmocka_unit_test(test_directory_flood_of_one_address),
		cmocka_unit_test(test_directory_flood_that_leaves),
		cmocka_unit_test(test_directory_line_is_bounded),
		cmocka_unit_test(test_directory_deadline),
		cmocka_unit_test(test_directory_known_answer_waits_for_nobody),
		cmocka_unit_test(test_directory_service_that_takes_one_connection),
		cmocka_unit_test(test_directory_dead_service),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
