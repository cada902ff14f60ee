#include "ask/fetch.h"
#include "ask/test_heap.h"
#include "base/clean.h"
#include "io/loop.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

enum { AT_ONCE = 100 };

struct scene {
	struct io_loop *loop;
	struct fetch *fetch;
	unsigned open;
};

struct asked {
	struct scene *scene;
	struct fetch_request *request;
	bool has_failed;
};

static void on_fetched(void *owner, const struct fetch_result *result)
{
	struct asked *a = owner;
	a->has_failed = result->why != NULL;
	fetch_request_free(TAKE(a->request));
	if (!--a->scene->open)
		io_loop_stop(a->scene->loop);
}

/* A port that is bound and where nobody listens. */
static int port_take(unsigned *ret_port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	*ret_port = ntohs(at.sin_port);
	return fd;
}

static void domains_fetch(struct scene *s, unsigned first)
{
	static const char addresses[][DNS_ADDRESS_CAP] = { "127.0.0.1" };
	struct asked asked[AT_ONCE];
	char domain[64];
	s->open = AT_ONCE;
	for (unsigned i = 0; i < AT_ONCE; i++) {
		asked[i] = (struct asked){ .scene = s };
		snprintf(domain, sizeof(domain), "%u.example", first + i);
		assert_int_equal(fetch_policy(&asked[i].request, s->fetch, domain, addresses, 1,
		                              on_fetched, &asked[i]),
		                 0);
	}
	assert_int_equal(io_loop_run(s->loop), 0);
	for (unsigned i = 0; i < AT_ONCE; i++)
		assert_true(asked[i].has_failed);
}

/* However many domains there are, libcurl remembers the addresses of none. */
static void test_fetch_forgets(void **state)
{
	enum { DOMAINS = 20 * AT_ONCE };
	struct scene s = {};
	struct fetch_settings settings = {};
	(void)state;
	int fd = port_take(&settings.port);
	assert_int_equal(io_loop_new(&s.loop), 0);
	assert_int_equal(fetch_new(&s.fetch, s.loop, &settings), 0);
	domains_fetch(&s, 0);
	size_t before = heap_used();
	for (unsigned i = 0; i < DOMAINS; i += AT_ONCE)
		domains_fetch(&s, AT_ONCE + i);
	size_t after = heap_used();
	assert_in_range(after, 0, before + DOMAINS * 20);
	domains_fetch(&s, DOMAINS); /* and they may come again */
	fetch_free(s.fetch);
	io_loop_free(s.loop);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_fetch_forgets) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
