#include "cluster/slot.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* As `redis-cli cluster keyslot KEY` says. */
static void test_slots(void **state)
{
	static const struct {
		const char *key;
		unsigned slot;
	} cases[] = {
		{ "", 0 },
		{ "123456789", 0x31c3 },
		{ "foo", 12182 },
		{ "foo{bar}", 5061 },
		{ "bar", 5061 },
		{ "{bar}:a", 5061 },
		{ "foo{}{bar}", 8363 }, /* an empty tag is none, and only the first counts */
		{ "foo{{bar}}zap", 4015 },
		{ "foo{bar}{zap}", 5061 },
		{ "foo{bar", 15278 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_int_equal(cluster_slot(slice_str(cases[i].key)), cases[i].slot);
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(test_slots) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
