#include "store/part.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct store_part sums = { STORE_PART_SUMS, 480000 };
static const struct store_part exposures = { STORE_PART_EXPOSURES, 480000 };

static void test_names(void **state)
{
	static const char *const bad[] = { "",
		                           "sums",
		                           "sums:",
		                           "sums:x",
		                           "sums:-1",
		                           "sum:1",
		                           "sums:1 ",
		                           "sums:9999999999999999999",
		                           "sums:999999999999",
		                           ":1" };
	char name[STORE_PART_NAME_CAP];
	struct store_part part = {};
	(void)state;
	store_part_name(&exposures, name);
	assert_string_equal(name, "exposures:480000");
	assert_true(store_part_by_name(slice_str(name), &part));
	assert_int_equal(part.kind, STORE_PART_EXPOSURES);
	assert_int_equal(part.hour, 480000);
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_false(store_part_by_name(slice_str(bad[i]), &part));
}

static void test_there_and_back(void **state)
{
	const struct store_part_field row[STORE_PART_FIELDS_MAX] = {
		{ .number = 2 },
		{ .text = slice_str("imap") },
		{ .text = slice_str("edge one") },
		{ .number = 3 },
		{ .text = slice_str("TLSv1.3") },
		{ .text = slice_str("") },
		{ .text = slice_str("X25519") },
		{ .number = 1 },
		{ .number = -5 },        /* becomes 0 */
		{ .number = INT64_MAX }, /* and the most there is */
		{ .number = 7 },
		{ .number = 8 },
		{ .number = 9 },
		{ .number = 10 },
	};
	CLEAN(buf_deinit) struct buf text = {};
	struct store_part_field read[STORE_PART_FIELDS_MAX];
	struct slice rest;
	(void)state;
	assert_int_equal(store_part_begin(&text, &sums), 0);
	assert_int_equal(store_part_add(&text, &sums, row), 0);
	assert_int_equal(store_part_add(&text, &sums, row), 0);
	assert_true(store_part_open(&sums, buf_slice(&text), &rest));
	assert_int_equal(store_part_next(&sums, &rest, read), 0);
	assert_int_equal(read[0].number, 2);
	assert_true(slice_equal(read[2].text, slice_str("edge one")));
	assert_int_equal(read[5].text.len, 0);
	assert_int_equal(read[8].number, 0);
	assert_true(read[9].number == ((int64_t)1 << 48) - 1);
	assert_int_equal(read[13].number, 10);
	assert_int_equal(store_part_next(&sums, &rest, read), 0);
	assert_int_equal(store_part_next(&sums, &rest, read), STORE_PART_END);
	assert_false(store_part_open(&exposures, buf_slice(&text), &rest));
}

#define HEAD "mailseal 1 exposures 480000\n"

static void test_rubbish(void **state)
{
	static const char *const cases[] = {
		HEAD "u\timap\te\t::1\t1\tLOGIN\t0\t1\t2\t3",      /* no end */
		HEAD "u\timap\te\t::1\t1\tLOGIN\t0\t1\t2\n",       /* a field less */
		HEAD "u\timap\te\t::1\t1\tLOGIN\t0\t1\t2\t3\t4\n", /* one more */
		HEAD "u\timap\te\t::1\t2\tLOGIN\t0\t1\t2\t3\n",    /* over the most */
		HEAD "u\timap\te\t::1\t1\tLOGIN\t0\t1\t2\t-3\n",   /* below the least */
		HEAD "u\timap\te\t::1\t1\tLOGIN\t0\t1\t2\t\n",     /* no number */
		HEAD "u\timap\te\t::1\t1\tLOGIN\t0\t1\t2\t0x3\n",
		HEAD "u\timap\te\t::1\t1\tLOGIN\t0\t1\t2\t1234567890123456\n",
		HEAD "u\x1b[2J\timap\te\t::1\t1\tLOGIN\t0\t1\t2\t3\n", /* a terminal's */
		HEAD "\xff\timap\te\t::1\t1\tLOGIN\t0\t1\t2\t3\n",
		HEAD "\n",
	};
	struct store_part_field fields[STORE_PART_FIELDS_MAX];
	struct slice rest;
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_true(store_part_open(&exposures, slice_str(cases[i]), &rest));
		assert_int_equal(store_part_next(&exposures, &rest, fields), STORE_PART_BAD);
	}
	assert_false(
		store_part_open(&exposures, slice_str("mailseal 2 exposures 480000\n"), &rest));
	assert_false(
		store_part_open(&exposures, slice_str("mailseal 1 exposures 480001\n"), &rest));
	assert_false(store_part_open(&exposures, slice_str(""), &rest));
}

static void test_long_texts(void **state)
{
	CLEAN(buf_deinit) struct buf text = {};
	struct store_part_field fields[STORE_PART_FIELDS_MAX];
	struct slice rest;
	(void)state;
	for (size_t len = 255; len <= 256; len++) {
		buf_clear(&text);
		assert_int_equal(buf_add_str(&text, HEAD), 0);
		for (size_t i = 0; i < len; i++)
			assert_int_equal(buf_add_str(&text, "u"), 0);
		assert_int_equal(buf_add_str(&text, "\timap\te\t::1\t1\tLOGIN\t0\t1\t2\t3\n"), 0);
		assert_true(store_part_open(&exposures, buf_slice(&text), &rest));
		assert_int_equal(store_part_next(&exposures, &rest, fields),
		                 len == 255 ? 0 : STORE_PART_BAD);
	}
}

static void test_a_part_has_an_end(void **state)
{
	const struct store_part_field row[STORE_PART_FIELDS_MAX] = {};
	CLEAN(buf_deinit) struct buf text = {};
	struct slice rest;
	int r = 0;
	(void)state;
	assert_int_equal(store_part_begin(&text, &sums), 0);
	while (!r)
		r = store_part_add(&text, &sums, row);
	assert_int_equal(r, STORE_PART_FULL);
	assert_true(buf_len(&text) <= STORE_PART_LEN_MAX);
	assert_true(store_part_open(&sums, buf_slice(&text), &rest));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_rubbish),
		cmocka_unit_test(test_long_texts),
		cmocka_unit_test(test_a_part_has_an_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
