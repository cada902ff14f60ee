#include "base/sparse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { LEN_MAX = 1500 };

static void both_ways(const uint8_t *bytes, size_t len)
{
	uint8_t back[LEN_MAX + 8];
	struct sparse *s = sparse_new(bytes, len);
	assert_non_null(s);
	memset(back, 0xee, sizeof(back));
	sparse_read(s, back, len);
	assert_memory_equal(back, bytes, len);
	assert_int_equal(back[len], 0xee);
	sparse_free(s);
}

static void test_sparse_every_length(void **state)
{
	uint8_t bytes[LEN_MAX] = {};
	(void)state;
	for (size_t len = 0; len <= 200; len++) {
		for (size_t i = 0; i < len; i++)
			bytes[i] = i % 7 < 3 ? 0 : (uint8_t)(i * 31 + len);
		both_ways(bytes, len);
	}
}

static void test_sparse_random(void **state)
{
	uint8_t bytes[LEN_MAX];
	uint32_t seed = 1;
	(void)state;
	for (int round = 0; round < 500; round++) {
		for (size_t i = 0; i < sizeof(bytes); i++) {
			seed = seed * 1664525 + 1013904223;
			bytes[i] = seed >> 28 < (uint32_t)round % 16 ? (uint8_t)(seed >> 16) : 0;
		}
		both_ways(bytes, sizeof(bytes) - (size_t)round % 64);
	}
}

static void test_sparse_is_small(void **state)
{
	uint8_t bytes[1000] = { [17] = 1, [512] = 2, [999] = 3 };
	struct sparse *s = sparse_new(bytes, sizeof(bytes));
	(void)state;
	assert_non_null(s);
	assert_int_equal(sparse_size(s), 8 + 2 * 8 + 3 * 8);
	both_ways(bytes, sizeof(bytes));
	sparse_free(s);
}

static void test_sparse_part_and_more(void **state)
{
	const uint8_t bytes[20] = { [3] = 1, [18] = 2 };
	uint8_t part[10], more[40];
	struct sparse *s = sparse_new(bytes, sizeof(bytes));
	(void)state;
	assert_non_null(s);
	sparse_read(s, part, sizeof(part));
	assert_memory_equal(part, bytes, sizeof(part));
	sparse_read(s, more, sizeof(more));
	assert_memory_equal(more, bytes, sizeof(bytes));
	for (size_t i = sizeof(bytes); i < sizeof(more); i++)
		assert_int_equal(more[i], 0);
	sparse_free(s);
	sparse_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sparse_every_length),
		cmocka_unit_test(test_sparse_random),
		cmocka_unit_test(test_sparse_is_small),
		cmocka_unit_test(test_sparse_part_and_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
