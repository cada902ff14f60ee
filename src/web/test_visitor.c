#include "base/clean.h"
#include "web/visitor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	enum web_visitor_source source;
	const char *peer, *forwarded, *expected;
} cases[] = {
	{ WEB_VISITOR_PEER, "192.0.2.1", NULL, "192.0.2.1" },
	{ WEB_VISITOR_PEER, NULL, NULL, "local" },
	{ WEB_VISITOR_PEER, "2001:db8:1:2:3:4:5:6", NULL, "2001:db8:1:2::/64" },
	{ WEB_VISITOR_PEER, "::ffff:192.0.2.1", NULL, "192.0.2.1" },
	/* A client says it of himself: nothing. */
	{ WEB_VISITOR_PEER, "127.0.0.1", "192.0.2.9", "127.0.0.1" },
	{ WEB_VISITOR_FORWARDED, "127.0.0.1", "192.0.2.9", "192.0.2.9" },
	{ WEB_VISITOR_FORWARDED, "::1", "192.0.2.9", "192.0.2.9" },
	{ WEB_VISITOR_FORWARDED, NULL, "192.0.2.9", "192.0.2.9" },
	/* All but the last may be a lie. */
	{ WEB_VISITOR_FORWARDED, "127.0.0.1", "198.51.100.1, 10.0.0.1 , 192.0.2.9 ", "192.0.2.9" },
	{ WEB_VISITOR_FORWARDED, "127.0.0.1", "192.0.2.9:4711", "192.0.2.9" },
	{ WEB_VISITOR_FORWARDED, "127.0.0.1", "[2001:db8::7]:4711", "2001:db8::/64" },
	{ WEB_VISITOR_FORWARDED, "127.0.0.1", "2001:db8::7", "2001:db8::/64" },
	/* What is no address is the proxy itself. */
	{ WEB_VISITOR_FORWARDED, "127.0.0.1", "", "127.0.0.1" },
	{ WEB_VISITOR_FORWARDED, "127.0.0.1", "192.0.2.9,", "127.0.0.1" },
	{ WEB_VISITOR_FORWARDED, "127.0.0.1", "unknown", "127.0.0.1" },
	{ WEB_VISITOR_FORWARDED, "127.0.0.1",
	  "1234567890123456789012345678901234567890123456789012"
	  "34567890123456789012345678901234567890",
	  "127.0.0.1" },
	/* Not from this host: no proxy of ours wrote it. */
	{ WEB_VISITOR_FORWARDED, "192.0.2.1", "198.51.100.1", "192.0.2.1" },
};

static void test_visitor_of(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char name[WEB_VISITOR_CAP];
		web_visitor_of(cases[i].source, cases[i].peer, cases[i].forwarded, name);
		assert_string_equal(name, cases[i].expected);
	}
}

static void test_visitor_hour(void **state)
{
	(void)state;
	struct web_visits *v = calloc(1, sizeof(*v));
	assert_non_null(v);
	v->an_hour = 4;
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(web_visits_take(v, "a", 5000), 0);
	assert_int_equal(web_visits_take(v, "a", 5000), 900);
	assert_int_equal(web_visits_take(v, "b", 5000), 0);
	/* One comes back in a quarter of an hour, all in one. */
	assert_int_equal(web_visits_take(v, "a", 5000 + 899999), 1);
	assert_int_equal(web_visits_take(v, "a", 5000 + 900000), 0);
	assert_int_equal(web_visits_take(v, "a", 5000 + 900000), 900);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(web_visits_take(v, "a", 5000 + 5 * 3600000), 0);
	assert_int_not_equal(web_visits_take(v, "a", 5000 + 5 * 3600000), 0);
	free(v);
}

/* However many come, memory stays what it is, and who asked last is remembered. */
static void test_visitor_many(void **state)
{
	(void)state;
	char name[WEB_VISITOR_CAP];
	struct web_visits *v = calloc(1, sizeof(*v));
	assert_non_null(v);
	v->an_hour = 1;
	for (unsigned i = 0; i < 2 * WEB_VISITS_MAX; i++) {
		snprintf(name, sizeof(name), "10.%u.%u.1", i / 256, i % 256);
		assert_int_equal(web_visits_take(v, name, i), 0);
	}
	assert_int_equal(v->count, WEB_VISITS_MAX);
	assert_int_not_equal(web_visits_take(v, name, 2 * WEB_VISITS_MAX), 0);
	free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_visitor_of),
		cmocka_unit_test(test_visitor_hour),
		cmocka_unit_test(test_visitor_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
