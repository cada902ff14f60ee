/* A rollover step by step, with clocks that jump and servers that lose the record. */
#include "rollover/rollover.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { BEGIN_S = 1000000, MINUTE_S = 60, TTL_S = 120 };

static const uint8_t old_key[ROLLOVER_DIGEST_LEN] = { 1 };
static const uint8_t new_key[ROLLOVER_DIGEST_LEN] = { 2 };
static const uint8_t other_key[ROLLOVER_DIGEST_LEN] = { 3 };
static const struct rollover_sight everywhere = { true, TTL_S, NULL };
static const struct rollover_sight somewhere = { false, TTL_S, "192.0.2.53 has not" };

static struct rollover planned(void)
{
	struct rollover r = {};
	assert_true(rollover_plan(&r, old_key, new_key, BEGIN_S));
	return r;
}

struct step {
	char what; /* E: everywhere, L: lost, S: switch, A: abort */
	int after_s;
	bool is_done; /* what the call says */
	enum rollover_state then;
};

struct course {
	const char *name;
	struct step steps[10];
};

static bool step_do(struct rollover *r, char what, int64_t now_s)
{
	switch (what) {
	case 'E':
		return rollover_see(r, &everywhere, now_s);
	case 'L':
		return rollover_see(r, &somewhere, now_s);
	case 'S':
		return rollover_switch(r, now_s);
	default:
		return rollover_abort(r);
	}
}

static const struct course courses[] = {
	{ "all well",
	  { { 'L', 60, false, ROLLOVER_PLANNED },
	    { 'E', 60, true, ROLLOVER_SEEN },
	    { 'E', 120, false, ROLLOVER_SEEN },
	    { 'E', 119, false, ROLLOVER_SEEN },
	    { 'E', 1, true, ROLLOVER_RIPE },
	    { 'S', 600, true, ROLLOVER_SWITCHED },
	    { 'E', 239, false, ROLLOVER_SWITCHED },
	    { 'E', 1, true, ROLLOVER_OVER },
	    { 'E', 60, false, ROLLOVER_OVER } } },
	{ "a server loses it while it ripens: from the beginning",
	  { { 'E', 0, true, ROLLOVER_SEEN },
	    { 'E', 239, false, ROLLOVER_SEEN },
	    { 'L', 1, true, ROLLOVER_PLANNED },
	    { 'E', 1, true, ROLLOVER_SEEN },
	    { 'E', 239, false, ROLLOVER_SEEN },
	    { 'E', 1, true, ROLLOVER_RIPE } } },
	{ "a server loses it when it is ripe",
	  { { 'E', 0, true, ROLLOVER_SEEN },
	    { 'E', 240, true, ROLLOVER_RIPE },
	    { 'L', 60, true, ROLLOVER_PLANNED },
	    { 'S', 0, false, ROLLOVER_PLANNED } } },
	{ "not before it is ripe",
	  { { 'S', 0, false, ROLLOVER_PLANNED },
	    { 'E', 0, true, ROLLOVER_SEEN },
	    { 'S', 0, false, ROLLOVER_SEEN } } },
	{ "the clock is set back",
	  { { 'E', 0, true, ROLLOVER_SEEN },
	    { 'E', -5000, false, ROLLOVER_SEEN },
	    { 'E', 239, false, ROLLOVER_SEEN },
	    { 'E', 1, true, ROLLOVER_RIPE } } },
	{ "the new key in force is never taken back by a plan",
	  { { 'E', 0, true, ROLLOVER_SEEN },
	    { 'E', 240, true, ROLLOVER_RIPE },
	    { 'S', 0, true, ROLLOVER_SWITCHED },
	    { 'A', 0, false, ROLLOVER_SWITCHED },
	    { 'L', 60, false, ROLLOVER_SWITCHED } } },
	{ "taken back in time",
	  { { 'E', 0, true, ROLLOVER_SEEN },
	    { 'A', 0, true, ROLLOVER_NONE },
	    { 'E', 60, false, ROLLOVER_NONE },
	    { 'A', 0, false, ROLLOVER_NONE } } },
};

static void test_rollover_courses(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(courses); i++) {
		struct rollover r = planned();
		int64_t now_s = BEGIN_S;
		for (const struct step *s = courses[i].steps; s->what; s++) {
			now_s += s->after_s;
			bool is_done = step_do(&r, s->what, now_s);
			if (is_done != s->is_done || r.state != s->then)
				fail_msg("%s: step %d: %s", courses[i].name,
				         (int)(s - courses[i].steps), rollover_state_name(r.state));
		}
	}
}

/* A day in which the daemon did not run, or a clock that was set forward, is not a day of looking.
 */
static void test_rollover_nobody_looked(void **state)
{
	(void)state;
	struct rollover r = planned();
	const struct rollover_sight slow = { true, 3600, NULL };
	assert_true(rollover_see(&r, &slow, BEGIN_S));
	assert_false(rollover_see(&r, &slow, BEGIN_S + 24 * 3600));
	assert_int_equal(r.state, ROLLOVER_SEEN);
	assert_int_equal(rollover_wait_s(&r), 2 * 3600 - ROLLOVER_GAP_MAX_S);
}

/* The largest TTL counts, and one out of all bounds does not make it wait for ever. */
static void test_rollover_ttl(void **state)
{
	(void)state;
	struct rollover r = planned();
	const struct rollover_sight none = { true, 0, NULL }, huge = { true, UINT32_MAX, NULL };
	assert_true(rollover_see(&r, &none, BEGIN_S));
	assert_false(rollover_see(&r, &none, BEGIN_S + MINUTE_S));
	assert_int_equal(r.state, ROLLOVER_SEEN);
	rollover_see(&r, &everywhere, BEGIN_S + 2 * MINUTE_S);
	assert_int_equal(rollover_wait_s(&r), 2 * TTL_S - 2 * MINUTE_S);
	rollover_see(&r, &huge, BEGIN_S + 3 * MINUTE_S);
	assert_int_equal(rollover_wait_s(&r), 2 * ROLLOVER_TTL_MAX_S - 3 * MINUTE_S);
}

static void test_rollover_ttl_zero(void **state)
{
	(void)state;
	struct rollover r = planned();
	const struct rollover_sight none = { true, 0, NULL };
	assert_true(rollover_see(&r, &none, BEGIN_S));
	assert_int_equal(rollover_wait_s(&r), 2 * ROLLOVER_TTL_ZERO_S);
	assert_false(rollover_see(&r, &none, BEGIN_S + 2 * ROLLOVER_TTL_ZERO_S - 1));
	assert_true(rollover_see(&r, &none, BEGIN_S + 2 * ROLLOVER_TTL_ZERO_S));
	assert_int_equal(r.state, ROLLOVER_RIPE);
}

static void test_rollover_plan_refused(void **state)
{
	(void)state;
	struct rollover r = {};
	assert_false(rollover_plan(&r, old_key, old_key, BEGIN_S));
	r = planned();
	assert_false(rollover_plan(&r, new_key, other_key, BEGIN_S));
	r.state = ROLLOVER_OVER;
	assert_true(rollover_plan(&r, new_key, other_key, BEGIN_S));
}

static void test_rollover_allows(void **state)
{
	(void)state;
	struct rollover r = planned();
	assert_false(rollover_allows(&r, new_key));
	assert_true(rollover_allows(&r, old_key));
	assert_true(rollover_allows(&r, other_key));
	r.state = ROLLOVER_RIPE;
	assert_true(rollover_allows(&r, new_key));
}

static void test_rollover_serve(void **state)
{
	(void)state;
	uint8_t third[ROLLOVER_DIGEST_LEN] = { 3 };
	struct rollover r = planned();
	assert_false(rollover_serve(&r, old_key, BEGIN_S));
	assert_false(rollover_serve(&r, third, BEGIN_S)); /* renewed beside the plan */
	assert_memory_equal(r.current, third, sizeof(third));
	assert_int_equal(r.state, ROLLOVER_PLANNED);
	assert_true(rollover_serve(&r, new_key, BEGIN_S + 5));
	assert_int_equal(r.state, ROLLOVER_SWITCHED);
	assert_int_equal(r.switched_s, BEGIN_S + 5);
	assert_false(rollover_serve(&r, new_key, BEGIN_S + 6));
	assert_true(rollover_serve(&r, old_key, BEGIN_S + 7)); /* put back */
	assert_int_equal(r.state, ROLLOVER_PLANNED);
	assert_memory_equal(r.current, old_key, sizeof(old_key));
	struct rollover none = {};
	assert_false(rollover_serve(&none, new_key, BEGIN_S));
	assert_int_equal(none.state, ROLLOVER_NONE);
}

static void test_rollover_text(void **state)
{
	(void)state;
	struct rollover r = planned(), again = {};
	rollover_see(&r, &everywhere, BEGIN_S + 7);
	rollover_see(&r, &everywhere, BEGIN_S + 90);
	struct buf text = {};
	assert_int_equal(rollover_write(&text, &r), 0);
	assert_int_equal(rollover_read(&again, buf_slice(&text)), 0);
	assert_int_equal(again.state, ROLLOVER_SEEN);
	assert_memory_equal(again.current, old_key, sizeof(old_key));
	assert_memory_equal(again.next, new_key, sizeof(new_key));
	assert_int_equal(again.planned_s, BEGIN_S);
	assert_int_equal(again.seen_s, BEGIN_S + 7);
	assert_int_equal(rollover_wait_s(&again), rollover_wait_s(&r));
	/* Cut anywhere, or with a byte too many, it is none. */
	for (size_t len = 0; len + 1 < buf_len(&text); len++)
		assert_int_equal(rollover_read(&again, slice_head(buf_slice(&text), len)),
		                 ROLLOVER_BAD);
	assert_int_equal(buf_add_str(&text, "x"), 0);
	assert_int_equal(rollover_read(&again, buf_slice(&text)), ROLLOVER_BAD);
	buf_deinit(&text);
}

static void test_rollover_text_refused(void **state)
{
	(void)state;
	static const struct {
		const char *from, *to;
	} faults[] = {
		{ "rollover 1", "rollover 2" }, { "state planned", "state Planned" },
		{ "state planned", "state " },  { "current 01", "current 0g" },
		{ "next 02", "next 0202" },     { "planned 1000000", "planned -1" },
		{ "seen 0", "seen +0" },        { "looked 0", "looked 99999999999999999999" },
		{ "ttl 0", "ttl 4294967296" },  { "switched 0", "switched" },
		{ "watched 0", "watched 1 " },
	};
	struct rollover r = planned(), again = { .planned_s = 5 };
	struct buf text = {};
	assert_int_equal(rollover_write(&text, &r), 0);
	for (size_t i = 0; i < COUNT_OF(faults); i++) {
		char bad[ROLLOVER_TEXT_MAX];
		assert_int_equal(buf_add(&text, slice_of("", 1)), 0);
		const char *whole = (const char *)buf_slice(&text).data;
		const char *at = strstr(whole, faults[i].from);
		assert_non_null(at);
		snprintf(bad, sizeof(bad), "%.*s%s%s", (int)(at - whole), whole, faults[i].to,
		         at + strlen(faults[i].from));
		if (rollover_read(&again, slice_str(bad)) != ROLLOVER_BAD)
			fail_msg("%s is taken", faults[i].to);
		assert_int_equal(again.planned_s, 5);
	}
	buf_deinit(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rollover_courses),
		cmocka_unit_test(test_rollover_nobody_looked),
		cmocka_unit_test(test_rollover_ttl),
		cmocka_unit_test(test_rollover_ttl_zero),
		cmocka_unit_test(test_rollover_plan_refused),
		cmocka_unit_test(test_rollover_allows),
		cmocka_unit_test(test_rollover_serve),
		cmocka_unit_test(test_rollover_text),
		cmocka_unit_test(test_rollover_text_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
