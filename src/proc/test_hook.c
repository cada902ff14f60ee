#include "base/clean.h"
#include "proc/hook.h"
#include "store/record.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct store_exposure exposure = {
	.at_s = 1806494400, /* 2027-03-31 12:00 */
	.protocol = "imap",
	.edge = "mail",
	.address = "192.0.2.7",
	.user = "alice\"; rm -rf /\\",
	.mechanism = "LOGIN",
	.password_sent = true,
};

static void test_hooks_round_trip(void **state)
{
	(void)state;
	uint8_t room[4096];
	struct proc_packer p = proc_packer_over(room, sizeof(room));
	struct proc_hooks there, here = { .rate = 60, .deadline_ms = 30000 };
	char path[] = "/bin/true", word[] = "--now";
	here.argv[PROC_HOOK_EXPOSURE][0] = path;
	here.argv[PROC_HOOK_EXPOSURE][1] = word;
	proc_hooks_pack(&p, &here);
	struct slice whole = proc_packed(&p);
	assert_true(proc_hooks_unpack(whole, &there));
	assert_int_equal(there.rate, 60);
	assert_int_equal(there.deadline_ms, 30000);
	assert_string_equal(there.argv[PROC_HOOK_EXPOSURE][0], path);
	assert_string_equal(there.argv[PROC_HOOK_EXPOSURE][1], word);
	assert_null(there.argv[PROC_HOOK_EXPOSURE][2]);
	proc_hooks_deinit(&there);
	for (size_t len = 0; len < whole.len; len++) {
		assert_false(proc_hooks_unpack(slice_head(whole, len), &there));
		proc_hooks_deinit(&there);
	}
}

static void test_hooks_too_much(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct slice bytes;
	} cases[] = {
		{ "no rate", { (const uint8_t *)"\0\0\0\0\0\0\0\1\1\0", 10 } },
		{ "rate", { (const uint8_t *)"\0\1\0\0\0\0\0\1\1\0", 10 } },
		{ "words", { (const uint8_t *)"\0\0\0\1\0\0\0\1\1\x21", 10 } },
	};
	struct proc_hooks hooks;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		if (proc_hooks_unpack(cases[i].bytes, &hooks))
			fail_msg("%s", cases[i].name);
		proc_hooks_deinit(&hooks);
	}
}

static void test_run_round_trip(void **state)
{
	(void)state;
	uint8_t room[512];
	struct proc_packer p = proc_packer_over(room, sizeof(room));
	struct proc_hook_run there, here = { .number = 7, .facts = slice_str("{}\n") };
	snprintf(here.whom, sizeof(here.whom), "alice");
	proc_hook_run_pack(&p, &here);
	assert_true(proc_hook_run_unpack(proc_packed(&p), &there));
	assert_int_equal(there.number, 7);
	assert_string_equal(there.whom, "alice");
	assert_true(slice_equal(there.facts, here.facts));
	assert_false(proc_hook_run_unpack(slice_head(proc_packed(&p), 12), &there));
	room[8] = PROC_HOOK_COUNT; /* no such hook */
	assert_false(proc_hook_run_unpack(proc_packed(&p), &there));
}

static void test_facts(void **state)
{
	(void)state;
	CLEAN(buf_deinit) struct buf b = {};
	assert_int_equal(proc_hook_exposure_facts(&b, &exposure, true), 0);
	struct slice text = buf_slice(&b);
	assert_int_equal(slice_find(text, '\n'), text.len - 1); /* one line */
	json_t *facts = json_loadb((const char *)text.data, text.len, 0, NULL);
	json_t *expected =
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:b, s:s}", "event", "exposure",
	                  "user", exposure.user, "protocol", "imap", "edge", "mail", "address",
	                  "192.0.2.7", "mechanism", "LOGIN", "password_sent", 1, "excepted", 0,
	                  "known", 1, "first", "2027-03-31T12:00:00Z");
	assert_true(json_equal(facts, expected));
	json_decref(facts);
	json_decref(expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hooks_round_trip),
		cmocka_unit_test(test_hooks_too_much),
		cmocka_unit_test(test_run_round_trip),
		cmocka_unit_test(test_facts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
