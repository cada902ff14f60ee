#include "base/clean.h"
#include "proc/outcome.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static char line[POLICY_OUTCOME_LINES_MAX];

/* The largest there can be. */
static const struct policy_outcome *outcome_full(void)
{
	static struct policy_outcome o;
	o = (struct policy_outcome){};
	memset(o.domain, 'a', 253);
	for (size_t i = 63; i < 253; i += 64)
		o.domain[i] = '.';
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	struct slice text = slice_of(line, POLICY_OUTCOME_TEXT_MAX);
	struct slice address = slice_str("2001:db8:1111:1111:1111:1111:1111:1111");
	for (size_t i = 0; i < POLICY_OUTCOME_PARTS_MAX; i++) {
		struct policy_part *p = policy_outcome_add(&o, POLICY_KIND_TLSA, o.domain);
		p->strings = p->mx = slice_of(line, sizeof(line));
		for (size_t n = 0; n < POLICY_OUTCOME_FAILURES_MAX; n++)
			policy_part_fail(p, &(struct policy_failure){ POLICY_REPORT_DANE_REQUIRED,
			                                              address, text, text, address,
			                                              text, text });
	}
	return &o;
}

static void test_outcome_comes_as_it_went(void **state)
{
	const struct policy_outcome *o = outcome_full();
	CLEAN(buf_deinit) struct buf bytes = {};
	CLEAN(buf_deinit) struct buf again = {};
	static struct policy_outcome got;
	struct proc_packer p = proc_packer_onto(&bytes);
	(void)state;
	assert_true(policy_outcome_is_fine(o));
	proc_outcome_pack(&p, o);
	assert_false(p.has_failed);
	assert_true(proc_msg_allowed(PROC_ROLE_WORKER, PROC_ROLE_RESOLVER, PROC_MSG_OUTCOME,
	                             4 + buf_len(&bytes), false));
	struct proc_unpacker u = proc_unpacker_over(buf_slice(&bytes));
	assert_true(proc_outcome_unpack(&u, &got));
	p = proc_packer_onto(&again);
	proc_outcome_pack(&p, &got);
	assert_true(slice_equal(buf_slice(&bytes), buf_slice(&again)));
	assert_true(got.parts[0].has_failed);
	assert_string_equal(got.domain, o->domain);
}

/* Cut anywhere, or with something behind it. */
static void test_outcome_cut(void **state)
{
	static struct policy_outcome o = { .domain = "example.org" }, got;
	CLEAN(buf_deinit) struct buf bytes = {};
	struct proc_packer p = proc_packer_onto(&bytes);
	(void)state;
	o.part_count = 0;
	struct policy_part *part = policy_outcome_add(&o, POLICY_KIND_STS, "example.org");
	part->strings = slice_str("a\n");
	policy_part_fail(part,
	                 &(struct policy_failure){ .report = POLICY_REPORT_VALIDATION_FAILURE });
	proc_outcome_pack(&p, &o);
	for (size_t len = 0; len < buf_len(&bytes); len++) {
		struct proc_unpacker u = proc_unpacker_over(slice_head(buf_slice(&bytes), len));
		assert_false(proc_outcome_unpack(&u, &got));
	}
	assert_int_equal(buf_add_str(&bytes, "x"), 0);
	struct proc_unpacker u = proc_unpacker_over(buf_slice(&bytes));
	assert_false(proc_outcome_unpack(&u, &got));
}

/* What a report may not have is not taken from a worker either. */
static void test_outcome_that_is_none(void **state)
{
	static struct policy_outcome o = { .domain = "Example.org" }, got;
	CLEAN(buf_deinit) struct buf bytes = {};
	struct proc_packer p = proc_packer_onto(&bytes);
	(void)state;
	policy_outcome_add(&o, POLICY_KIND_NONE, "example.org");
	proc_outcome_pack(&p, &o);
	struct proc_unpacker u = proc_unpacker_over(buf_slice(&bytes));
	assert_false(proc_outcome_unpack(&u, &got));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outcome_comes_as_it_went),
		cmocka_unit_test(test_outcome_cut),
		cmocka_unit_test(test_outcome_that_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
