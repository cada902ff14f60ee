#include "tunnel/told.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct tunnel_told list[] = {
	{ "wg0", "10.9.0.2:143", false, TUNNEL_SEALED },
	{ "", "10.9.0.2:143", false, TUNNEL_SEALED },
	{ "tun0", "10.9.0.3:143", true, TUNNEL_UNPROVEN },
};

static void test_found_as_it_is_written(void **state)
{
	static const struct tunnel_told cases[] = {
		{ "wg0", "10.9.0.2:143", false, TUNNEL_SEALED },
		{ "", "10.9.0.2:143", false, TUNNEL_SEALED },
		{ "tun0", "10.9.0.3:143", true, TUNNEL_UNPROVEN },
		/* Who did not accept it has not got it, whoever else did. */
		{ "tun0", "10.9.0.3:143", false, TUNNEL_GONE },
		{ "wg0", "10.9.0.2:993", false, TUNNEL_GONE },
		{ "wg1", "10.9.0.2:143", false, TUNNEL_GONE },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(tunnel_told_state(list, COUNT_OF(list), &cases[i]),
		                 cases[i].state);
		assert_int_equal(tunnel_told_state(NULL, 0, &cases[i]), TUNNEL_GONE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found_as_it_is_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
