#include "tls/record_size.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { SMALL = TLS_RECORD_SIZE_SMALL, BEGINNING = TLS_RECORD_SIZE_BEGINNING, MANY = 3000000 };

static void test_record_size_each(void **state)
{
	static const struct {
		const char *name;
		uint32_t begun;
		size_t len, next;
		uint32_t begun_then;
	} cases[] = {
		{ "a line goes whole", 0, 60, 60, 60 },
		{ "nothing", 7, 0, 0, 7 },
		{ "exactly one", 0, SMALL, SMALL, SMALL },
		{ "a byte more", 0, SMALL + 1, SMALL, SMALL },
		{ "a stream begins", 0, MANY, SMALL, SMALL },
		{ "its last small one", BEGINNING - 1, MANY, SMALL, BEGINNING - 1 + SMALL },
		{ "it lasts", BEGINNING, MANY, MANY, BEGINNING },
		{ "a line in it", BEGINNING + 5, 60, 60, BEGINNING + 5 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint32_t begun = cases[i].begun;
		size_t next = tls_record_size_next(&begun, cases[i].len);
		if (next != cases[i].next || begun != cases[i].begun_then)
			fail_msg("%s: %zu, %u", cases[i].name, next, begun);
	}
}

/* Some 64 KiB in 48 records, the rest at once; counted no further, so it never begins anew. */
static void test_record_size_of_a_stream(void **state)
{
	uint32_t begun = 0;
	size_t left = MANY, pieces = 0;
	(void)state;
	while (left) {
		left -= tls_record_size_next(&begun, left);
		pieces++;
	}
	assert_int_equal(pieces, 48 + 1);
	assert_int_equal(begun, BEGINNING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_record_size_each),
		cmocka_unit_test(test_record_size_of_a_stream),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
