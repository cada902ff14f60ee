#include "ask/fetch.h"
#include "ask/test_web.h"
#include "base/clean.h"
#include "io/loop.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>

#include <cmocka.h>

enum { BODY_LEN = 200000 };

static char long_page[BODY_LEN + 100];

static const struct web_page pages[] = {
	{ NULL, "/", "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 5\r\n\r\nhello" },
	{ NULL, "/away", "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n" },
	{ NULL, "/long", long_page },
	{ NULL, "/early",
	  "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nB: c\r\n"
	  "Content-Length: 0\r\n\r\n" },
	{ NULL, "/cut", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf" },
	{ NULL, "/none", "220 mail.example ESMTP\r\n" },
	{ NULL, "/stall", NULL },
};

static const struct page_case {
	const char *name, *host, *path;
	bool is_https, takes_bad;
	bool is_connected, has_answer, has_tls_why;
	unsigned status;
	const char *head; /* in it */
	size_t body_len;
} cases[] = {
	{ "http", "web.example", "/", false, false, true, true, false, 200, "Server: x\r\n", 5 },
	{ "https", "web.example", "/", true, false, true, true, false, 200, "Server: x\r\n", 5 },
	{ "a redirect stays here", "web.example", "/away", true, false, true, true, false, 302,
	  "Location: /\r\n", 0 },
	{ "too long", "web.example", "/long", false, false, true, true, false, 200, "200 OK",
	  FETCH_PAGE_MAX },
	{ "hints before", "web.example", "/early", false, false, true, true, false, 200,
	  "HTTP/1.1 200 OK\r\nB: c", 0 },
	{ "cut", "web.example", "/cut", false, false, true, true, false, 200, "200 OK", 4 },
	{ "not HTTP", "web.example", "/none", false, false, true, false, false, 0, "", 0 },
	{ "too late", "web.example", "/stall", false, false, true, false, false, 0, "", 0 },
	{ "another name", "other.example", "/", true, false, true, false, true, 0, "", 0 },
	{ "another name, taken", "other.example", "/", true, true, true, true, true, 200,
	  "Server: x\r\n", 5 },
};

struct scene {
	struct io_loop *loop;
	struct fetch *fetch;
	struct fetch_request *request;
	const struct page_case *c;
	struct web_server http, https;
	struct test_pair pair;
	bool is_refused;
	unsigned ends;
};

static bool has(struct slice s, const char *text)
{
	return memmem(s.data ? s.data : (const void *)"", s.len, text, strlen(text));
}

static void on_page(void *owner, const struct fetch_page *page)
{
	struct scene *s = owner;
	const struct page_case *c = s->c;
	if (s->is_refused) {
		assert_false(page->is_connected);
		assert_string_equal(page->why, "its address is not one of the public internet");
	} else if (page->is_connected != c->is_connected || !page->why != c->has_answer ||
	           !page->tls_why == c->has_tls_why || page->status != c->status ||
	           !has(page->head, c->head) || page->body.len != c->body_len) {
		fail_msg("%s: connected %d, why %s, TLS %s, status %u, head %zu, body %zu", c->name,
		         page->is_connected, page->why, page->tls_why, page->status, page->head.len,
		         page->body.len);
	}
	s->ends++;
	fetch_request_free(TAKE(s->request));
	io_loop_stop(s->loop);
}

static void scene_start(struct scene *s, fetch_refuses_fn *refuses)
{
	*s = (struct scene){ .is_refused = refuses };
	signal(SIGPIPE, SIG_IGN);
	test_pair_make(&s->pair, &(struct test_pair_settings){
					 .type = TEST_EC, .names = "web.example", .days = 9 });
	web_start(&s->http, pages, COUNT_OF(pages), NULL);
	web_start(&s->https, pages, COUNT_OF(pages), &s->pair);
	const struct fetch_settings settings = { .ca_pem = buf_slice(&s->pair.chain_pem),
		                                 .port = s->https.port,
		                                 .http_port = s->http.port,
		                                 .refuses = refuses };
	assert_int_equal(io_loop_new(&s->loop), 0);
	assert_int_equal(fetch_new(&s->fetch, s->loop, &settings), 0);
}

static void scene_end(struct scene *s)
{
	fetch_free(s->fetch);
	io_loop_free(s->loop);
	web_stop(&s->http);
	web_stop(&s->https);
	test_pair_deinit(&s->pair);
}

static void page_begin(struct scene *s, const struct page_case *c)
{
	static const char addresses[][DNS_ADDRESS_CAP] = { "127.0.0.1" };
	s->c = c;
	assert_int_equal(fetch_page_get(&s->request, s->fetch,
	                                &(struct fetch_page_wish){
						.host = c->host,
						.path = c->path,
						.addresses = addresses,
						.count = 1,
						.is_https = c->is_https,
						.takes_bad_certificate = c->takes_bad,
						.timeout_ms = c->path[1] == 's' ? 1500 : 20000 },
	                                on_page, s),
	                 0);
}

static void test_fetch_page(void **state)
{
	struct scene s;
	(void)state;
	snprintf(long_page, sizeof(long_page), "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n",
	         BODY_LEN);
	size_t len = strlen(long_page);
	memset(long_page + len, 'x', sizeof(long_page) - 1 - len);
	scene_start(&s, NULL);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		page_begin(&s, &cases[i]);
		assert_int_equal(io_loop_run(s.loop), 0);
		assert_int_equal(s.ends, i + 1);
	}
	page_begin(&s, &cases[0]);
	fetch_request_free(TAKE(s.request)); /* in the middle: nobody is told */
	scene_end(&s);
	assert_int_equal(s.ends, COUNT_OF(cases));
}

static bool refuse_all(const char *address)
{
	return !strcmp(address, "127.0.0.1");
}

/* Whatever a name's address is said to be, it is not connected to. */
static void test_fetch_page_refused(void **state)
{
	struct scene s;
	(void)state;
	scene_start(&s, refuse_all);
	for (size_t i = 0; i < 2; i++) {
		page_begin(&s, &cases[i]);
		assert_int_equal(io_loop_run(s.loop), 0);
	}
	assert_int_equal(atomic_load(&s.http.connections) + atomic_load(&s.https.connections), 0);
	scene_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fetch_page),
		cmocka_unit_test(test_fetch_page_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
