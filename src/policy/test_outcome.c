#include "base/clean.h"
#include "policy/outcome.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct policy_outcome outcome;

/* One that is well. */
static void outcome_set(void)
{
	outcome = (struct policy_outcome){ .domain = "example.org" };
	struct policy_part *p = policy_outcome_add(&outcome, POLICY_KIND_STS, "example.org");
	p->strings = slice_str("version: STSv1\nmode: testing\n");
	p->mx = slice_str("*.example.org\n");
	policy_part_fail(p, &(struct policy_failure){
				    .report = POLICY_REPORT_VALIDATION_FAILURE,
				    .sender = slice_str("192.0.2.1"),
				    .mx = slice_str("mx.example.org"),
				    .helo = slice_str("mx"),
				    .receiver = slice_str("2001:db8::1"),
				    .reason = slice_str("why"),
				    .more = slice_str("more"),
			    });
}

static char long_text[POLICY_OUTCOME_LINES_MAX + 2];

static void test_outcome_every_fault(void **state)
{
	struct policy_part *p = &outcome.parts[0];
	struct policy_failure *f = &p->failures[0];
	struct slice *const lines[] = { &p->strings, &p->mx };
	struct slice *const addresses[] = { &f->sender, &f->receiver };
	struct slice *const texts[] = { &f->mx, &f->helo, &f->reason, &f->more };
	static const char *const bad_lines[] = { "\n", "no end", "a\n\nb\n", "tab\there\n" };
	static const char *const bad_addresses[] = {
		"mx", "1.2.3", "1.2.3.4 ", "::1%lo",
		"1111:1111:1111:1111:1111:1111:1111:1111:1111:1111"
	};
	static const char *const bad_names[] = { "", "Example.org", "a b", "a..b",
		                                 "*.example.org" };
	(void)state;
	memset(long_text, 'x', sizeof(long_text) - 1);
	outcome_set();
	assert_true(policy_outcome_is_fine(&outcome));
	for (size_t i = 0; i < COUNT_OF(bad_names); i++) {
		outcome_set();
		strcpy(outcome.domain, bad_names[i]);
		assert_false(policy_outcome_is_fine(&outcome));
		outcome_set();
		strcpy(p->domain, bad_names[i]);
		assert_false(policy_outcome_is_fine(&outcome));
	}
	for (size_t i = 0; i < COUNT_OF(lines) * COUNT_OF(bad_lines); i++) {
		outcome_set();
		*lines[i % 2] = slice_str(bad_lines[i / 2]);
		assert_false(policy_outcome_is_fine(&outcome));
	}
	for (size_t i = 0; i < COUNT_OF(addresses) * COUNT_OF(bad_addresses); i++) {
		outcome_set();
		*addresses[i % 2] = slice_str(bad_addresses[i / 2]);
		assert_false(policy_outcome_is_fine(&outcome));
	}
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		outcome_set();
		*texts[i] = slice_str("a\rb");
		assert_false(policy_outcome_is_fine(&outcome));
		*texts[i] = slice_str("\xc3\xbc");
		assert_false(policy_outcome_is_fine(&outcome));
		*texts[i] = slice_of(long_text, POLICY_OUTCOME_TEXT_MAX + 1);
		assert_false(policy_outcome_is_fine(&outcome));
		*texts[i] = slice_of(long_text, POLICY_OUTCOME_TEXT_MAX);
		assert_true(policy_outcome_is_fine(&outcome));
	}
	long_text[POLICY_OUTCOME_LINES_MAX - 1] = long_text[POLICY_OUTCOME_LINES_MAX] = '\n';
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		outcome_set();
		*lines[i] = slice_of(long_text, POLICY_OUTCOME_LINES_MAX);
		assert_true(policy_outcome_is_fine(&outcome));
		*lines[i] = slice_of(long_text + 1, POLICY_OUTCOME_LINES_MAX + 1);
		assert_false(policy_outcome_is_fine(&outcome));
	}
}

static void test_outcome_numbers(void **state)
{
	(void)state;
	outcome_set();
	outcome.part_count = 0;
	assert_false(policy_outcome_is_fine(&outcome));
	outcome.part_count = POLICY_OUTCOME_PARTS_MAX + 1;
	assert_false(policy_outcome_is_fine(&outcome));
	outcome_set();
	outcome.parts[0].kind = (enum policy_kind)3;
	assert_false(policy_outcome_is_fine(&outcome));
	outcome_set();
	outcome.parts[0].failures[0].report = POLICY_REPORT_NONE;
	assert_false(policy_outcome_is_fine(&outcome));
	outcome_set();
	outcome.parts[0].failure_count = POLICY_OUTCOME_FAILURES_MAX + 1;
	assert_false(policy_outcome_is_fine(&outcome));
}

/* More than there is room for is left out, and the part has failed all the same. */
static void test_outcome_room(void **state)
{
	(void)state;
	outcome_set();
	for (int i = 1; i < POLICY_OUTCOME_PARTS_MAX; i++)
		assert_non_null(policy_outcome_add(&outcome, POLICY_KIND_NONE, "example.org"));
	assert_null(policy_outcome_add(&outcome, POLICY_KIND_NONE, "example.org"));
	struct policy_part *p = &outcome.parts[1];
	for (int i = 0; i < POLICY_OUTCOME_FAILURES_MAX + 1; i++)
		policy_part_fail(p, &outcome.parts[0].failures[0]);
	assert_int_equal(p->failure_count, POLICY_OUTCOME_FAILURES_MAX);
	assert_true(p->has_failed && policy_outcome_is_fine(&outcome));
}

static void assert_lines(const struct buf *lines, const char *expected)
{
	if (!slice_equal(buf_slice(lines), slice_str(expected)))
		fail_msg("\"%.*s\"", (int)buf_len(lines), (const char *)buf_slice(lines).data);
}

static void test_outcome_lines_of_policies(void **state)
{
	static struct policy_sts sts = { .mode = POLICY_STS_ENFORCE,
		                         .max_age_s = 86400,
		                         .mx_count = 2,
		                         .mx = { "mx.example.org", "*.example.net" } };
	static struct policy_tlsa tlsa[] = {
		{ .usage = 3, .selector = 1, .matching = 1, .len = 2, .data = { 0xab, 0x01 } },
		{ .usage = 2, .selector = 0, .matching = 0, .len = 1, .data = { 0xff } },
		{ .usage = 3, .selector = 1, .matching = 1, .len = 2, .data = { 0xaa, 0x02 } },
	};
	CLEAN(buf_deinit) struct buf lines = {};
	CLEAN(buf_deinit) struct buf again = {};
	(void)state;
	assert_int_equal(policy_sts_lines(&lines, &sts), 0);
	assert_lines(&lines, "version: STSv1\nmode: enforce\nmx: mx.example.org\n"
	                     "mx: *.example.net\nmax_age: 86400\n");
	buf_clear(&lines);
	assert_int_equal(policy_sts_patterns(&lines, &sts), 0);
	assert_lines(&lines, "mx.example.org\n*.example.net\n");
	buf_clear(&lines);
	assert_int_equal(policy_tlsa_lines(&lines, tlsa, 3), 0);
	assert_lines(&lines, "2 0 0 ff\n3 1 1 aa02\n3 1 1 ab01\n");
	/* The same from any order. */
	struct policy_tlsa first = tlsa[0];
	tlsa[0] = tlsa[1];
	tlsa[1] = first;
	assert_int_equal(policy_tlsa_lines(&again, tlsa, 3), 0);
	assert_true(slice_equal(buf_slice(&lines), buf_slice(&again)));
}

/* Of the largest the whole lines that there is room for. */
static void test_outcome_lines_are_bounded(void **state)
{
	static struct policy_tlsa tlsa[POLICY_TLSA_MAX];
	static struct policy_sts sts = { .mx_count = POLICY_STS_MX_MAX };
	const size_t line = strlen("3 1 1 ") + 2 * (size_t)POLICY_TLSA_DATA_MAX + 1;
	CLEAN(buf_deinit) struct buf lines = {};
	(void)state;
	for (size_t i = 0; i < POLICY_TLSA_MAX; i++)
		tlsa[i] = (struct policy_tlsa){
			.usage = 3, .selector = 1, .matching = 1, .len = POLICY_TLSA_DATA_MAX
		};
	assert_int_equal(policy_tlsa_lines(&lines, tlsa, POLICY_TLSA_MAX), 0);
	assert_int_equal(buf_len(&lines), POLICY_OUTCOME_LINES_MAX / line * line);
	for (size_t i = 0; i < POLICY_STS_MX_MAX; i++)
		memset(sts.mx[i], 'x', POLICY_STS_PATTERN_CAP - 1);
	buf_clear(&lines);
	assert_int_equal(policy_sts_lines(&lines, &sts), 0);
	assert_in_range(buf_len(&lines), POLICY_OUTCOME_LINES_MAX - 300, POLICY_OUTCOME_LINES_MAX);
}

static void test_outcome_names(void **state)
{
	(void)state;
	assert_string_equal(policy_kind_name(POLICY_KIND_TLSA), "tlsa");
	assert_string_equal(policy_kind_name(POLICY_KIND_STS), "sts");
	assert_string_equal(policy_kind_name(POLICY_KIND_NONE), "no-policy-found");
	assert_null(policy_kind_name((enum policy_kind)0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outcome_every_fault),
		cmocka_unit_test(test_outcome_numbers),
		cmocka_unit_test(test_outcome_room),
		cmocka_unit_test(test_outcome_lines_of_policies),
		cmocka_unit_test(test_outcome_lines_are_bounded),
		cmocka_unit_test(test_outcome_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
