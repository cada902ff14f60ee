/* What is packed is what comes out; what is cut is nothing. */
#include "proc/published.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* after those */
#include <cmocka.h>
#include <string.h>

static void test_published_round(void **state)
{
	const struct proc_published in = { .domain = "own.example",
		                           .state = POLICY_STS_IN_FORCE,
		                           .id = "1",
		                           .why = "why",
		                           .text = slice_str("version: STSv1\r\n") };
	struct proc_published out = {};
	uint8_t room[256];
	struct proc_packer p = proc_packer_over(room, sizeof(room));
	(void)state;
	proc_published_pack(&p, &in);
	struct slice packed = proc_packed(&p);
	assert_true(proc_published_unpack(packed, &out));
	assert_string_equal(out.domain, in.domain);
	assert_int_equal(out.state, in.state);
	assert_string_equal(out.id, in.id);
	assert_string_equal(out.why, in.why);
	assert_true(slice_equal(out.text, in.text));
	for (size_t len = 0; len < packed.len - in.text.len; len++)
		assert_false(proc_published_unpack(slice_head(packed, len), &out));
	room[2 + strlen(in.domain)] = POLICY_STS_IN_FORCE + 1;
	assert_false(proc_published_unpack(packed, &out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published_round),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
