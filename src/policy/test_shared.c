#include "policy/shared.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { NOW = 1700000000, DAY = 86400 };

static void test_memory_there_and_back(void **state)
{
	const struct policy_shared_memory m = { NOW - DAY, NOW, 7, true, 0 };
	struct policy_shared_memory read;
	char text[POLICY_SHARED_CAP];
	(void)state;
	policy_shared_memory_print(&m, text);
	assert_string_equal(text, "1699913600 1700000000 7 1 0");
	assert_true(policy_shared_memory_parse(slice_str(text), NOW, &read));
	assert_int_equal(read.sealed_since_s, NOW - DAY);
	assert_int_equal(read.sessions, 7);
	assert_true(read.was_trusted && !read.lost_since_s);
}

static void test_memory_rubbish(void **state)
{
	static const char *const cases[] = {
		"",
		"1 2 3 1",
		"1 2 3 1 0 9",
		"1 2 3 2 0",
		"0 2 3 1 0", /* never sealed */
		"1 2 0 1 0",
		"2 1 3 1 0", /* the last before the first */
		"1 2 1000001 1 0",
		"1 9999999999 3 1 0", /* to come */
		"-1 2 3 1 0",
		"1  2 3 1 0",
		"1 2 3 1 0x",
		"1234567890123456 2 3 1 0",
	};
	struct policy_shared_memory m;
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_false(policy_shared_memory_parse(slice_str(cases[i]), NOW, &m));
}

static void test_memory_of_several(void **state)
{
	struct policy_shared_memory sum = {};
	(void)state;
	policy_shared_memory_add(&sum,
	                         &(struct policy_shared_memory){ 1000, 5000, 10, true, 6000 });
	assert_int_equal(sum.lost_since_s, 6000);
	policy_shared_memory_add(&sum, &(struct policy_shared_memory){ 500, 5500, 5, false, 0 });
	assert_int_equal(sum.sealed_since_s, 500);
	assert_int_equal(sum.sessions, 15);
	assert_false(sum.was_trusted); /* the last */
	assert_int_equal(sum.lost_since_s, 6000);
	policy_shared_memory_add(&sum, &(struct policy_shared_memory){ 900, 7000, 1, true, 0 });
	assert_int_equal(sum.lost_since_s, 0); /* it is back */
	policy_shared_memory_add(&sum,
	                         &(struct policy_shared_memory){ 900, 950, 999999, true, 8000 });
	assert_int_equal(sum.sessions, POLICY_SHARED_SESSIONS_MAX);
	assert_int_equal(sum.lost_since_s, 8000);
}

static void test_faults(void **state)
{
	static const char *const bad[] = { "", "1 2", "1 2 3 4", "1 9999999999 3",
		                           "1 2 9999999999" };
	struct policy_shared_fault f;
	struct policy_fault fault = { .failing_since_s = NOW - 100 };
	char text[POLICY_SHARED_CAP];
	(void)state;
	policy_shared_fault_print(
		&(struct policy_shared_fault){ NOW - 300, NOW - 10, NOW + 5 * DAY }, text);
	assert_true(policy_shared_fault_parse(slice_str(text), NOW, &f));
	policy_shared_fault_add(&fault, &f, NOW);
	assert_int_equal(fault.failing_since_s, NOW - 300);
	assert_int_equal(fault.small_until_s, NOW + 5 * DAY);
	fault = (struct policy_fault){};
	policy_shared_fault_add(&fault, &f, NOW + 6 * DAY); /* long ago */
	assert_int_equal(fault.failing_since_s, 0);
	assert_int_equal(fault.small_until_s, 0);
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_false(policy_shared_fault_parse(slice_str(bad[i]), NOW, &f));
}

#define FILE_OF(mode) "version: STSv1\nmode: " mode "\nmx: mx.a.example\nmax_age: 86400\n"

static void test_policies(void **state)
{
	static const char *const bad[] = {
		"",
		"id 1700000000 1700000100",
		"id 1700000000 1700000100 rubbish",
		"id 1700000000 1700000100 " FILE_OF("testing"),
		"id 1700000000 1700000100 " FILE_OF("none"),
		"id 1699900000 1699999999 " FILE_OF("enforce"), /* over */
		"id 1700000000 1700086401 " FILE_OF("enforce"), /* longer than it says */
		"i-d 1700000000 1700000100 " FILE_OF("enforce"),
		" 1700000000 1700000100 " FILE_OF("enforce"),
		"123456789012345678901234567890123 1700000000 1700000100 " FILE_OF("enforce"),
	};
	struct policy_shared_sts p, read;
	CLEAN(buf_deinit) struct buf text = {};
	(void)state;
	p = (struct policy_shared_sts){ .id = "20260101",
		                        .fetched_s = NOW,
		                        .expires_s = NOW + DAY,
		                        .text = slice_str(FILE_OF("enforce")) };
	assert_int_equal(policy_shared_sts_print(&p, &text), 0);
	assert_true(policy_shared_sts_parse(buf_slice(&text), NOW, &read));
	assert_string_equal(read.id, "20260101");
	assert_int_equal(read.expires_s, NOW + DAY);
	assert_true(slice_equal(read.text, p.text));
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_false(policy_shared_sts_parse(slice_str(bad[i]), NOW, &read));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory_there_and_back),
		cmocka_unit_test(test_memory_rubbish),
		cmocka_unit_test(test_memory_of_several),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_policies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
