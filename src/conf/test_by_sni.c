#include "conf/settings.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static char *first[] = { "autoconfig.example.org", "*.example.net" };
static char *second[] = { "*.example.org" };
static struct conf_by_sni by_sni[] = {
	{ .names = first, .name_count = 2, .backend = 1, .backend_h2 = (size_t)-1 },
	{ .names = second, .name_count = 1, .backend = 2, .backend_h2 = 3 },
};
static const struct conf_edge edge = { .backend = 0,
	                               .backend_h2 = (size_t)-1,
	                               .challenge_backend = 4,
	                               .by_sni = by_sni,
	                               .by_sni_count = 2 };

static void test_names(void **state)
{
	static const struct {
		const char *sni;
		int found; /* -1: none */
	} names[] = {
		{ "autoconfig.example.org", 0 },
		{ "AutoConfig.Example.ORG.", 0 },
		{ "a.example.net", 0 },
		{ "example.net", -1 },
		{ "b.a.example.net", -1 },
		{ ".example.net", -1 },
		{ "www.example.org", 1 },
		{ "www.example.org.evil", -1 },
		{ "wwwexample.org", -1 },
		{ "", -1 },
		{ "autoconfig.example.org..", -1 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const struct conf_by_sni *found = conf_by_sni_find(&edge, names[i].sni);
		if (found != (names[i].found < 0 ? NULL : &by_sni[names[i].found]))
			fail_msg("%s", names[i].sni);
	}
}

static void test_backends(void **state)
{
	(void)state;
	for (size_t i = 0; i < 5; i++)
		assert_true(conf_edge_has_backend(&edge, i));
	assert_false(conf_edge_has_backend(&edge, 5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_backends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
