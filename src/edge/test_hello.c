#include "edge/hello.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_a_kind_is_new_once(void **state)
{
	static struct edge_hellos seen;
	(void)state;
	assert_true(edge_hello_is_new(&seen, 77));
	assert_false(edge_hello_is_new(&seen, 77));
	/* Another of the same slot pushes it out. */
	assert_true(edge_hello_is_new(&seen, 77 + EDGE_HELLO_SLOTS));
	assert_true(edge_hello_is_new(&seen, 77));
}

static void test_the_longest_list_fits(void **state)
{
	static const uint16_t few[] = { 0x1301, 0xc02b };
	uint16_t numbers[TLS_HELLO_SUITES_MAX];
	char text[EDGE_HELLO_LIST_MAX];
	(void)state;
	edge_hello_list(few, 2, text);
	assert_string_equal(text, "1301,c02b");
	edge_hello_list(few, 0, text);
	assert_string_equal(text, "");
	memset(numbers, 0xff, sizeof(numbers));
	edge_hello_list(numbers, TLS_HELLO_SUITES_MAX, text);
	assert_int_equal(strlen(text), TLS_HELLO_SUITES_MAX * 5 - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_kind_is_new_once),
		cmocka_unit_test(test_the_longest_list_fits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
