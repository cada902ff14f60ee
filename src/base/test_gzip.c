#include "base/gzip.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
/* after stdarg.h and setjmp.h */
#include <cmocka.h>

static const struct gzip_limits wide = { .len = 64 * 1024 * 1024, .ratio = 2000 };

static void packed_and_back(size_t len)
{
	CLEAN(buf_deinit) struct buf text = {};
	CLEAN(buf_deinit) struct buf packed = {};
	CLEAN(buf_deinit) struct buf again = {};
	for (size_t i = 0; i < len; i++)
		assert_int_equal(buf_add(&text, slice_of(&(char){ (char)(i * i >> 3) }, 1)), 0);
	assert_int_equal(gzip_pack(&packed, buf_slice(&text)), 0);
	assert_true(gzip_is(buf_slice(&packed)));
	assert_int_equal(gzip_unpack(&again, buf_slice(&packed), &wide), 0);
	assert_true(slice_equal(buf_slice(&again), buf_slice(&text)));
}

static void test_gzip_there_and_back(void **state)
{
	const size_t lens[] = { 0, 1, 100, 16384, 16385, 300000 };
	for (size_t i = 0; i < COUNT_OF(lens); i++)
		packed_and_back(lens[i]);
}

static void zeros_pack(struct buf *ret_packed, size_t len)
{
	CLEAN(freep) char *zeros = calloc(len, 1);
	assert_int_equal(gzip_pack(ret_packed, slice_of(zeros, len)), 0);
}

static void test_gzip_bomb_is_refused(void **state)
{
	CLEAN(buf_deinit) struct buf packed = {};
	CLEAN(buf_deinit) struct buf out = {};
	const struct gzip_limits steep = { .len = 64 * 1024 * 1024, .ratio = 200 };
	const struct gzip_limits tight = { .len = 1024 * 1024, .ratio = 2000 };
	zeros_pack(&packed, 8 * 1024 * 1024);
	assert_int_equal(gzip_unpack(&out, buf_slice(&packed), &steep), GZIP_TOO_LONG);
	assert_true(buf_len(&out) < 2 * 1024 * 1024);
	buf_clear(&out);
	assert_int_equal(gzip_unpack(&out, buf_slice(&packed), &tight), GZIP_TOO_LONG);
	buf_clear(&out);
	assert_int_equal(gzip_unpack(&out, buf_slice(&packed), &wide), 0);
	assert_int_equal(buf_len(&out), 8 * 1024 * 1024);
}

static void test_gzip_broken_is_refused(void **state)
{
	CLEAN(buf_deinit) struct buf packed = {};
	CLEAN(buf_deinit) struct buf out = {};
	zeros_pack(&packed, 5000);
	struct slice whole = buf_slice(&packed);
	for (size_t len = 0; len < whole.len; len++) {
		buf_clear(&out);
		assert_int_equal(gzip_unpack(&out, slice_head(whole, len), &wide), GZIP_BAD);
	}
	packed.data[packed.start + whole.len / 2] ^= 0xff;
	buf_clear(&out);
	assert_int_equal(gzip_unpack(&out, whole, &wide), GZIP_BAD);
	assert_false(gzip_is(slice_str("{}")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gzip_there_and_back),
		cmocka_unit_test(test_gzip_bomb_is_refused),
		cmocka_unit_test(test_gzip_broken_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
