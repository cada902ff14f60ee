#include "ask/lookup.h"
#include "ask/test_zone.h"
#include "base/clean.h"
#include "io/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

static const char anchor[] = "bogus.example. IN DS 12345 13 2 "
			     "00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF\n";

static const struct zone_record zone[] = {
	{ "a.example", DNS_A, ZONE_DATA("\300\0\2\1") },
	{ "a.left.example", DNS_A, ZONE_DATA("\300\0\2\1") },
	{ "a.stub.test", DNS_A, ZONE_DATA("\300\0\2\1") },
	{ "a.bogus.example", DNS_A, ZONE_DATA("\300\0\2\1") },
	{ "v.example", DNS_A, ZONE_DATA("\300\0\2\1") },
	{ "valias.example", DNS_CNAME, ZONE_DATA("\1v\7example\0") },
	{ "valias.example", DNS_A, ZONE_DATA("\300\0\2\1") },
	{ "x.example", DNS_A, ZONE_DATA("\300\0\2\1") },
	{ "y.example", DNS_A, ZONE_DATA("\300\0\2\1") },
	{ "z.example", DNS_A, ZONE_DATA("\300\0\2\1") },
	{ "e.example", DNS_MX, ZONE_DATA("\0\1\0") },
};

struct stage {
	struct zone_server server;
	struct io_loop *loop;
	struct lookup *lookup;
	char anchor[64];
	unsigned open;
};

static void stage_begin(struct stage *s, const struct lookup_settings *settings)
{
	char error[128] = "";
	assert_int_equal(io_loop_new(&s->loop), 0);
	int r = lookup_new(&s->lookup, s->loop, settings, error, sizeof(error));
	if (r)
		fail_msg("%s", error);
}

static void stage_start(struct stage *s, unsigned timeout_ms)
{
	zone_start(&s->server, zone, COUNT_OF(zone));
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
	stage_begin(s, &settings);
}

/* The server is believed. Where nobody listens (port 1) another is asked. */
static void stage_start_trusting(struct stage *s, unsigned timeout_ms)
{
	zone_start(&s->server, zone, COUNT_OF(zone));
	const char *const forwards[] = { "127.0.0.1@1", s->server.address };
	const struct lookup_settings settings = { .forwards = forwards,
		                                  .forward_count = COUNT_OF(forwards),
		                                  .trusts_ad = true,
		                                  .timeout_ms = timeout_ms };
	stage_begin(s, &settings);
}

static void stage_end(struct stage *s)
{
	lookup_free(s->lookup);
	io_loop_free(s->loop);
	zone_stop(&s->server);
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

static const struct status_case {
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
	{ "v.example", POLICY_DNS_INSECURE, true, true }, /* AD counts for nothing */
};

/* What the AD bit of a server that is believed makes of them. */
static const struct status_case believed[] = {
	{ "v.example", POLICY_DNS_SECURE, true, true },
	{ "valias.example", POLICY_DNS_SECURE, true, false },
	{ "vnone.example", POLICY_DNS_SECURE, false, false },
	{ "a.example", POLICY_DNS_INSECURE, true, true },
	{ "e.example", POLICY_DNS_INSECURE, true, false },
	{ "n.example", POLICY_DNS_INSECURE, false, false },
	{ "s.example", POLICY_DNS_FAILED, false, false },
	{ "m.example", POLICY_DNS_FAILED, false, false },
	{ "x.example", POLICY_DNS_FAILED, false, false },
	{ "y.example", POLICY_DNS_INSECURE, true, true },
	{ "z.example", POLICY_DNS_INSECURE, true, true },
	{ "a..example", POLICY_DNS_FAILED, false, false },
};

static void round_check(struct stage *s, const struct status_case *c, size_t count)
{
	struct asked asked[16] = {};
	assert_true(count <= COUNT_OF(asked));
	for (size_t i = 0; i < count; i++) {
		asked[i] = (struct asked){ .stage = s };
		s->open++;
		assert_int_equal(lookup_ask(&asked[i].question, s->lookup, c[i].name, DNS_A,
		                            on_answer, &asked[i]),
		                 0);
	}
	for (size_t i = 0; i < count; i++)
		assert_int_equal(asked[i].answers, 0); /* never before lookup_ask returns */
	assert_int_equal(io_loop_run(s->loop), 0);
	for (size_t i = 0; i < count; i++)
		if (asked[i].answers != 1 || asked[i].status != c[i].status ||
		    asked[i].is_name_there != c[i].is_name_there ||
		    asked[i].has_record != c[i].has_record)
			fail_msg("%s: %u answers, %s, name %d, record %d", c[i].name,
			         asked[i].answers, policy_dns_name(asked[i].status),
			         asked[i].is_name_there, asked[i].has_record);
}

static void test_lookup_statuses(void **state)
{
	(void)state;
	struct stage s = {};
	stage_start(&s, 3000);
	for (int round = 0; round < 2; round++)
		round_check(&s, cases, COUNT_OF(cases));
	stage_end(&s);
}

static void test_lookup_trusts_ad(void **state)
{
	(void)state;
	struct stage s = {};
	stage_start_trusting(&s, 1000);
	round_check(&s, believed, COUNT_OF(believed));
	stage_end(&s);
}

/* Nobody listens anywhere: that is told at once, and is no answer. */
static void test_lookup_trusts_nobody(void **state)
{
	(void)state;
	struct stage s = {};
	struct asked a = { .stage = &s };
	const char *const forwards[] = { "127.0.0.1@1", "::1@1" };
	const struct lookup_settings settings = { .forwards = forwards,
		                                  .forward_count = COUNT_OF(forwards),
		                                  .trusts_ad = true };
	stage_begin(&s, &settings);
	s.open = 1;
	assert_int_equal(lookup_ask(&a.question, s.lookup, "v.example", DNS_A, on_answer, &a), 0);
	assert_int_equal(io_loop_run(s.loop), 0);
	assert_int_equal(a.status, POLICY_DNS_FAILED);
	lookup_free(s.lookup);
	io_loop_free(s.loop);
}

/* A name server inside gets no question, though it would answer. */
static void test_lookup_public_only(void **state)
{
	(void)state;
	struct stage s = {};
	struct asked a = { .stage = &s };
	zone_start(&s.server, zone, COUNT_OF(zone));
	const char *forward = s.server.address;
	const struct lookup_settings settings = { .forwards = &forward,
		                                  .forward_count = 1,
		                                  .trust_anchor = "/dev/null",
		                                  .asks_public_only = true,
		                                  .timeout_ms = 3000 };
	stage_begin(&s, &settings);
	s.open = 1;
	/* One that it would leave without an answer, and count. */
	assert_int_equal(lookup_ask(&a.question, s.lookup, "m.example", DNS_A, on_answer, &a), 0);
	assert_int_equal(io_loop_run(s.loop), 0);
	assert_int_equal(a.status, POLICY_DNS_FAILED);
	assert_int_equal(zone_stalled(&s.server), 0);
	lookup_free(s.lookup);
	io_loop_free(s.loop);
	zone_stop(&s.server);
}

/* Questions that nobody waits for any more, one of them answered by the same packet as another. */
static void left_check(void (*start)(struct stage *s, unsigned timeout_ms))
{
	struct stage s = {};
	struct lookup_question *left[3];
	struct asked stays = { .stage = &s };
	start(&s, 1000);
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

static void test_lookup_left(void **state)
{
	(void)state;
	left_check(stage_start);
	left_check(stage_start_trusting);
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
	settings.trusts_ad = true;
	assert_int_equal(lookup_new(&l, loop, &settings, error, sizeof(error)),
	                 LOOKUP_BAD_SETTINGS);
	assert_non_null(strstr(error, "no address"));
	io_loop_free(loop);
}

/* Nobody answers for 500 names; that delays no other. */
static void stalled_check(void (*start)(struct stage *s, unsigned timeout_ms))
{
	enum { STALLED = 500 };
	static struct lookup_question *stalled[STALLED];
	struct stage stage = {};
	struct stage *s = &stage;
	struct asked a = { .stage = s };
	char name[32];
	struct timespec began, ended;
	start(s, 30000);
	for (int i = 0; i < STALLED; i++) {
		snprintf(name, sizeof(name), "m%d.example", i);
		assert_int_equal(lookup_ask(&stalled[i], s->lookup, name, DNS_A, on_answer, &a), 0);
	}
	clock_gettime(CLOCK_MONOTONIC, &began);
	s->open = 1;
	assert_int_equal(lookup_ask(&a.question, s->lookup, "a.example", DNS_A, on_answer, &a), 0);
	assert_int_equal(io_loop_run(s->loop), 0);
	clock_gettime(CLOCK_MONOTONIC, &ended);
	assert_true(a.answers == 1 && a.has_record);
	assert_true(ended.tv_sec - began.tv_sec <= 10); /* those that stall would take 30 s */
	for (int i = 0; i < STALLED; i++)
		lookup_question_free(stalled[i]);
	stage_end(s);
}

static void test_lookup_stalled_zones(void **state)
{
	(void)state;
	stalled_check(stage_start);
	stalled_check(stage_start_trusting);
}

static void room_ask(struct stage *s, struct asked *a, const char *name)
{
	s->open++;
	assert_int_equal(lookup_ask(&a->question, s->lookup, name, DNS_A, on_answer, a), 0);
}

/* More than there may be at a time wait for one to end, and may be left meanwhile. */
static void room_check(bool trusts_ad)
{
	enum { QUERIES = 16, STALLED = QUERIES - 1, LEFT = 3 };
	struct lookup_question *stalled[STALLED], *left[LEFT];
	struct stage s = {};
	struct asked first = { .stage = &s }, last = { .stage = &s };
	char name[32];
	zone_start(&s.server, zone, COUNT_OF(zone));
	const char *forward = s.server.address;
	stage_begin(&s, &(struct lookup_settings){ .forwards = &forward,
	                                           .forward_count = 1,
	                                           .trusts_ad = trusts_ad,
	                                           .trust_anchor = "/dev/null",
	                                           .queries = QUERIES });
	for (int i = 0; i < STALLED; i++) {
		snprintf(name, sizeof(name), "m%d.example", i);
		assert_int_equal(lookup_ask(&stalled[i], s.lookup, name, DNS_A, on_answer, NULL),
		                 0);
	}
	room_ask(&s, &first, "a.example");
	for (int i = 0; i < LEFT; i++) /* none of these may take the only place */
		assert_int_equal(lookup_ask(&left[i], s.lookup, i ? "m.example" : "mm.example",
		                            DNS_A, on_answer, NULL),
		                 0);
	lookup_question_free(left[LEFT - 1]);
	room_ask(&s, &last, "v.example");
	lookup_question_free(left[0]);
	lookup_question_free(left[1]);
	assert_int_equal(io_loop_run(s.loop), 0);
	assert_true(first.answers == 1 && first.has_record);
	assert_true(last.answers == 1 && last.has_record);
	for (int i = 0; i < STALLED; i++)
		lookup_question_free(stalled[i]);
	lookup_free(s.lookup);
	io_loop_free(s.loop);
	zone_stop(&s.server);
}

static void test_lookup_room(void **state)
{
	(void)state;
	room_check(false);
	room_check(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lookup_statuses),
		cmocka_unit_test(test_lookup_trusts_ad),
		cmocka_unit_test(test_lookup_trusts_nobody),
		cmocka_unit_test(test_lookup_public_only),
		cmocka_unit_test(test_lookup_left),
		cmocka_unit_test(test_lookup_settings),
		cmocka_unit_test(test_lookup_stalled_zones),
		cmocka_unit_test(test_lookup_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
