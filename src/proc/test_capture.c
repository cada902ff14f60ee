#include "base/clean.h"
#include "proc/capture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { LONG_MS = 60 * 1000, OUT_MAX = 300 * 1000 };

struct ran {
	int r;
	struct buf out, said;
};

static struct ran run(const char *program, const char *script, uint32_t deadline_ms)
{
	struct ran ran = {};
	char *const argv[] = { (char *)program, (char *)"-c", (char *)script, NULL };
	ran.r = proc_capture(argv, &(struct proc_capture_limits){ deadline_ms, OUT_MAX }, &ran.out,
	                     &ran.said);
	return ran;
}

static void ran_deinit(struct ran *ran)
{
	buf_deinit(&ran->out);
	buf_deinit(&ran->said);
}

static bool has(const struct buf *b, const char *text)
{
	return memmem(buf_slice(b).data, buf_len(b), text, strlen(text)) != NULL;
}

static void test_capture_streams_apart(void **state)
{
	(void)state;
	CLEAN(ran_deinit) struct ran ran = run("sh", "echo one; echo two >&2", LONG_MS);
	assert_int_equal(ran.r, 0);
	assert_true(slice_equal(buf_slice(&ran.out), slice_str("one\n")));
	assert_int_equal(buf_len(&ran.said), 0);
}

static void test_capture_long_output_is_whole(void **state)
{
	(void)state;
	CLEAN(ran_deinit) struct ran ran = run("sh", "head -c 290000 /dev/zero", LONG_MS);
	assert_int_equal(ran.r, 0);
	assert_int_equal(buf_len(&ran.out), 290000);
}

static void test_capture_too_much(void **state)
{
	(void)state;
	CLEAN(ran_deinit) struct ran ran = run("sh", "cat /dev/zero", LONG_MS);
	assert_int_equal(ran.r, PROC_CAPTURE_FAILED);
	assert_true(has(&ran.said, "more than 300000 bytes"));
}

static void test_capture_failure_says_why(void **state)
{
	(void)state;
	CLEAN(ran_deinit) struct ran ran = run("sh", "echo bad line >&2; exit 3", LONG_MS);
	assert_int_equal(ran.r, PROC_CAPTURE_FAILED);
	assert_true(has(&ran.said, "status 3: bad line"));
}

static void test_capture_late(void **state)
{
	(void)state;
	CLEAN(ran_deinit) struct ran ran = run("sh", "exec sleep 1000", 50);
	assert_int_equal(ran.r, PROC_CAPTURE_FAILED);
	assert_true(has(&ran.said, "did not end within"));
}

static void test_capture_absent(void **state)
{
	(void)state;
	CLEAN(ran_deinit) struct ran ran = run("no-such-program-here", "", LONG_MS);
	assert_int_equal(ran.r, PROC_CAPTURE_ABSENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_capture_streams_apart),
		cmocka_unit_test(test_capture_long_output_is_whole),
		cmocka_unit_test(test_capture_too_much),
		cmocka_unit_test(test_capture_failure_says_why),
		cmocka_unit_test(test_capture_late),
		cmocka_unit_test(test_capture_absent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
