#include "base/clean.h"
#include "io/loop.h"
#include "resolver/lookup.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>

#include <cmocka.h>

/* A name server that answers by the first letter of the name: a an address, n NXDOMAIN, s
 * SERVFAIL, m nothing. It signs nothing. */
struct server {
	int fd;
	char address[32];
	pthread_t thread;
};

static const char anchor[] = "bogus.example. IN DS 12345 13 2 "
			     "00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF\n";

static size_t answer_make(uint8_t *packet, size_t question_len)
{
	static const uint8_t address[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1 };
	/* the authority that a denial has */
	static const uint8_t soa[] = { 0xc0, 12, 0, 6, 0, 1, 0, 0, 0, 60, 0, 22, 0, 0, 0, 0, 0,
		                       1,    0,  0, 0, 1, 0, 0, 0, 1, 0,  0, 0,  1, 0, 0, 0, 1 };
	uint8_t letter = packet[13];
	bool has_address = letter == 'a' && packet[question_len - 3] == 1;
	packet[2] = 0x85; /* a response, recursion was asked for, authoritative */
	packet[3] = (uint8_t)(0x80 | (letter == 'n' ? 3 : letter == 's' ? 2 : 0));
	memset(packet + 6, 0, 6);
	packet[has_address ? 7 : 9] = letter != 's';
	if (letter == 's')
		return question_len;
	if (has_address) {
		memcpy(packet + question_len, address, sizeof(address));
		return question_len + sizeof(address);
	}
	memcpy(packet + question_len, soa, sizeof(soa));
	return question_len + sizeof(soa);
}

static void *serve(void *argument)
{
	struct server *s = argument;
	uint8_t packet[2048];
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	ssize_t n;
	while ((n = recvfrom(s->fd, packet, 1024, 0, (struct sockaddr *)&from, &from_len)) > 12) {
		size_t at = 12;
		while (packet[at])
			at += packet[at] + 1u;
		if (packet[13] == 'm')
			continue;
		size_t len = answer_make(packet, at + 5);
		(void)!sendto(s->fd, packet, len, 0, (struct sockaddr *)&from, from_len);
	}
	return NULL;
}

static void server_start(struct server *s)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	s->fd = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(bind(s->fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(getsockname(s->fd, (struct sockaddr *)&at, &len), 0);
	snprintf(s->address, sizeof(s->address), "127.0.0.1@%u", ntohs(at.sin_port));
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void server_stop(struct server *s)
{
	struct sockaddr_in at;
	socklen_t len = sizeof(at);
	getsockname(s->fd, (struct sockaddr *)&at, &len);
	sendto(s->fd, "", 0, 0, (struct sockaddr *)&at, len); /* ends its loop */
	pthread_join(s->thread, NULL);
	close(s->fd);
}

struct stage {
	struct server server;
	struct io_loop *loop;
	struct lookup *lookup;
	char anchor[64];
	unsigned open;
};

static void stage_start(struct stage *s, unsigned timeout_ms)
{
	char error[128] = "";
	server_start(&s->server);
	strcpy(s->anchor, "/tmp/mailseal-anchor-XXXXXX");
	int fd = mkstemp(s->anchor);
	assert_int_equal(write(fd, anchor, strlen(anchor)), strlen(anchor));
	close(fd);
	const char *forward = s->server.address;
	const struct lookup_stub stub = { "stub.test", s->server.address };
	const struct lookup_settings settings = { .forwards = &forward,
		                                  .stubs = &stub,
		                                  .stub_count = 1,
		                                  .forward_count = 1,
		                                  .trust_anchor = s->anchor,
		                                  .timeout_ms = timeout_ms };
	assert_int_equal(io_loop_new(&s->loop), 0);
	int r = lookup_new(&s->lookup, s->loop, &settings, error, sizeof(error));
	if (r)
		fail_msg("%s", error);
}

static void stage_end(struct stage *s)
{
	lookup_free(s->lookup);
	io_loop_free(s->loop);
	server_stop(&s->server);
	unlink(s->anchor);
}

struct asked {
	struct stage *stage;
	struct lookup_question *question;
	enum policy_dns status;
	bool is_name_there, has_record;
	unsigned answers;
};

static void on_answer(void *owner, const struct lookup_answer *answer)
{
	struct asked *a = owner;
	struct dns_message m;
	struct dns_record r;
	a->answers++;
	a->status = answer->status;
	a->is_name_there = answer->is_name_there;
	a->has_record = answer->packet.len && !dns_message_open(&m, answer->packet) &&
	                !dns_message_next(&m, &r) && r.type == DNS_A;
	lookup_question_free(TAKE(a->question));
	if (!--a->stage->open)
		io_loop_stop(a->stage->loop);
}

static const struct {
	const char *name;
	enum policy_dns status;
	bool is_name_there, has_record;
} cases[] = {
	{ "a.example", POLICY_DNS_INSECURE, true, true },
	{ "a.example", POLICY_DNS_INSECURE, true, true }, /* the same at once, and from the cache */
	{ "e.example", POLICY_DNS_INSECURE, true, false },
	{ "n.example", POLICY_DNS_INSECURE, false, false },
	{ "s.example", POLICY_DNS_FAILED, false, false },
	{ "a.bogus.example", POLICY_DNS_BOGUS, false, false },
	{ "a.stub.test", POLICY_DNS_INSECURE, true, true },
	{ "a.test", POLICY_DNS_INSECURE, false, false }, /* libunbound's own */
	{ "m.example", POLICY_DNS_FAILED, false, false },
	{ "a..example", POLICY_DNS_FAILED, false, false },
};

static void test_lookup_statuses(void **state)
{
	(void)state;
	struct stage s = {};
	struct asked asked[COUNT_OF(cases)] = {};
	stage_start(&s, 3000);
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < COUNT_OF(cases); i++) {
			asked[i] = (struct asked){ .stage = &s };
			s.open++;
			assert_int_equal(lookup_ask(&asked[i].question, s.lookup, cases[i].name,
			                            DNS_A, on_answer, &asked[i]),
			                 0);
		}
		for (size_t i = 0; i < COUNT_OF(cases); i++)
			assert_int_equal(asked[i].answers, 0); /* never before lookup_ask returns */
		assert_int_equal(io_loop_run(s.loop), 0);
		for (size_t i = 0; i < COUNT_OF(cases); i++)
			if (asked[i].answers != 1 || asked[i].status != cases[i].status ||
			    asked[i].is_name_there != cases[i].is_name_there ||
			    asked[i].has_record != cases[i].has_record)
				fail_msg("%s, round %d: %u answers, %s, name %d, record %d",
				         cases[i].name, round, asked[i].answers,
				         policy_dns_name(asked[i].status), asked[i].is_name_there,
				         asked[i].has_record);
	}
	stage_end(&s);
}

/* Questions that nobody waits for any more, one of them answered by the same packet as another. */
static void test_lookup_left(void **state)
{
	(void)state;
	struct stage s = {};
	struct lookup_question *left[3];
	struct asked stays = { .stage = &s };
	stage_start(&s, 1000);
	static const char *const names[] = { "m.left.example", "a.left.example", "a..left" };
	for (size_t i = 0; i < COUNT_OF(names); i++)
		assert_int_equal(lookup_ask(&left[i], s.lookup, names[i], DNS_A, on_answer, NULL),
		                 0);
	s.open = 1;
	assert_int_equal(
		lookup_ask(&stays.question, s.lookup, "a.left.example", DNS_A, on_answer, &stays),
		0);
	for (size_t i = 0; i < COUNT_OF(names); i++)
		lookup_question_free(left[i]);
	assert_int_equal(io_loop_run(s.loop), 0);
	assert_int_equal(stays.answers, 1);
	assert_true(stays.has_record);
	stage_end(&s);
}

static void test_lookup_settings(void **state)
{
	(void)state;
	struct io_loop *loop = NULL;
	struct lookup *l = NULL;
	char error[128];
	const char *forward = "no address";
	struct lookup_settings settings = { .trust_anchor = "/nonexistent/root.key" };
	assert_int_equal(io_loop_new(&loop), 0);
	assert_int_equal(lookup_new(&l, loop, &settings, error, sizeof(error)),
	                 LOOKUP_BAD_SETTINGS);
	assert_non_null(strstr(error, "/nonexistent/root.key"));
	settings = (struct lookup_settings){ .forwards = &forward,
		                             .forward_count = 1,
		                             .trust_anchor = "/dev/null" };
	assert_int_equal(lookup_new(&l, loop, &settings, error, sizeof(error)),
	                 LOOKUP_BAD_SETTINGS);
	assert_non_null(strstr(error, "no address"));
	io_loop_free(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lookup_statuses),
		cmocka_unit_test(test_lookup_left),
		cmocka_unit_test(test_lookup_settings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
