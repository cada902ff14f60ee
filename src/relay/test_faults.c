#include "relay/faults.h"

#include "base/clean.h"
#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { NOW = 1000 * 1000, HOUR = 3600 * 1000, DAY = RELAY_FAULTS_FORGET_MS, NEIGHBOURS = 8 };

static struct relay_faults faults;

static void begin(uint64_t seed)
{
	faults = (struct relay_faults){ .seed = seed };
}

enum act { FAILS, WELL, SMALL, WANTS };

/* In order, on one host. told: for how long TLS failed, or whether the small hello is wanted. */
static const struct {
	const char *name;
	struct {
		enum act act;
		uint64_t at_ms;
		uint64_t told;
	} steps[6];
	size_t count;
} talks[] = {
	{ "since when", { { FAILS, 0, 0 }, { FAILS, 5, 5 }, { FAILS, HOUR, HOUR } }, 3 },
	{ "cleared",
	  { { FAILS, 0, 0 },
	    { FAILS, 5, 5 },
	    { WELL, 6, 0 },
	    { FAILS, HOUR, 0 },
	    { FAILS, HOUR + 7, 7 } },
	  5 },
	{ "not forgotten while it fails",
	  { { FAILS, 0, 0 }, { FAILS, DAY - 1, DAY - 1 }, { FAILS, 2 * DAY - 2, 2 * DAY - 2 } },
	  3 },
	{ "forgotten after a day", { { FAILS, 0, 0 }, { FAILS, DAY, 0 } }, 2 },
	{ "nothing is wanted", { { WANTS, 0, 0 }, { FAILS, 0, 0 }, { WANTS, 1, 0 } }, 3 },
	{ "small hello kept",
	  { { SMALL, 0, 0 }, { WANTS, 1, 1 }, { WELL, 2, 0 }, { WANTS, DAY - 1, 1 } },
	  4 },
	{ "small hello forgotten", { { SMALL, 0, 0 }, { WANTS, DAY, 0 } }, 2 },
	{ "a failure with the small hello counts from itself",
	  { { SMALL, 0, 0 }, { FAILS, HOUR, 0 }, { FAILS, HOUR + 9, 9 }, { WANTS, HOUR + 9, 1 } },
	  4 },
	{ "what was cleared beside the small hello is gone",
	  { { FAILS, 0, 0 }, { SMALL, 5, 0 }, { FAILS, 6, 0 }, { WELL, 7, 0 }, { FAILS, 9, 0 } },
	  5 },
	{ "well that never failed", { { WELL, 0, 0 }, { FAILS, 1, 0 } }, 2 },
};

static void test_faults_of_one_host(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(talks); i++) {
		begin(1);
		for (size_t n = 0; n < talks[i].count; n++) {
			uint64_t now_ms = NOW + talks[i].steps[n].at_ms, told = 0;
			if (talks[i].steps[n].act == FAILS)
				told = relay_faults_note(&faults, "mx.example.org", now_ms);
			else if (talks[i].steps[n].act == WANTS)
				told = relay_faults_wants_small(&faults, "mx.example.org", now_ms);
			else if (talks[i].steps[n].act == SMALL)
				relay_faults_note_small(&faults, "mx.example.org", now_ms);
			else
				relay_faults_clear(&faults, "mx.example.org", now_ms);
			if (told != talks[i].steps[n].told)
				fail_msg("%s, step %zu: %llu", talks[i].name, n + 1,
				         (unsigned long long)told);
		}
	}
}

static void test_faults_of_others_are_not_its(void **state)
{
	(void)state;
	begin(1);
	relay_faults_note(&faults, "mx1.example.org", NOW);
	assert_int_equal(relay_faults_note(&faults, "mx2.example.org", NOW + HOUR), 0);
	relay_faults_clear(&faults, "mx2.example.org", NOW + HOUR);
	assert_int_equal(relay_faults_note(&faults, "MX1.example.org", NOW + HOUR), HOUR);
}

/* Hosts that may stand in the same places: same first one. */
static void neighbour_name(char name[32], size_t number)
{
	static size_t next;
	static size_t place;
	if (!number)
		next = 0;
	for (;; next++) {
		snprintf(name, 32, "h%zu.example", next);
		uint64_t key = hash_name(faults.seed ^ HASH_START, name) | 1;
		if (!next)
			place = hash_place(key, RELAY_FAULTS_PLACES);
		if (hash_place(key, RELAY_FAULTS_PLACES) != place)
			continue;
		next++;
		return;
	}
}

static void test_faults_a_full_neighbourhood_loses_the_longest_silent(void **state)
{
	enum { OLDEST = 3 };
	char names[NEIGHBOURS + 1][32];
	(void)state;
	begin(7);
	for (size_t i = 0; i <= NEIGHBOURS; i++)
		neighbour_name(names[i], i);
	for (size_t i = 0; i < NEIGHBOURS; i++)
		relay_faults_note(&faults, names[i], NOW);
	for (size_t i = 0; i < NEIGHBOURS; i++)
		if (i != OLDEST)
			assert_int_equal(relay_faults_note(&faults, names[i], NOW + 10), 10);
	assert_int_equal(relay_faults_note(&faults, names[NEIGHBOURS], NOW + 20), 0);
	for (size_t i = 0; i < NEIGHBOURS; i++)
		if (i != OLDEST)
			assert_int_equal(relay_faults_note(&faults, names[i], NOW + 30), 30);
	assert_int_equal(relay_faults_note(&faults, names[NEIGHBOURS], NOW + 30), 10);
	assert_int_equal(relay_faults_note(&faults, names[OLDEST], NOW + 40), 0);
}

/* A place that was given back is taken, and nobody is put out for it. */
static void test_faults_a_free_place_comes_first(void **state)
{
	char names[NEIGHBOURS + 1][32];
	(void)state;
	begin(7);
	for (size_t i = 0; i <= NEIGHBOURS; i++)
		neighbour_name(names[i], i);
	for (size_t i = 0; i < NEIGHBOURS; i++)
		relay_faults_note(&faults, names[i], NOW + i);
	relay_faults_clear(&faults, names[NEIGHBOURS - 1], NOW + 10);
	relay_faults_note(&faults, names[NEIGHBOURS], NOW + 20);
	for (size_t i = 0; i + 1 < NEIGHBOURS; i++)
		assert_int_equal(relay_faults_note(&faults, names[i], NOW + 30), 30 - i);
}

/* Who names hosts cannot know where they stand. */
static void test_faults_seed_moves_places(void **state)
{
	size_t moved = 0;
	(void)state;
	for (uint64_t seed = 1; seed <= 16; seed++) {
		begin(seed);
		relay_faults_note(&faults, "mx.example.org", NOW);
		size_t at = 0;
		while (!faults.places[at].key)
			at++;
		uint64_t bare = hash_name(HASH_START, "mx.example.org") | 1;
		moved += at != hash_place(bare, RELAY_FAULTS_PLACES);
	}
	assert_true(moved >= 14);
}

static void test_faults_many_hosts(void **state)
{
	size_t held = 0;
	char name[32];
	(void)state;
	begin(3);
	for (size_t i = 0; i < 3 * RELAY_FAULTS_PLACES; i++) {
		snprintf(name, sizeof(name), "many%zu.example", i);
		assert_int_equal(relay_faults_note(&faults, name, NOW + i), 0);
	}
	for (size_t i = 0; i < RELAY_FAULTS_PLACES; i++)
		held += faults.places[i].key != 0;
	assert_true(held > RELAY_FAULTS_PLACES * 9 / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faults_of_one_host),
		cmocka_unit_test(test_faults_of_others_are_not_its),
		cmocka_unit_test(test_faults_a_full_neighbourhood_loses_the_longest_silent),
		cmocka_unit_test(test_faults_a_free_place_comes_first),
		cmocka_unit_test(test_faults_seed_moves_places),
		cmocka_unit_test(test_faults_many_hosts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
