#include "ask/test_web.h"
#include "base/clean.h"
#include "check/web.h"
#include "io/loop.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>

#include <cmocka.h>

#define OK(fields, body) "HTTP/1.1 200 OK\r\n" fields "Connection: close\r\n\r\n" body
#define TO(place) "HTTP/1.1 302 Found\r\nLocation: " place "\r\nContent-Length: 0\r\n\r\n"
#define LOGIN(action) "<form action='" action "'><input type=password></form>"

static const struct web_page clear_pages[] = {
	{ "good.example", "/", TO("https://good.example/") },
	{ "away.example", "/", TO("https://www.away.example/") },
	{ "plain.example", "/", TO("/login") },
	{ "plain.example", "/login", OK("", LOGIN("https://plain.example/")) },
	{ "stall.example", "/", NULL },
	{ "junk.example", "/", "220 what is this?\r\n" },
};
static const struct web_page sealed_pages[] = {
	{ "good.example", "/",
	  "HTTP/1.1 302 Found\r\nServer: nginx\r\nStrict-Transport-Security: max-age=31536000\r\n"
	  "Location: /mail/\r\nContent-Length: 0\r\n\r\n" },
	{ "good.example", "/mail/",
	  OK("Set-Cookie: sessid=1; Secure; HttpOnly\r\n", LOGIN("./?_task=login")) },
	{ "away.example", "/", TO("https://evil.example/") },
	{ "plain.example", "/",
	  OK("Set-Cookie: sessid=1; Secure\r\n", LOGIN("http://plain.example/in")) },
	{ "stall.example", "/", OK("Strict-Transport-Security: max-age=1\r\n", "<p>hello</p>") },
	{ "circle.example", "/", TO("/") },
	{ "junk.example", "/", "\x15\x03\x01 nonsense" },
	{ "base.example", "/",
	  OK("", "<base href='http://base.example/'><form><input type=password></form>") },
};

static const struct look_case {
	const char *host;
	enum check_seen is_clear_open, redirects;
	int status;
	int64_t hsts_s;
	enum check_seen has_login, login_in_clear, cookie_is_safe;
	const char *clear_answer, *server, *login;
	unsigned connections; /* at most; each is one GET */
} cases[] = {
	{ "good.example", CHECK_YES, CHECK_YES, 302, 31536000, CHECK_YES, CHECK_NO, CHECK_YES,
	  "302 https://good.example/", "nginx", "https /mail/ to ./?_task=login", 3 },
	{ "away.example", CHECK_YES, CHECK_NO, 302, -1, CHECK_UNKNOWN, CHECK_UNKNOWN, CHECK_UNKNOWN,
	  "302 https://www.away.example/", "", "", 2 },
	{ "plain.example", CHECK_YES, CHECK_NO, 200, -1, CHECK_YES, CHECK_YES, CHECK_NO,
	  "302 /login", "", NULL, 3 },
	{ "stall.example", CHECK_YES, CHECK_UNKNOWN, 200, 1, CHECK_NO, CHECK_UNKNOWN, CHECK_UNKNOWN,
	  "", "", "", 2 },
	{ "circle.example", CHECK_YES, CHECK_NO, 302, -1, CHECK_UNKNOWN, CHECK_UNKNOWN,
	  CHECK_UNKNOWN, "404", "", "", 4 },
	{ "junk.example", CHECK_YES, CHECK_UNKNOWN, 0, -1, CHECK_UNKNOWN, CHECK_UNKNOWN,
	  CHECK_UNKNOWN, "", "", "", 2 },
	{ "base.example", CHECK_YES, CHECK_NO, 200, -1, CHECK_YES, CHECK_YES, CHECK_UNKNOWN, "404",
	  "", "https /", 2 },
	/* Its certificate is for others: it is looked at all the same, on a second connection. */
	{ "bad.test", CHECK_YES, CHECK_NO, 404, -1, CHECK_NO, CHECK_UNKNOWN, CHECK_UNKNOWN, "404",
	  "", "", 3 },
};

struct scene {
	struct io_loop *loop;
	struct fetch *fetch;
	struct check_web_look *look;
	struct web_server clear, sealed;
	unsigned ends;
};

static void on_looked(void *owner)
{
	struct scene *s = owner;
	s->ends++;
	check_web_free(TAKE(s->look));
	io_loop_stop(s->loop);
}

static unsigned connections(struct scene *s)
{
	return atomic_load(&s->clear.connections) + atomic_load(&s->sealed.connections);
}

static void look_check(const struct look_case *c, const struct check_web *f, unsigned count)
{
	if (f->is_clear_open != c->is_clear_open || f->redirects != c->redirects ||
	    f->status != c->status || f->hsts_s != c->hsts_s || f->has_login != c->has_login ||
	    f->login_in_clear != c->login_in_clear || f->cookie_is_safe != c->cookie_is_safe ||
	    strcmp(f->clear_answer, c->clear_answer) != 0 || strcmp(f->server, c->server) != 0)
		fail_msg("%s: open %d, redirects %d, %d, hsts %lld, login %d, in clear %d, cookie "
		         "%d, \"%s\", \"%s\"",
		         c->host, f->is_clear_open, f->redirects, f->status, (long long)f->hsts_s,
		         f->has_login, f->login_in_clear, f->cookie_is_safe, f->clear_answer,
		         f->server);
	if (c->login && strcmp(f->login, c->login) != 0)
		fail_msg("%s: login \"%s\"", c->host, f->login);
	if (count > c->connections)
		fail_msg("%s: %u connections", c->host, count);
}

static void host_look(struct scene *s, const struct look_case *c)
{
	struct check_web facts = {};
	unsigned before = connections(s);
	assert_int_equal(check_web_new(&s->look,
	                               &(struct check_web_settings){
					       .fetch = s->fetch,
					       .host = c->host,
					       .address = "127.0.0.1",
					       .timeout_ms = c->host[0] == 's' ? 4000 : 20000,
					       .facts = &facts },
	                               on_looked, s),
	                 0);
	assert_int_equal(io_loop_run(s->loop), 0);
	look_check(c, &facts, connections(s) - before);
}

static const char names[] = "good.example,away.example,plain.example,stall.example,circle.example,"
			    "junk.example,base.example";

static void test_web(void **state)
{
	struct scene s = {};
	struct test_pair pair;
	struct check_web facts = {};
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	test_pair_make(&pair,
	               &(struct test_pair_settings){ .type = TEST_EC, .names = names, .days = 9 });
	web_start(&s.clear, clear_pages, COUNT_OF(clear_pages), NULL);
	web_start(&s.sealed, sealed_pages, COUNT_OF(sealed_pages), &pair);
	const struct fetch_settings settings = { .ca_pem = buf_slice(&pair.chain_pem),
		                                 .port = s.sealed.port,
		                                 .http_port = s.clear.port };
	assert_int_equal(io_loop_new(&s.loop), 0);
	assert_int_equal(fetch_new(&s.fetch, s.loop, &settings), 0);
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		host_look(&s, &cases[i]);
	assert_int_equal(s.ends, COUNT_OF(cases));
	/* Left in the middle: nobody is told. */
	const struct check_web_settings set = {
		.fetch = s.fetch, .host = "stall.example", .address = "127.0.0.1", .facts = &facts
	};
	assert_int_equal(check_web_new(&s.look, &set, on_looked, &s), 0);
	check_web_free(s.look);
	fetch_free(s.fetch);
	io_loop_free(s.loop);
	web_stop(&s.clear);
	web_stop(&s.sealed);
	test_pair_deinit(&pair);
	assert_int_equal(s.ends, COUNT_OF(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_web) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
