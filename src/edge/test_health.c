#include "edge/health.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* After those it needs. */
#include <cmocka.h>

/* "+" it answered, "-" it did not; what it is after each: "?" unknown, "u" up, "d" down. */
static const struct {
	const char *looks, *states;
} cases[] = {
	{ "+", "u" },       { "-", "?" },           { "--", "?d" },
	{ "-+", "?u" },     { "+-+-+", "uuuuu" },   { "+--", "uud" },
	{ "+--+", "uudu" }, { "+---+-", "uudduu" }, { "--+--", "?duud" },
};

static void test_states(void **state)
{
	static const char letters[] = {
		[EDGE_HEALTH_UNKNOWN] = '?', [EDGE_HEALTH_UP] = 'u', [EDGE_HEALTH_DOWN] = 'd'
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct edge_health h = {};
		for (size_t n = 0; cases[i].looks[n]; n++) {
			edge_health_note(&h, cases[i].looks[n] == '+');
			assert_int_equal(letters[h.state], cases[i].states[n]);
		}
	}
}

static void test_waits(void **state)
{
	static const uint32_t waits[] = { 1000, 2000, 4000, 8000, 10000, 10000 };
	struct edge_health h = {};
	(void)state;
	assert_int_equal(edge_health_wait_ms(&h, 10000), 10000);
	for (size_t i = 0; i < COUNT_OF(waits); i++) {
		edge_health_note(&h, false);
		assert_int_equal(edge_health_wait_ms(&h, 10000), waits[i]);
		assert_int_equal(edge_health_wait_ms(&h, 300), 300);
	}
	h.failures = UINT32_MAX;
	assert_int_equal(edge_health_wait_ms(&h, UINT32_MAX), UINT32_MAX);
	edge_health_note(&h, true);
	assert_int_equal(edge_health_wait_ms(&h, 10000), 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_waits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
