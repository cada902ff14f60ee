/* When orders are due: two thirds, jitter, patience after failures, over a restart. */
#include "acme/due.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* after those */
#include <cmocka.h>
#include <string.h>

enum { DAY = 86400, NOW = 1000000000 };

static const struct acme_life life = { .not_before_s = NOW, .not_after_s = NOW + 90 * DAY };

static void test_due_renewal(void **state)
{
	(void)state;
	assert_int_equal(acme_due_renewal(&(struct acme_life){}, 7), 0);
	assert_int_equal(acme_due_renewal(&(struct acme_life){ NOW, NOW - 1 }, 7), 0);
	for (uint32_t seed = 0; seed < 50000000; seed += 77777) {
		int64_t due_s = acme_due_renewal(&life, seed);
		assert_in_range(due_s, NOW + 60 * DAY, NOW + 63 * DAY);
	}
	assert_int_not_equal(acme_due_renewal(&life, acme_due_seed("mx", "a")),
	                     acme_due_renewal(&life, acme_due_seed("mx", "b")));
	assert_int_not_equal(acme_due_seed("mxa", "b"), acme_due_seed("mx", "ab"));
}

/* A CA says how long: until the year 6109, or as long as dates go. */
static void test_due_of_a_life_without_end(void **state)
{
	static const int64_t lives[] = { 30LL * UINT32_MAX, 30LL * UINT32_MAX + 29,
		                         8000LL * 365 * DAY };
	(void)state;
	for (size_t i = 0; i < sizeof(lives) / sizeof(lives[0]); i++) {
		const struct acme_life long_one = { NOW, NOW + lives[i] };
		int64_t due_s = acme_due_renewal(&long_one, UINT32_MAX);
		assert_true(due_s > NOW && due_s < NOW + lives[i]);
	}
}

static void test_due_after_failures(void **state)
{
	static const int64_t waits[] = { 10,       5 * 60,   15 * 60,   3600,      2 * 3600,
		                         4 * 3600, 8 * 3600, 16 * 3600, 24 * 3600, 24 * 3600 };
	struct acme_record record = { .began_s = NOW - 10 };
	(void)state;
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		acme_record_end(&record, NOW, slice_str("unauthorized"));
		assert_int_equal(record.failures, i + 1);
		assert_int_equal(acme_due_next(&record, &(struct acme_life){}, 1), NOW + waits[i]);
	}
	record.failures = UINT32_MAX;
	assert_int_equal(acme_due_next(&record, &(struct acme_life){}, 1), NOW + 24 * 3600);
	acme_record_end(&record, NOW, (struct slice){});
	assert_int_equal(record.failures, 0);
	assert_int_equal(acme_due_next(&record, &(struct acme_life){}, 1), 0);
}

/* One that was cut off counts as a failure: a daemon that dies of it does not order on and on. */
static void test_due_after_a_crash(void **state)
{
	const struct acme_record record = { .began_s = NOW, .failures = 3 };
	const struct acme_record first = { .began_s = NOW };
	(void)state;
	assert_int_equal(acme_due_next(&first, &(struct acme_life){}, 1), NOW + 60);
	assert_int_equal(acme_due_next(&record, &(struct acme_life){}, 1), NOW + 3600);
}

static void test_due_record(void **state)
{
	static const char *const bad[] = { "", "x", "1 2\n", "-1 2 3 \n", "1 2 3", "1 2 3x\n" };
	struct acme_record record = { .began_s = NOW }, again;
	struct buf text = {};
	(void)state;
	acme_record_end(&record, NOW + 9, slice_str("a\x1b[31mred\nline \xc3\xa4"));
	assert_string_equal(record.why, "a?[31mred?line ??");
	assert_int_equal(acme_record_write(&text, &record), 0);
	acme_record_read(&again, buf_slice(&text));
	assert_int_equal(again.began_s, NOW);
	assert_int_equal(again.ended_s, NOW + 9);
	assert_int_equal(again.failures, 1);
	assert_string_equal(again.why, record.why);
	buf_deinit(&text);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		acme_record_read(&again, slice_str(bad[i]));
		assert_int_equal(again.began_s, 0);
		assert_int_equal(again.failures, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_due_renewal),
		cmocka_unit_test(test_due_of_a_life_without_end),
		cmocka_unit_test(test_due_after_failures),
		cmocka_unit_test(test_due_after_a_crash),
		cmocka_unit_test(test_due_record),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
