#include "base/clean.h"
#include "resolver/places.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { MINUTE = 60 * 1000 };

static struct places *ps;
static char said[64]; /* letters of places that were taken after a wait */

/* A place with a letter. */
struct one {
	struct place place;
	char letter;
};

static void on_taken(struct place *p)
{
	char letter[] = { ((struct one *)p)->letter, 0 };
	strcat(said, letter);
}

static int begin(void **state)
{
	(void)state;
	said[0] = '\0';
	ps = places_new(7);
	return ps ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	places_free(ps);
	return 0;
}

static bool ask(struct one *o, char letter, const struct places_wish *wish, uint64_t now_ms)
{
	*o = (struct one){ .letter = letter, .place.fn = on_taken };
	assert_int_equal(places_ask(ps, &o->place, wish, now_ms), 0);
	return o->place.is_taken;
}

static void give(struct one *o)
{
	places_give(ps, &o->place, 0);
}

static void test_places_of_each_kind(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct places_wish first, second; /* the second waits for the first */
		bool waits;
	} cases[] = {
		{ "domain",
		  { "a.example", "mx.b.example", { 1, 0, 0 }, 0 },
		  { "A.example", "mx.c.example", { 1, 0, 0 }, 0 },
		  true },
		{ "host",
		  { "a.example", "mx.b.example", { 0, 1, 0 }, 0 },
		  { "b.example", "mx.b.example", { 0, 1, 0 }, 0 },
		  true },
		{ "operator",
		  { "a.example", "mx1.eu.b.example", { 0, 0, 1 }, 0 },
		  { "b.example", "mx2.b.example", { 0, 0, 1 }, 0 },
		  true },
		{ "operator below a public suffix",
		  { "a.example", "mx.one.co.uk", { 0, 0, 1 }, 0 },
		  { "b.example", "mx.two.co.uk", { 0, 0, 1 }, 0 },
		  false },
		{ "an address",
		  { "a.example", "192.0.2.1", { 0, 0, 1 }, 0 },
		  { "b.example", "198.51.2.1", { 0, 0, 1 }, 0 },
		  false },
		{ "an address of IPv6",
		  { "a.example", "2001:db8::1", { 0, 0, 1 }, 0 },
		  { "b.example", "2001:db8::1", { 0, 0, 1 }, 0 },
		  true },
		{ "a domain is no host",
		  { "mx.example", "mx.a.example", { 1, 1, 0 }, 0 },
		  { "b.example", "mx.example", { 1, 1, 0 }, 0 },
		  false },
		{ "no limits",
		  { "a.example", "mx.b.example", { 0, 0, 0 }, 0 },
		  { "a.example", "mx.b.example", { 0, 0, 0 }, 0 },
		  false },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct one a, b;
		said[0] = '\0';
		assert_true(ask(&a, 'a', &cases[i].first, 0));
		if (ask(&b, 'b', &cases[i].second, 0) == cases[i].waits)
			fail_msg("%s", cases[i].name);
		give(&a);
		assert_string_equal(said, cases[i].waits ? "b" : "");
		give(&b);
	}
}

static void test_places_in_line(void **state)
{
	(void)state;
	static const struct places_wish wish = { "a.example", "mx.example", { 2, 0, 0 }, 0 };
	struct one o[5];
	for (int i = 0; i < 5; i++)
		assert_int_equal(ask(&o[i], (char)('a' + i), &wish, 0), i < 2);
	give(&o[2]); /* it does not wait any more */
	give(&o[1]);
	assert_string_equal(said, "d");
	give(&o[0]);
	assert_string_equal(said, "de");
	give(&o[3]);
	give(&o[4]);
	give(&o[4]); /* twice is once */
	assert_true(ask(&o[0], 'x', &wish, 0));
	give(&o[0]);
}

/* Who came behind for another domain is not kept by who waits for his own. */
static void test_places_one_domain_keeps_none_else(void **state)
{
	(void)state;
	static const struct places_wish slow = { "slow.example", "mx.example.net", { 1, 3, 0 }, 0 };
	static const struct places_wish other = { "b.example", "mx.example.net", { 1, 3, 0 }, 0 };
	struct one o[4];
	assert_true(ask(&o[0], 'a', &slow, 0));
	assert_false(ask(&o[1], 'b', &slow, 0));
	assert_true(ask(&o[2], 'c', &other, 0));
	assert_false(ask(&o[3], 'd', &other, 0));
	give(&o[2]);
	assert_string_equal(said, "d");
	give(&o[0]);
	assert_string_equal(said, "db");
	give(&o[1]);
	give(&o[3]);
}

/* From the line of the domain to that of the host, and back. */
static void test_places_more_than_one_reason(void **state)
{
	(void)state;
	static const struct places_wish both = { "a.example", "mx.example.net", { 1, 1, 0 }, 0 };
	static const struct places_wish other = { "b.example", "mx.example.net", { 1, 1, 0 }, 0 };
	struct one a, b, c;
	assert_true(ask(&a, 'a', &both, 0));
	assert_false(ask(&b, 'b', &other, 0)); /* at the host */
	assert_false(ask(&c, 'c', &both, 0));  /* at the domain */
	give(&a);
	assert_string_equal(said, "b");
	give(&b);
	assert_string_equal(said, "bc");
	give(&c);
}

static void wanted_add(void *owner, bool is_domain, const char *name)
{
	strcat(owner, is_domain ? "@" : "");
	strcat(owner, name);
	strcat(owner, " ");
}

static void test_places_rate(void **state)
{
	(void)state;
	static const struct places_wish wish = { "a.example", "mx.example.net", { 0 }, 60 };
	char wanted[64] = "";
	struct one o[3];
	assert_true(ask(&o[0], 'a', &wish, MINUTE));
	assert_false(ask(&o[1], 'b', &wish, MINUTE));
	assert_false(ask(&o[2], 'c', &wish, MINUTE + 1));
	places_each_wanted(ps, wanted_add, wanted);
	assert_string_equal(wanted, ""); /* nobody can make room */
	assert_true(places_tick(ps, MINUTE + 999));
	assert_string_equal(said, "");
	assert_true(places_tick(ps, MINUTE + 1000));
	assert_string_equal(said, "b");
	for (int i = 0; i < 3; i++)
		places_give(ps, &o[i].place, MINUTE + 1000);
	assert_false(places_tick(ps, MINUTE + 1000));
	assert_false(ask(&o[0], 'd', &wish, MINUTE + 1999)); /* though nobody was there meanwhile */
	give(&o[0]);
	places_tick(ps, 3 * MINUTE);
	assert_true(ask(&o[0], 'e', &wish, 3 * MINUTE));
	give(&o[0]);
}

/* However often there is a tick, and nobody overtakes. */
static void test_places_high_rate(void **state)
{
	(void)state;
	static const struct places_wish wish = { "a.example", "mx.example.net", { 0 }, 6000 };
	static struct one o[40];
	assert_true(ask(&o[0], 'a', &wish, MINUTE));
	for (int i = 1; i < 40; i++)
		assert_false(ask(&o[i], 'b', &wish, MINUTE));
	places_tick(ps, MINUTE + 100);
	assert_int_equal(strlen(said), 10);
	struct one late;
	assert_false(ask(&late, 'l', &wish, MINUTE + 110));
	assert_int_equal(strlen(said), 11); /* of those in line */
	places_tick(ps, MINUTE + 200);
	assert_int_equal(strlen(said), 20);
	for (int i = 0; i < 40; i++)
		places_give(ps, &o[i].place, MINUTE + 200);
	places_give(ps, &late.place, MINUTE + 200);
	assert_false(places_tick(ps, MINUTE + 200));
}

static void test_places_operator_is_wanted(void **state)
{
	(void)state;
	static const struct places_wish wish = { "a.example", "mx.example.net", { 0, 0, 1 }, 0 };
	char wanted[64] = "";
	struct one a, b;
	assert_true(ask(&a, 'a', &wish, 0));
	assert_false(ask(&b, 'b', &wish, 0));
	places_each_wanted(ps, wanted_add, wanted);
	assert_string_equal(wanted, "example.net ");
	give(&b);
	give(&a);
}

/* Of the process before: it counts, and it may be more than there are. */
static void test_places_held_before(void **state)
{
	(void)state;
	static const struct places_wish wish = { "a.example", "mx.example.net", { 1, 1, 1 }, 60 };
	struct one o[3] = { { .letter = 'a' }, { .letter = 'b' } };
	char wanted[64] = "";
	assert_int_equal(places_hold(ps, &o[0].place, &wish), 0);
	assert_int_equal(places_hold(ps, &o[1].place, &wish), 0);
	assert_false(ask(&o[2], 'c', &wish, 0));
	places_each_wanted(ps, wanted_add, wanted);
	assert_string_equal(wanted, "@a.example ");
	assert_string_equal(places_operator(&o[2].place), "example.net");
	give(&o[0]);
	assert_string_equal(said, "");
	give(&o[1]);
	assert_string_equal(said, "c");
	give(&o[2]);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_places_of_each_kind),
		TEST(test_places_in_line),
		TEST(test_places_one_domain_keeps_none_else),
		TEST(test_places_more_than_one_reason),
		TEST(test_places_rate),
		TEST(test_places_high_rate),
		TEST(test_places_operator_is_wanted),
		TEST(test_places_held_before),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
