#include "base/clean.h"
#include "store/faults.h"
#include "store/store.h"
#include "store/test_file.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { NOW = 1800000000, DAY = 86400 };

static struct store_faults *opened(void)
{
	struct store_faults *f = NULL;
	struct store_opened how;
	assert_int_equal(store_faults_open(&f, path, &how), 0);
	assert_false(how.was_bad);
	return f;
}

static bool note(struct store_faults *f, const char *mx, enum policy_fault_seen seen, int64_t now_s)
{
	bool is_new = false;
	assert_int_equal(store_faults_note(f, mx, seen, now_s, &is_new), 0);
	return is_new;
}

static struct policy_fault got(struct store_faults *f, const char *mx, int64_t now_s)
{
	struct policy_fault fault;
	assert_int_equal(store_faults_get(f, mx, now_s, &fault), 0);
	return fault;
}

static void test_faults_since_the_first_failure(void **state)
{
	(void)state;
	struct store_faults *f = opened();
	assert_int_equal(got(f, "a.example", NOW).failing_since_s, 0);
	assert_false(note(f, "a.example", POLICY_FAULT_FAILED, NOW));
	store_faults_close(f);
	f = opened();
	note(f, "a.example", POLICY_FAULT_FAILED, NOW + 100);
	assert_int_equal(got(f, "a.example", NOW + 100).failing_since_s, NOW);
	assert_int_equal(got(f, "b.example", NOW + 100).failing_since_s, 0);
	note(f, "a.example", POLICY_FAULT_WELL, NOW + 200);
	assert_int_equal(got(f, "a.example", NOW + 200).failing_since_s, 0);
	note(f, "a.example", POLICY_FAULT_FAILED, NOW + 300);
	assert_int_equal(got(f, "a.example", NOW + 300).failing_since_s, NOW + 300);
	store_faults_close(f);
}

/* Nobody tried for a day: it begins again. */
static void test_faults_are_forgotten(void **state)
{
	(void)state;
	struct store_faults *f = opened();
	note(f, "a.example", POLICY_FAULT_FAILED, NOW);
	assert_int_equal(got(f, "a.example", NOW + DAY - 1).failing_since_s, NOW);
	assert_int_equal(got(f, "a.example", NOW + DAY).failing_since_s, 0);
	note(f, "a.example", POLICY_FAULT_FAILED, NOW + DAY);
	assert_int_equal(got(f, "a.example", NOW + DAY).failing_since_s, NOW + DAY);
	store_faults_close(f);
}

static void test_faults_small_hello_expires(void **state)
{
	(void)state;
	struct store_faults *f = opened();
	note(f, "a.example", POLICY_FAULT_FAILED, NOW);
	assert_true(note(f, "a.example", POLICY_FAULT_SMALL, NOW + 1));
	assert_false(note(f, "a.example", POLICY_FAULT_SMALL, NOW + DAY)); /* and no longer so */
	struct policy_fault fault = got(f, "a.example", NOW + DAY);
	assert_int_equal(fault.failing_since_s, 0);
	assert_int_equal(fault.small_until_s, NOW + 1 + POLICY_FAULT_SMALL_S);
	assert_int_equal(got(f, "a.example", fault.small_until_s).small_until_s, 0);
	assert_true(note(f, "a.example", POLICY_FAULT_SMALL, fault.small_until_s));
	store_faults_close(f);
}

/* It fails though its hello is small: that it needs it stays. */
static void test_faults_small_and_failing(void **state)
{
	(void)state;
	struct store_faults *f = opened();
	note(f, "a.example", POLICY_FAULT_SMALL, NOW);
	note(f, "a.example", POLICY_FAULT_FAILED, NOW + 1);
	struct policy_fault fault = got(f, "a.example", NOW + 1);
	assert_int_equal(fault.failing_since_s, NOW + 1);
	assert_int_equal(fault.small_until_s, NOW + POLICY_FAULT_SMALL_S);
	store_faults_close(f);
}

static void test_faults_list_and_prune(void **state)
{
	(void)state;
	struct store_faults *f = opened();
	struct buf list = {};
	note(f, "failing.example", POLICY_FAULT_FAILED, NOW);
	note(f, "b.example", POLICY_FAULT_SMALL, NOW + 1);
	note(f, "a.example", POLICY_FAULT_SMALL, NOW);
	note(f, "c.example", POLICY_FAULT_SMALL, NOW + 2);
	assert_int_equal(store_faults_list(f, NOW, 2, &list), 0);
	assert_true(slice_equal(buf_slice(&list),
	                        slice_str("a.example 1800604800\nb.example 1800604801\n")));
	assert_int_equal(store_faults_prune(f, NOW + 2 * DAY), 0);
	assert_int_equal(got(f, "failing.example", NOW).failing_since_s, 0);
	assert_int_not_equal(got(f, "a.example", NOW).small_until_s, 0);
	assert_int_equal(store_faults_prune(f, NOW + POLICY_FAULT_SMALL_S), 0);
	assert_int_equal(got(f, "a.example", NOW).small_until_s, 0);
	buf_deinit(&list);
	store_faults_close(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_faults_since_the_first_failure, file_remove),
		cmocka_unit_test_teardown(test_faults_are_forgotten, file_remove),
		cmocka_unit_test_teardown(test_faults_small_hello_expires, file_remove),
		cmocka_unit_test_teardown(test_faults_small_and_failing, file_remove),
		cmocka_unit_test_teardown(test_faults_list_and_prune, file_remove),
	};
	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
