#include "base/clean.h"
#include "policy/tlsa.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_tlsa_choose(void **state)
{
	(void)state;
	static const struct policy_tlsa records[] = {
		{ .usage = 3, .selector = 1, .matching = 1, .len = 32 }, /* outdone by the next */
		{ .usage = 3, .selector = 1, .matching = 2, .len = 64 },
		{ .usage = 3, .selector = 0, .matching = 1, .len = 32 }, /* of another selector */
		{ .usage = 2, .selector = 1, .matching = 1, .len = 32 }, /* of another usage */
		{ .usage = 2,
		  .selector = 1,
		  .matching = 2,
		  .len = 63 }, /* no digest: outdoes none */
		{ .usage = 3, .selector = 1, .matching = 0, .len = 90 }, /* a key is no digest */
		{ .usage = 0, .selector = 1, .matching = 1, .len = 32 },
		{ .usage = 1, .selector = 1, .matching = 1, .len = 32 },
		{ .usage = 4, .selector = 1, .matching = 1, .len = 32 },
		{ .usage = 3, .selector = 2, .matching = 1, .len = 32 },
		{ .usage = 3, .selector = 1, .matching = 3, .len = 32 },
		{ .usage = 3, .selector = 1, .matching = 0, .len = 0 },
		{ .usage = 3, .selector = 1, .matching = 1, .len = 31 },
	};
	static const bool want[] = { false, true, true, true, false, true };
	bool is_used[COUNT_OF(records)];
	assert_int_equal(policy_tlsa_choose(records, COUNT_OF(records), is_used), 4);
	for (size_t i = 0; i < COUNT_OF(records); i++) {
		if (is_used[i] != (i < COUNT_OF(want) && want[i]))
			fail_msg("record %zu", i);
		assert_true(!is_used[i] || !policy_tlsa_fault(&records[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_tlsa_choose) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
