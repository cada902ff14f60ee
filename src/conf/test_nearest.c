/* What was meant by a name that is not there. */
#include "conf/nearest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* After those it needs. */
#include <cmocka.h>

static void test_edit_distance(void **state)
{
	assert_int_equal(conf_edit_distance("listen", "listen"), 0);
	assert_int_equal(conf_edit_distance("lisen", "listen"), 1);
	assert_int_equal(conf_edit_distance("lsiten", "listen"), 1);
	assert_int_equal(conf_edit_distance("", "abc"), 3);
	assert_int_equal(conf_edit_distance("kitten", "sitting"), 3);
}

/* How far a name may be from what is written goes by how long that is. */
static void test_nearest(void **state)
{
	struct conf_nearest listen = { .text = "lisen" };
	struct conf_nearest mx = { .text = "mxy" };
	struct conf_nearest far = { .text = "certificates" };
	conf_nearest_try(&listen, "listeners");
	assert_null(listen.best);
	conf_nearest_try(&listen, "lists");
	assert_string_equal(listen.best, "lists");
	conf_nearest_try(&listen, "listen");
	assert_string_equal(listen.best, "listen");
	conf_nearest_try(&listen, "lists"); /* what is nearer stays */
	assert_string_equal(listen.best, "listen");
	conf_nearest_try(&mx, "max");
	assert_null(mx.best);
	conf_nearest_try(&mx, "mx");
	assert_string_equal(mx.best, "mx");
	conf_nearest_try(&far, "backend");
	assert_null(far.best);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edit_distance),
		cmocka_unit_test(test_nearest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
