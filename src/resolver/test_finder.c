#include "ask/fetch.h"
#include "ask/lookup.h"
#include "ask/test_heap.h"
#include "ask/test_zone.h"
#include "base/clean.h"
#include "io/loop.h"
#include "resolver/finder.h"
#include "resolver/policies.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Any domain has as many hosts as are looked at, and none of these names is ever answered. */
#define STALLED_MX(letter)                                                                         \
	{                                                                                          \
		"*.many.example", DNS_MX, ZONE_DATA("\0\12\2m" letter "\300\14")                   \
	}

static const struct zone_record zone[] = {
	STALLED_MX("a"), STALLED_MX("b"), STALLED_MX("c"), STALLED_MX("d"),
	STALLED_MX("e"), STALLED_MX("f"), STALLED_MX("g"), STALLED_MX("h"),
	STALLED_MX("i"), STALLED_MX("j"), STALLED_MX("k"), STALLED_MX("l"),
	STALLED_MX("m"), STALLED_MX("n"), STALLED_MX("o"), STALLED_MX("p"),
};
_Static_assert(COUNT_OF(zone) == POLICY_WAY_HOSTS_MAX, "not as many as are looked at");

struct scene {
	struct zone_server server;
	struct io_loop *loop;
	struct lookup *lookup;
	struct fetch *fetch;
	struct policies *policies;
	struct finder *finder;
	struct finder_wish *wishes[FINDER_SEARCHES_MAX + 1];
};

static void on_found(void *owner, const struct policy_way *way, const struct policy_sts_facts *sts)
{
}

static void scene_begin(struct scene *s, bool trusts_ad, unsigned queries)
{
	char error[128];
	zone_start(&s->server, zone, COUNT_OF(zone));
	const char *forward = s->server.address;
	const struct lookup_settings settings = { .forwards = &forward,
		                                  .forward_count = 1,
		                                  .trusts_ad = trusts_ad,
		                                  .queries = queries,
		                                  .trust_anchor = "/dev/null" };
	assert_int_equal(io_loop_new(&s->loop), 0);
	assert_int_equal(lookup_new(&s->lookup, s->loop, &settings, error, sizeof(error)), 0);
	assert_int_equal(fetch_new(&s->fetch, s->loop, &(struct fetch_settings){}), 0);
	assert_int_equal(
		policies_new(&s->policies, &(struct policies_settings){ .loop = s->loop,
	                                                                .lookup = s->lookup,
	                                                                .fetch = s->fetch }),
		0);
	assert_int_equal(finder_new(&s->finder, s->loop, s->lookup, s->policies), 0);
}

static void scene_end(struct scene *s)
{
	for (size_t i = 0; i < COUNT_OF(s->wishes); i++)
		finder_wish_free(s->wishes[i]);
	finder_free(s->finder);
	policies_free(s->policies);
	fetch_free(s->fetch);
	lookup_free(s->lookup);
	io_loop_free(s->loop);
	zone_stop(&s->server);
}

static int wish(struct scene *s, size_t place, const char *domain)
{
	return finder_wish(&s->wishes[place], s->finder, domain, false, on_found, NULL);
}

static void test_finder_has_an_end(void **state)
{
	static struct scene s;
	char domain[32];
	(void)state;
	scene_begin(&s, false, 0);
	for (unsigned i = 0; i < FINDER_SEARCHES_MAX; i++) {
		snprintf(domain, sizeof(domain), "m%u.example", i);
		assert_int_equal(wish(&s, i, domain), 0);
	}
	assert_int_equal(finder_open(s.finder), FINDER_SEARCHES_MAX);
	assert_int_equal(wish(&s, FINDER_SEARCHES_MAX, "one-more.example"), FINDER_BUSY);
	/* What is looked up already may be shared. */
	assert_int_equal(wish(&s, FINDER_SEARCHES_MAX, "m7.example"), 0);
	assert_int_equal(finder_open(s.finder), FINDER_SEARCHES_MAX);
	scene_end(&s);
}

enum { DOMAINS = 50, QUERIES = 64, STALLED = DOMAINS * 2 * POLICY_WAY_HOSTS_MAX };

struct tick {
	struct io_deadline deadline;
	struct scene *scene;
	size_t stalled; /* so many questions are waited for */
};

static void on_tick(struct io_deadline *d)
{
	struct tick *t = (struct tick *)d;
	if (zone_stalled(&t->scene->server) >= t->stalled)
		io_loop_stop(t->scene->loop);
	else
		io_deadline_arm(t->scene->loop, d, 10);
}

/* What searches for domains with all hosts stalled take, libunbound's part included. */
static size_t searches_weigh(bool trusts_ad, unsigned queries)
{
	static struct scene s;
	struct tick tick = { .deadline.fn = on_tick,
		             .scene = &s,
		             .stalled = queries ? queries : STALLED };
	char domain[32];
	s = (struct scene){};
	scene_begin(&s, trusts_ad, queries);
	size_t before = heap_used();
	for (unsigned i = 0; i < DOMAINS; i++) {
		snprintf(domain, sizeof(domain), "%u.many.example", i);
		assert_int_equal(wish(&s, i, domain), 0);
	}
	io_deadline_arm(s.loop, &tick.deadline, 10);
	assert_int_equal(io_loop_run(s.loop), 0);
	size_t after = heap_used();
	scene_end(&s);
	return after - before;
}

/* 1,024 searches and 4,096 questions at a time are 300 MB at most (measured: 81 KB and 40 KB); TLSA
 * records that were answered come to that. */
static void test_finder_weight(void **state)
{
	size_t per_search = 128 * 1024, per_question = 56 * 1024;
	(void)state;
	assert_in_range(searches_weigh(true, 0), 0, DOMAINS * per_search);
	assert_in_range(searches_weigh(false, 0), 0, DOMAINS * per_search + STALLED * per_question);
	/* What waits for room weighs nothing there; answers that it keeps do. */
	assert_in_range(searches_weigh(false, QUERIES), 0,
	                DOMAINS * per_search + 2 * QUERIES * per_question);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finder_has_an_end),
		cmocka_unit_test(test_finder_weight),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
