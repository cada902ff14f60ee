#include "base/buf.h"
#include "base/clean.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_buf_add_and_consume(void **state)
{
	(void)state;
	CLEAN(buf_deinit) struct buf b = {};
	assert_int_equal(buf_len(&b), 0);
	assert_int_equal(buf_add_str(&b, "hello "), 0);
	assert_int_equal(buf_printf(&b, "%s %d", "world", 7), 0);
	assert_true(slice_equal(buf_slice(&b), slice_str("hello world 7")));
	buf_consume(&b, 6);
	assert_true(slice_equal(buf_slice(&b), slice_str("world 7")));
	buf_consume(&b, 100); /* at most what there is */
	assert_int_equal(buf_len(&b), 0);
	assert_int_equal(buf_add(&b, (struct slice){}), 0);
	assert_int_equal(buf_len(&b), 0);
}

/* A queue that is filled and emptied for ever keeps its size. */
static void test_buf_moves_to_the_front(void **state)
{
	(void)state;
	CLEAN(buf_deinit) struct buf b = {};
	uint8_t next_in = 0;
	uint8_t next_out = 0;
	for (int turn = 0; turn < 10000; turn++) {
		uint8_t chunk[100];
		for (size_t i = 0; i < sizeof(chunk); i++)
			chunk[i] = next_in++;
		assert_int_equal(buf_add(&b, slice_of(chunk, sizeof(chunk))), 0);
		while (buf_len(&b) > 37) {
			assert_int_equal(buf_slice(&b).data[0], next_out++);
			buf_consume(&b, 1);
		}
	}
	assert_in_range(b.cap, 1, 1024);
}

static void test_buf_reserve(void **state)
{
	(void)state;
	CLEAN(buf_deinit) struct buf b = {};
	uint8_t *at;
	assert_int_equal(buf_reserve(&b, 1000, &at), 0);
	memset(at, 'x', 1000);
	buf_commit(&b, 10);
	assert_true(slice_equal(buf_slice(&b), slice_str("xxxxxxxxxx")));
	assert_int_equal(buf_reserve(&b, SIZE_MAX, &at), -ENOMEM);
	assert_int_equal(buf_reserve(&b, SIZE_MAX / 2, &at), -ENOMEM);
	assert_int_equal(buf_len(&b), 10);
}

static void test_buf_gives_memory_back(void **state)
{
	(void)state;
	struct buf b = {};
	assert_int_equal(buf_add_str(&b, "x"), 0);
	buf_release(&b);
	assert_int_equal(buf_len(&b), 1);
	buf_clear(&b);
	assert_non_null(b.data);
	buf_release(&b);
	assert_null(b.data);
	assert_int_equal(buf_add_str(&b, "secret"), 0);
	buf_deinit_secret(&b);
	assert_null(b.data);
	buf_deinit_secret(&b);
	buf_deinit(&b);
	buf_deinit(NULL);
	buf_deinit_secret(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buf_add_and_consume),
		cmocka_unit_test(test_buf_moves_to_the_front),
		cmocka_unit_test(test_buf_reserve),
		cmocka_unit_test(test_buf_gives_memory_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
