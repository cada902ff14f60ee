#include "http/edge.h"

#include "acme/challenges.h"
#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define TOKEN "/.well-known/acme-challenge/abc-DEF_1"

static bool has_name(const void *ours, const char *host)
{
	return !strcmp(ours, host);
}

static const struct conv_settings settings = {
	.line_max = 1024,
	.tls_port = 443,
	.has_challenge_backend = true,
	.is_our_host = has_name,
	.our_hosts = "mail.example.org",
};

static struct conv *conv_of(const struct conv_settings *set, enum conv_todo *ret_todo)
{
	struct conv *c = NULL;
	assert_int_equal(conv_new(&c, &http_edge_ops, set, NULL), 0);
	assert_int_equal(conv_start(c, ret_todo), 0);
	assert_int_equal(*ret_todo, CONV_TODO_READ);
	assert_true(c->deadline_ms > 0);
	return c;
}

static void feed(struct conv *c, enum conv_side side, const char *text, enum conv_todo *ret_todo)
{
	size_t used = 0;
	assert_int_equal(conv_feed(c, side, slice_str(text), &used, ret_todo), 0);
}

/* What was said to that side, and nothing but that; forgotten then. */
static void assert_said(struct conv *c, enum conv_side side, const char *text)
{
	struct slice out = buf_slice(&c->out[side]);
	if (!slice_equal(out, slice_str(text)))
		fail_msg("'%.*s', not '%s'", (int)out.len, (const char *)out.data, text);
	buf_clear(&c->out[side]);
}

static void assert_begins(struct conv *c, const char *text)
{
	struct slice out = buf_slice(&c->out[CONV_CLIENT]);
	if (!slice_equal(slice_head(out, strlen(text)), slice_str(text)))
		fail_msg("'%.*s', not '%s'", (int)out.len, (const char *)out.data, text);
}

static const struct answer_case {
	const char *request, *begins;
	enum conv_outcome outcome;
} answers[] = {
	{ "GET /a?b HTTP/1.1\r\nHost: mail.example.org:80\r\n\r\n",
	  "HTTP/1.1 301 Moved Permanently\r\nLocation: https://mail.example.org/a?b\r\n"
	  "Content-Type: text/plain\r\nContent-Length: 18\r\nConnection: close\r\n\r\n"
	  "Moved Permanently\n",
	  CONV_OUTCOME_OK },
	{ "GET / HTTP/1.1\r\nHost: other.example.org\r\n\r\n", "HTTP/1.1 400 ",
	  CONV_OUTCOME_BAD_SYNTAX },
	{ "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 ", CONV_OUTCOME_BAD_SYNTAX },
	{ "POST / HTTP/1.1\r\nHost: mail.example.org\r\n\r\n",
	  "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\n", CONV_OUTCOME_BAD_SYNTAX },
	{ "PUT " TOKEN " HTTP/1.1\r\nHost: mail.example.org\r\n\r\n", "HTTP/1.1 405 ",
	  CONV_OUTCOME_BAD_SYNTAX },
	{ "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/1.1 400 ", CONV_OUTCOME_BAD_SYNTAX },
	{ "\x16\x03\x01", "HTTP/1.1 400 ", CONV_OUTCOME_BAD_SYNTAX },
};

static void test_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(answers); i++) {
		enum conv_todo todo;
		CLEAN(conv_freep) struct conv *c = conv_of(&settings, &todo);
		feed(c, CONV_CLIENT, answers[i].request, &todo);
		assert_int_equal(todo, CONV_TODO_CLOSE);
		assert_int_equal(c->outcome, answers[i].outcome);
		assert_begins(c, answers[i].begins);
		assert_said(c, CONV_BACKEND, "");
	}
}

static void test_head_has_no_body(void **state)
{
	enum conv_todo todo;
	struct conv_settings set = settings;
	set.tls_port = 8443;
	(void)state;
	CLEAN(conv_freep) struct conv *c = conv_of(&set, &todo);
	feed(c, CONV_CLIENT, "HEAD / HTTP/1.1\r\nHost: mail.example.org\r\n\r\n", &todo);
	assert_said(c, CONV_CLIENT,
	            "HTTP/1.1 301 Moved Permanently\r\n"
	            "Location: https://mail.example.org:8443/\r\nContent-Type: text/plain\r\n"
	            "Content-Length: 18\r\nConnection: close\r\n\r\n");
}

/* The backend gets token and host; nothing else of the request, nothing of what follows. */
static void test_challenge(void **state)
{
	enum conv_todo todo;
	(void)state;
	CLEAN(conv_freep) struct conv *c = conv_of(&settings, &todo);
	feed(c, CONV_CLIENT,
	     "GET " TOKEN " HTTP/1.1\r\nHost: New.example.org\r\nX-Forwarded-For: a\r\n\r\n",
	     &todo);
	assert_int_equal(todo, CONV_TODO_CONNECT);
	assert_true(c->is_challenge);
	assert_int_equal(conv_connected(c, &todo), 0);
	assert_int_equal(todo, CONV_TODO_READ);
	assert_said(c, CONV_BACKEND,
	            "GET " TOKEN " HTTP/1.1\r\nHost: new.example.org\r\nConnection: close\r\n\r\n");
	feed(c, CONV_CLIENT, "POST /login HTTP/1.1\r\n", &todo);
	assert_said(c, CONV_BACKEND, "");
	feed(c, CONV_BACKEND, "HTTP/1.1 200 OK\r\n\r\nabc", &todo);
	assert_said(c, CONV_CLIENT, "HTTP/1.1 200 OK\r\n\r\nabc");
	assert_int_equal(conv_eof(c, CONV_BACKEND, &todo), 0);
	assert_int_equal(todo, CONV_TODO_CLOSE);
	assert_int_equal(c->outcome, CONV_OUTCOME_OK);
}

static void challenge_opened(struct conv *c, enum conv_todo *ret_todo)
{
	feed(c, CONV_CLIENT, "GET " TOKEN " HTTP/1.1\r\nHost: a\r\n\r\n", ret_todo);
	assert_int_equal(*ret_todo, CONV_TODO_CONNECT);
}

static void test_challenge_backend_fails(void **state)
{
	enum conv_todo todo;
	(void)state;
	CLEAN(conv_freep) struct conv *down = conv_of(&settings, &todo);
	challenge_opened(down, &todo);
	assert_int_equal(conv_failed(down, CONV_FAILURE_CONNECT, &todo), 0);
	assert_begins(down, "HTTP/1.1 503 ");
	assert_int_equal(down->outcome, CONV_OUTCOME_BACKEND_DOWN);
	CLEAN(conv_freep) struct conv *mute = conv_of(&settings, &todo);
	challenge_opened(mute, &todo);
	assert_int_equal(conv_connected(mute, &todo), 0);
	assert_int_equal(conv_eof(mute, CONV_BACKEND, &todo), 0);
	assert_begins(mute, "HTTP/1.1 502 ");
	CLEAN(conv_freep) struct conv *slow = conv_of(&settings, &todo);
	challenge_opened(slow, &todo);
	assert_int_equal(conv_connected(slow, &todo), 0);
	assert_int_equal(conv_expire(slow, CONV_EXPIRY_IDLE, &todo), 0);
	assert_begins(slow, "HTTP/1.1 504 ");
	assert_int_equal(slow->outcome, CONV_OUTCOME_TIMEOUT);
}

/* A backend that never ends its answer does not go on for ever. */
static void test_challenge_answer_is_bounded(void **state)
{
	static char kilobyte[1025];
	enum conv_todo todo;
	(void)state;
	CLEAN(conv_freep) struct conv *c = conv_of(&settings, &todo);
	challenge_opened(c, &todo);
	assert_int_equal(conv_connected(c, &todo), 0);
	memset(kilobyte, 'x', 1024);
	for (int i = 0; i < 64 && todo == CONV_TODO_READ; i++)
		feed(c, CONV_BACKEND, kilobyte, &todo);
	assert_int_equal(todo, CONV_TODO_CLOSE);
	assert_int_equal(c->outcome, CONV_OUTCOME_BACKEND_BROKEN);
}

static void test_no_backend_for_challenges(void **state)
{
	enum conv_todo todo;
	const struct conv_settings set = { .line_max = 1024 };
	(void)state;
	CLEAN(conv_freep) struct conv *c = conv_of(&set, &todo);
	feed(c, CONV_CLIENT, "GET " TOKEN " HTTP/1.1\r\nHost: a\r\n\r\n", &todo);
	assert_begins(c, "HTTP/1.1 301 Moved Permanently\r\nLocation: https://a" TOKEN "\r\n");
}

static void test_who_is_slow_is_told(void **state)
{
	enum conv_todo todo;
	(void)state;
	CLEAN(conv_freep) struct conv *c = conv_of(&settings, &todo);
	uint32_t progress = c->progress;
	feed(c, CONV_CLIENT, "GET / HTT", &todo);
	assert_int_equal(todo, CONV_TODO_READ);
	assert_int_equal(c->progress, progress); /* a byte now and then wins no time */
	assert_int_equal(conv_expire(c, CONV_EXPIRY_IDLE, &todo), 0);
	assert_begins(c, "HTTP/1.1 408 ");
}

static void test_sealed_is_spliced(void **state)
{
	enum conv_todo todo;
	struct conv *c = NULL;
	(void)state;
	for (int passed = 0; passed < 2; passed++) {
		assert_int_equal(conv_new(&c, &http_edge_ops, &settings, NULL), 0);
		c->facts.is_implicit = true;
		c->facts.is_tls = !passed;
		c->facts.is_passed = passed;
		assert_int_equal(conv_start(c, &todo), 0);
		assert_int_equal(todo, CONV_TODO_CONNECT);
		assert_int_equal(conv_connected(c, &todo), 0);
		assert_int_equal(todo, CONV_TODO_SPLICE);
		conv_free(c);
	}
}

/* A token that an order is open for is answered here; all others go where they went. */
static void test_our_challenge(void **state)
{
	static const char *const requests[] = { "GET " TOKEN, "HEAD " TOKEN };
	struct acme_challenges list = {};
	struct acme_challenge one = { .type = ACME_HTTP_01,
		                      .name = "new.example.org",
		                      .token = "abc-DEF_1",
		                      .authorization = "abc-DEF_1.print" };
	struct conv_settings set = settings;
	enum conv_todo todo;
	(void)state;
	set.challenges = &list;
	assert_int_equal(acme_challenges_add(&list, &one), 0);
	for (size_t i = 0; i < COUNT_OF(requests); i++) {
		char text[256];
		struct conv *c = conv_of(&set, &todo);
		snprintf(text, sizeof(text), "%s HTTP/1.1\r\nHost: new.example.org\r\n\r\n",
		         requests[i]);
		feed(c, CONV_CLIENT, text, &todo);
		assert_int_equal(todo, CONV_TODO_CLOSE);
		assert_int_equal(c->outcome, CONV_OUTCOME_OK);
		snprintf(text, sizeof(text),
		         "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
		         "Content-Length: 15\r\nConnection: close\r\n\r\n%s",
		         i ? "" : "abc-DEF_1.print");
		assert_said(c, CONV_CLIENT, text);
		conv_free(c);
	}
	struct conv *c = conv_of(&set, &todo);
	feed(c, CONV_CLIENT, "GET " TOKEN "2 HTTP/1.1\r\nHost: new.example.org\r\n\r\n", &todo);
	assert_int_equal(todo, CONV_TODO_CONNECT); /* the backend for ACME may know it */
	conv_free(c);
	acme_challenges_clear(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_our_challenge),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_head_has_no_body),
		cmocka_unit_test(test_challenge),
		cmocka_unit_test(test_challenge_backend_fails),
		cmocka_unit_test(test_challenge_answer_is_bounded),
		cmocka_unit_test(test_no_backend_for_challenges),
		cmocka_unit_test(test_who_is_slow_is_told),
		cmocka_unit_test(test_sealed_is_spliced),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
