#include "base/clean.h"
#include "web/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <cmocka.h>

enum { LATE_MS = 20000, LARGE = 3 << 20 };

/* A server and one client of it, on one loop. */
struct stage {
	struct io_loop *loop;
	struct web_server *server;
	struct web_kept *kept; /* what is answered; NULL: the body of the request */
	int client;
	struct io_watch *watch;
	struct io_deadline late;
	bool is_late, has_ended, reads;
	struct buf got;
	char peer[64], forwarded[64], method[8];
	unsigned requests;
};

static void on_late(struct io_deadline *d)
{
	struct stage *s = (struct stage *)((char *)d - offsetof(struct stage, late));
	s->is_late = true;
	io_loop_stop(s->loop);
}

static void on_request(void *owner, const struct web_request *request, struct web_reply *reply)
{
	struct stage *s = owner;
	s->requests++;
	snprintf(s->peer, sizeof(s->peer), "%s", request->peer ? request->peer : "none");
	snprintf(s->forwarded, sizeof(s->forwarded), "%s",
	         request->forwarded ? request->forwarded : "none");
	snprintf(s->method, sizeof(s->method), "%s", request->method);
	web_reply_say(reply, 200, "");
	buf_clear(&reply->body);
	if (s->kept)
		reply->kept = web_kept_ref(s->kept);
	else
		assert_int_equal(buf_add(&reply->body, request->body), 0);
}

static void on_client(void *owner, int events)
{
	struct stage *s = owner;
	uint8_t *at;
	(void)events;
	assert_int_equal(buf_reserve(&s->got, 65536, &at), 0);
	ssize_t n = recv(s->client, at, 65536, MSG_DONTWAIT);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n > 0)
		buf_commit(&s->got, (size_t)n);
	s->has_ended = n <= 0;
	if (s->has_ended)
		io_loop_stop(s->loop);
}

static void stage_begin(struct stage *s, const struct web_server_settings *how)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	struct web_server_settings set = *how;
	assert_int_equal(io_loop_new(&s->loop), 0);
	set.loop = s->loop;
	set.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	set.owner = s;
	set.on_request = on_request;
	assert_int_equal(bind(set.fd, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(set.fd, 5), 0);
	assert_int_equal(getsockname(set.fd, (struct sockaddr *)&at, &len), 0);
	assert_int_equal(web_server_new(&s->server, &set), 0);
	s->client = socket(AF_INET, SOCK_STREAM, 0);
	int small = 4096;
	assert_int_equal(setsockopt(s->client, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	assert_int_equal(connect(s->client, (struct sockaddr *)&at, len), 0);
	assert_int_equal(io_watch_new(&s->watch, s->loop, s->client, on_client, s), 0);
	io_watch_set(s->watch, s->reads ? IO_READ : 0);
	s->late.fn = on_late;
	io_deadline_arm(s->loop, &s->late, LATE_MS);
}

static void say(const struct stage *s, const void *bytes, size_t len)
{
	assert_int_equal(send(s->client, bytes, len, 0), (ssize_t)len);
}

static void run(struct stage *s)
{
	assert_int_equal(io_loop_run(s->loop), 0);
}

static bool has(const struct stage *s, const char *text)
{
	struct slice got = buf_slice(&s->got);
	return got.len && memmem(got.data, got.len, text, strlen(text));
}

static void stage_end(struct stage *s)
{
	io_deadline_disarm(&s->late);
	io_watch_free(s->watch);
	close(s->client);
	web_server_free(s->server);
	io_loop_free(s->loop);
	buf_deinit(&s->got);
}

#define POST(fields, body) "POST /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" fields "\r\n" body

static void test_server_body(void **state)
{
	(void)state;
	static const char request[] = POST(
		"Content-Length: 5\r\nX-Forwarded-For: 192.0.2.1\r\nx-forwarded-for: 192.0.2.2\r\n",
		"a=b&c");
	struct stage s = { .reads = true };
	stage_begin(&s, &(struct web_server_settings){ .body_max = 5 });
	for (size_t i = 0; i + 1 < sizeof(request); i++)
		say(&s, request + i, 1);
	run(&s);
	assert_true(s.has_ended && has(&s, "\r\n\r\na=b&c"));
	assert_string_equal(s.peer, "127.0.0.1");
	assert_string_equal(s.forwarded, "192.0.2.2"); /* the last, which our proxy wrote */
	stage_end(&s);
}

static void test_server_body_too_long(void **state)
{
	(void)state;
	static const char request[] = POST("Content-Length: 6\r\n", "a=b&cd");
	struct stage s = { .reads = true };
	stage_begin(&s, &(struct web_server_settings){ .body_max = 5 });
	say(&s, request, sizeof(request) - 1);
	run(&s);
	assert_true(s.has_ended && !s.requests);
	stage_end(&s);
}

/* Where none is taken none is waited for. */
static void test_server_body_not_read(void **state)
{
	(void)state;
	static const char request[] = POST("Content-Length: 600000\r\n", "a");
	struct stage s = { .reads = true };
	stage_begin(&s, &(struct web_server_settings){ .lifetime_ms = 2000 });
	say(&s, request, sizeof(request) - 1);
	run(&s);
	assert_true(s.has_ended && s.requests == 1);
	assert_string_equal(s.method, "POST");
	stage_end(&s);
}

static struct web_kept *large(void)
{
	struct buf body = {};
	uint8_t *at;
	assert_int_equal(buf_reserve(&body, LARGE, &at), 0);
	memset(at, 'x', LARGE);
	buf_commit(&body, LARGE);
	struct web_kept *kept = web_kept_new(&body);
	assert_non_null(kept);
	return kept;
}

static void on_look(struct io_deadline *d);

struct looker {
	struct io_deadline due;
	struct stage *stage;
};

/* The answer is not the server's any more. */
static void on_look(struct io_deadline *d)
{
	struct looker *l = (struct looker *)d;
	if (l->stage->kept->refs == 1 && l->stage->requests)
		io_loop_stop(l->stage->loop);
	else
		io_deadline_arm(l->stage->loop, d, 128);
}

/* Whoever reads nothing, or a byte now and then, is gone in the end, and what he wanted is not held
 * any more. */
static void test_server_slow_reader(void **state)
{
	(void)state;
	struct stage s = { .kept = large() };
	struct looker look = { .due.fn = on_look, .stage = &s };
	stage_begin(&s, &(struct web_server_settings){ .lifetime_ms = 500 });
	io_deadline_arm(s.loop, &look.due, 128);
	say(&s, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27);
	run(&s);
	assert_false(s.is_late);
	assert_int_equal(s.requests, 1);
	stage_end(&s);
	web_kept_unref(s.kept);
}

/* What is taken out of the store meanwhile is read to its end. */
static void test_server_kept(void **state)
{
	(void)state;
	struct stage s = { .kept = large(), .reads = true };
	static const char request[] = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
	stage_begin(&s, &(struct web_server_settings){});
	say(&s, request, sizeof(request) - 1);
	run(&s);
	assert_true(s.has_ended && buf_len(&s.got) > LARGE);
	assert_int_equal(s.kept->refs, 1);
	stage_end(&s);
	web_kept_unref(s.kept);
}

static const uint8_t header[] = { '\r', '\n', '\r', '\n', 0,   '\r', '\n', 'Q', 'U', 'I',
	                          'T',  '\n', 0x21, 0x11, 0,   12,   192,  0,   2,   7,
	                          127,  0,    0,    1,    0x1, 0x2,  0x1,  0xbb };

static void test_server_proxy_header(void **state)
{
	(void)state;
	static const char request[] = POST("Content-Length: 1\r\n", "a");
	struct stage s = { .reads = true };
	stage_begin(&s, &(struct web_server_settings){ .has_header = true, .body_max = 5 });
	say(&s, header, sizeof(header));
	say(&s, request, sizeof(request) - 1);
	run(&s);
	assert_true(s.has_ended && has(&s, "200 OK"));
	assert_string_equal(s.peer, "192.0.2.7");
	stage_end(&s);
}

static void test_server_no_proxy_header(void **state)
{
	(void)state;
	static const char request[] = POST("Content-Length: 1\r\n", "a");
	struct stage s = { .reads = true };
	stage_begin(&s, &(struct web_server_settings){ .has_header = true, .body_max = 5 });
	say(&s, request, sizeof(request) - 1);
	run(&s);
	assert_true(s.has_ended && !s.requests && !buf_len(&s.got));
	stage_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_server_body),
		cmocka_unit_test(test_server_body_too_long),
		cmocka_unit_test(test_server_body_not_read),
		cmocka_unit_test(test_server_slow_reader),
		cmocka_unit_test(test_server_kept),
		cmocka_unit_test(test_server_proxy_header),
		cmocka_unit_test(test_server_no_proxy_header),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
