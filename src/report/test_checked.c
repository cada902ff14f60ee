#include "base/clean.h"
#include "report/checked.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define HEAD                                                                                       \
	"{\"schema\":1,\"domain\":\"example.org\",\"at\":1800000000,\"profile\":\"m3aawg\","       \
	"\"why\":\"\",\"overall\":{\"letter\":\"A+\",\"is_partial\":false},\"recommendations\":{"  \
	"\"between\":{\"letter\":\"A+\",\"is_partial\":false},"                                    \
	"\"users\":{\"letter\":\"B\",\"is_partial\":true}},\"findings\":["
#define FINDING(id, verdict, place)                                                                \
	"{\"id\":\"" id "\",\"verdict\":\"" verdict "\",\"place\":\"" place                        \
	"\",\"title\":\"t\",\"evidence\":\"seen\"}"

static struct report_checked checked_of(const char *json)
{
	struct report_checked c;
	assert_int_equal(report_checked_read(&c, slice_str(json)), 0);
	return c;
}

static void test_checked_read(void **state)
{
	(void)state;
	struct report_checked c = checked_of(
		HEAD FINDING("C1", "pass", "a") "," FINDING("C2", "warn", "a") "," FINDING(
			"C3", "critical", "b") "," FINDING("C4", "not-tested", "b") "]}");
	assert_string_equal(c.domain, "example.org");
	assert_string_equal(c.overall, "A+");
	assert_string_equal(c.users, "B");
	assert_true(c.is_partial);
	assert_int_equal(c.at_s, 1800000000);
	assert_int_equal(c.warn, 1);
	assert_int_equal(c.critical, 1);
	assert_int_equal(c.fail, 0);
	assert_int_equal(c.not_tested, 1);
	report_checked_deinit(&c);
}

static void test_checked_bad(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		"[]",
		"{}",
		"{\"domain\":\"a\"}",
		HEAD,
		HEAD "]",
		"nonsense",
		"\xff\xfe",
		"{\"domain\":1,\"at\":\"x\",\"overall\":{},\"findings\":{}}",
	};
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct report_checked c;
		assert_int_equal(report_checked_read(&c, slice_str(bad[i])), REPORT_CHECKED_BAD);
	}
}

/* However much a stranger's servers bring forth, what is kept has an end. */
static void test_checked_bounds(void **state)
{
	(void)state;
	CLEAN(buf_deinit) struct buf json = {};
	assert_int_equal(buf_add_str(&json, HEAD), 0);
	for (unsigned i = 0; i < 3 * REPORT_CHECKED_FINDINGS_MAX; i++)
		assert_int_equal(
			buf_printf(&json,
		                   "%s{\"id\":\"C1\",\"verdict\":\"fail\",\"place\":\"%u\","
		                   "\"title\":\"t\",\"evidence\":\"%0999d\xc3\xa4\"}",
		                   i ? "," : "", i, 0),
			0);
	assert_int_equal(buf_add_str(&json, "]}"), 0);
	struct report_checked c;
	assert_int_equal(report_checked_read(&c, buf_slice(&json)), 0);
	assert_int_equal(c.fail, 3 * REPORT_CHECKED_FINDINGS_MAX);
	assert_true(buf_len(&c.findings) <
	            REPORT_CHECKED_FINDINGS_MAX * (REPORT_CHECKED_TEXT_CAP + 100));
	report_checked_deinit(&c);
}

struct told {
	char text[400];
};

static void on_finding(void *owner, const struct report_checked_finding *f)
{
	struct told *told = owner;
	size_t len = strlen(told->text);
	snprintf(told->text + len, sizeof(told->text) - len, "%s@%s=%s ", f->id, f->place,
	         f->verdict);
}

static void test_checked_each(void **state)
{
	(void)state;
	struct told told = {};
	struct report_checked c =
		checked_of(HEAD FINDING("C1", "warn", "a") "," FINDING("C2", "critical", "a") "]}");
	assert_true(report_checked_each(buf_slice(&c.findings), on_finding, &told));
	assert_string_equal(told.text, "C2@a=critical C1@a=warn ");
	report_checked_deinit(&c);
	assert_false(report_checked_each(slice_str("{"), on_finding, &told));
	assert_true(report_checked_each(slice_str("[1,[2],[]]"), on_finding, &told));
}

static const struct {
	const char *before, *now, *worse;
} changes[] = {
	{ FINDING("C1", "warn", "a"), FINDING("C1", "warn", "a"), "" },
	{ FINDING("C1", "warn", "a"), FINDING("C1", "fail", "a"), "C1@a=fail " },
	{ FINDING("C1", "fail", "a"), FINDING("C1", "warn", "a"), "" },
	{ "", FINDING("C1", "warn", "a"), "C1@a=warn " },
	{ FINDING("C1", "warn", "b"), FINDING("C1", "warn", "a"), "C1@a=warn " },
	{ FINDING("C1", "pass", "a"), FINDING("C1", "critical", "a"), "C1@a=critical " },
	/* What could not be tested was neither well nor bad. */
	{ FINDING("C1", "not-tested", "a"), FINDING("C1", "fail", "a"), "" },
	{ FINDING("C9", "not-tested", "a"), FINDING("C1", "fail", "a"), "" },
	{ FINDING("C1", "pass", "a"), FINDING("C1", "not-tested", "a"), "" },
	{ FINDING("C1", "warn", "a"), "", "" },
};

static void test_checked_worse(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(changes); i++) {
		char before[1000], now[1000];
		struct told told = {};
		snprintf(before, sizeof(before), HEAD "%s]}", changes[i].before);
		snprintf(now, sizeof(now), HEAD "%s]}", changes[i].now);
		struct report_checked b = checked_of(before), n = checked_of(now);
		unsigned count = report_checked_worse(buf_slice(&b.findings),
		                                      buf_slice(&n.findings), on_finding, &told);
		assert_string_equal(told.text, changes[i].worse);
		assert_int_equal(count, changes[i].worse[0] ? 1 : 0);
		/* Before the first there is nothing to compare with. */
		assert_int_equal(report_checked_worse((struct slice){}, buf_slice(&n.findings),
		                                      on_finding, &told),
		                 0);
		report_checked_deinit(&b);
		report_checked_deinit(&n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_checked_read),   cmocka_unit_test(test_checked_bad),
		cmocka_unit_test(test_checked_bounds), cmocka_unit_test(test_checked_each),
		cmocka_unit_test(test_checked_worse),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
