#include "ask/test_zone.h"
#include "ask/upstream.h"
#include "base/clean.h"
#include "io/loop.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* A datagram socket may not ask this one, whatever the host has. */
#define NO_PLACE "255.255.255.255@53"

static const struct zone_record zone[] = {
	{ "v.example", DNS_A, ZONE_DATA("\300\0\2\1") },
	{ "z.example", DNS_A, ZONE_DATA("\300\0\2\1") },
};

struct asked {
	struct io_loop *loop;
	unsigned answers;
	int sockets[2]; /* of streams, of datagrams */
	char why[64];
};

/* Those of this program that are open. */
static void sockets_count(int sockets[2])
{
	int type;
	sockets[0] = sockets[1] = 0;
	for (int fd = 0; fd < 64; fd++) {
		socklen_t len = sizeof(type);
		if (!getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len))
			sockets[type == SOCK_DGRAM]++;
	}
}

static void on_answer(void *owner, struct slice packet, const char *why)
{
	struct asked *a = owner;
	a->answers++;
	assert_true(!why == (packet.len > 0));
	snprintf(a->why, sizeof(a->why), "%s", why ? why : "");
	sockets_count(a->sockets);
	io_loop_stop(a->loop);
}

static const struct ask_case {
	const char *name;
	const char *servers[3]; /* NULL: the zone's */
	size_t count;
	const char *question;
	int result;
	bool is_answered;
	int datagrams; /* that are open as the answer comes */
} cases[] = {
	{ "one that can be asked", { NULL }, 1, "v.example", 0, true, 1 },
	{ "the first cannot be asked", { NO_PLACE, NULL }, 2, "v.example", 0, true, 1 },
	{ "two cannot be asked", { NO_PLACE, NO_PLACE, NULL }, 3, "v.example", 0, true, 1 },
	{ "none can be asked", { NO_PLACE, NO_PLACE }, 2, "v.example", UPSTREAM_BUSY, false, 0 },
	{ "the first does not listen", { "127.0.0.1@1", NULL }, 2, "v.example", 0, true, 1 },
	{ "nor does the last", { NO_PLACE, "127.0.0.1@1", NO_PLACE }, 3, "v.example", 0, false, 0 },
	{ "over TCP, without the datagram's", { NULL }, 1, "z.example", 0, true, 0 },
	{ "no name", { NULL }, 1, "v..example", UPSTREAM_BAD_NAME, false, 0 },
};

static void case_check(const struct ask_case *c, struct io_loop *loop, const char *zone_address)
{
	struct asked a = { .loop = loop };
	struct upstream *u;
	struct upstream_question *q = NULL;
	const char *addresses[3], *bad;
	int before[2];
	for (size_t i = 0; i < c->count; i++)
		addresses[i] = c->servers[i] ? c->servers[i] : zone_address;
	sockets_count(before);
	assert_int_equal(upstream_new(&u, loop,
	                              &(struct upstream_settings){ .addresses = addresses,
	                                                           .count = c->count,
	                                                           .questions_max = 1 },
	                              &bad),
	                 0);
	int r = upstream_ask(&q, u, c->question, DNS_A, on_answer, &a);
	if (r != c->result)
		fail_msg("%s: %d", c->name, r);
	if (!r) {
		assert_int_equal(upstream_ask(&q, u, c->question, DNS_A, on_answer, &a),
		                 UPSTREAM_BUSY);
		assert_int_equal(io_loop_run(loop), 0);
		if (a.answers != 1 || !a.why[0] != c->is_answered ||
		    (c->is_answered && a.sockets[1] - before[1] != c->datagrams))
			fail_msg("%s: %u answers, %s, %d datagram sockets", c->name, a.answers,
			         a.why, a.sockets[1] - before[1]);
	}
	upstream_question_free(q);
	upstream_free(u);
}

static void test_upstream_servers(void **state)
{
	(void)state;
	struct zone_server server;
	struct io_loop *loop;
	assert_int_equal(io_loop_new(&loop), 0);
	zone_start(&server, zone, COUNT_OF(zone));
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		case_check(&cases[i], loop, server.address);
	zone_stop(&server);
	io_loop_free(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_upstream_servers) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
