#include "conf/tables.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after stdarg.h and setjmp.h */
#include <cmocka.h>

/* Each is in one of the three tables, and what it allocates it frees. */
static void test_types_complete(void **state)
{
	(void)state;
	for (enum conf_type type = 0; type < CONF_TYPE_COUNT; type++) {
		const struct conf_type_ops *ops = conf_type_ops_of(type);
		if (!ops->parse || !ops->print)
			fail_msg("type %d is in no table", (int)type);
		if (ops->is_list && !ops->clear)
			assert_int_equal(type, CONF_ALLOW); /* bits */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_types_complete) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
