#include "base/session_id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MANY = 200 };

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void test_session_id_different(void **state)
{
	(void)state;
	static char ids[MANY][SESSION_ID_CAP];
	for (int i = 0; i < MANY; i++) {
		session_id_make(ids[i]);
		assert_int_equal(strspn(ids[i], "0123456789abcdef"), SESSION_ID_CAP - 1);
	}
	qsort(ids, MANY, SESSION_ID_CAP, compare);
	for (int i = 1; i < MANY; i++)
		assert_string_not_equal(ids[i - 1], ids[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_session_id_different) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
