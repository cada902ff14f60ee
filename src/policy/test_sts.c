#include "base/clean.h"
#include "policy/sts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const struct record_case {
	const char *text;
	int result;
	const char *id;
} records[] = {
	{ "v=STSv1; id=20160831085700Z;", 0, "20160831085700Z" },
	{ "v=STSv1;id=1", 0, "1" },
	{ "v=STSv1 ; id=1 ; ", 0, "1" },
	{ "v=STSv1; ext_1=a:b; id=abc; id=later", 0, "abc" },
	{ "v=STSv1; id=12345678901234567890123456789012", 0, "12345678901234567890123456789012" },
	{ "v=STSv1; id=123456789012345678901234567890123", POLICY_STS_BAD, NULL },
	{ "v=STSv1; id=", POLICY_STS_BAD, NULL },
	{ "v=STSv1; id=a-b", POLICY_STS_BAD, NULL },
	{ "v=STSv1;", POLICY_STS_BAD, NULL },
	{ "v=STSv1; ; id=1", POLICY_STS_BAD, NULL },
	{ "v=STSv1; id=1; _x=1", POLICY_STS_BAD, NULL },
	{ "v=STSv1; id=1; x=a b", POLICY_STS_BAD, NULL },
	{ "v=STSv1; ID=1", POLICY_STS_BAD, NULL },
	{ "v=STSv1", POLICY_STS_ABSENT, NULL },
	{ "v=STSv2; id=1", POLICY_STS_ABSENT, NULL },
	{ "v=stsv1; id=1", POLICY_STS_ABSENT, NULL },
	{ " v=STSv1; id=1", POLICY_STS_ABSENT, NULL },
	{ "id=1; v=STSv1", POLICY_STS_ABSENT, NULL },
	{ "v=spf1 -all", POLICY_STS_ABSENT, NULL },
	{ "", POLICY_STS_ABSENT, NULL },
};

static void test_sts_record(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(records); i++) {
		char id[POLICY_STS_ID_MAX + 1] = "";
		int r = policy_sts_record_parse(slice_str(records[i].text), id);
		if (r != records[i].result || (!r && strcmp(id, records[i].id) != 0))
			fail_msg("\"%s\": result %d, id \"%s\"", records[i].text, r, id);
	}
}

#define ENFORCE "version: STSv1\nmode: enforce\nmax_age: 86400\n"

static const struct file_case {
	const char *text;
	const char *why; /* NULL: it is good */
	enum policy_sts_mode mode;
	uint32_t max_age_s;
	size_t mx_count;
} files[] = {
	{ ENFORCE "mx: mail.example.com\nmx: *.example.net\n", NULL, POLICY_STS_ENFORCE, 86400, 2 },
	{ "version: STSv1\r\nmode: testing\r\nmx: a.example\r\nmax_age: 1\r\n", NULL,
	  POLICY_STS_TESTING, 1, 1 },
	{ "version:STSv1\nmode:none\nmax_age:604800", NULL, POLICY_STS_NONE, 604800, 0 },
	{ "max_age: 9999999999\nmx: a.example\nmode: enforce\nversion: STSv1\n", NULL,
	  POLICY_STS_ENFORCE, POLICY_STS_MAX_AGE_S, 1 },
	{ ENFORCE "mode: none\nmax_age: x\nmx: a.example\n", NULL, POLICY_STS_ENFORCE, 86400, 1 },
	{ ENFORCE "\n \nmx: a.example\nnew_field: any: thing\n", NULL, POLICY_STS_ENFORCE, 86400,
	  1 },
	{ ENFORCE "mx: A.Example\n", NULL, POLICY_STS_ENFORCE, 86400, 1 },
	{ "", "it has no version", 0, 0, 0 },
	{ "version: STSv2\n", "its version is not STSv1", 0, 0, 0 },
	{ "version: STSv1\nmode: Enforce\n", "its mode is none of enforce, testing and none", 0, 0,
	  0 },
	{ "version: STSv1\nmax_age: 1\n", "it has no mode", 0, 0, 0 },
	{ "version: STSv1\nmode: none\n", "it has no max_age", 0, 0, 0 },
	{ "max_age: -1\n", "its max_age is no number of up to ten digits", 0, 0, 0 },
	{ "max_age: 12345678901\n", "its max_age is no number of up to ten digits", 0, 0, 0 },
	{ ENFORCE, "it has no mx", 0, 0, 0 },
	{ ENFORCE "mx: *.*.example\n", "one of its mx lines is no host name or *.host name", 0, 0,
	  0 },
	{ ENFORCE "mx: mx.*.example\n", "one of its mx lines is no host name or *.host name", 0, 0,
	  0 },
	{ ENFORCE "mx: *\n", "one of its mx lines is no host name or *.host name", 0, 0, 0 },
	{ ENFORCE "mx: a.example.\n", "one of its mx lines is no host name or *.host name", 0, 0,
	  0 },
	{ ENFORCE "mx:\n", "one of its mx lines is no host name or *.host name", 0, 0, 0 },
	{ "<html>\n", "a line is not \"name: value\"", 0, 0, 0 },
	{ ENFORCE "mx = a.example\n", "a line is not \"name: value\"", 0, 0, 0 },
};

static void test_sts_file(void **state)
{
	(void)state;
	static struct policy_sts p;
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		const struct file_case *c = &files[i];
		const char *why = NULL;
		int r = policy_sts_parse(slice_str(c->text), &p, &why);
		if (c->why ? r != POLICY_STS_BAD || strcmp(why, c->why) != 0 : r || why)
			fail_msg("%s: result %d, %s", c->text, r, why ? why : "good");
		if (!r &&
		    (p.mode != c->mode || p.max_age_s != c->max_age_s || p.mx_count != c->mx_count))
			fail_msg("%s: mode %d, %u s, %zu", c->text, p.mode, p.max_age_s,
			         p.mx_count);
	}
}

static void test_sts_file_limits(void **state)
{
	(void)state;
	static struct policy_sts p;
	static char text[POLICY_STS_FILE_MAX + 1];
	const char *why = NULL;
	size_t len = (size_t)snprintf(text, sizeof(text), "%s", ENFORCE);
	for (size_t i = 0; i < POLICY_STS_MX_MAX; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "mx: m%zu.example\n", i);
	assert_int_equal(policy_sts_parse(slice_of(text, len), &p, &why), 0);
	assert_int_equal(p.mx_count, POLICY_STS_MX_MAX);
	size_t more = (size_t)snprintf(text + len, sizeof(text) - len, "mx: one.example\n");
	assert_int_equal(policy_sts_parse(slice_of(text, len + more), &p, &why), POLICY_STS_BAD);
	memset(text + len, '\n', sizeof(text) - len);
	assert_int_equal(policy_sts_parse(slice_of(text, sizeof(text) - 1), &p, &why), 0);
	assert_int_equal(policy_sts_parse(slice_of(text, sizeof(text)), &p, &why), POLICY_STS_BAD);
	assert_string_equal(why, "it is longer than 64 KiB");
}

static void test_sts_mx(void **state)
{
	(void)state;
	static struct policy_sts p;
	const char *why;
	assert_int_equal(
		policy_sts_parse(slice_str(ENFORCE "mx: mail.example.com\nmx: *.example.net\n"), &p,
	                         &why),
		0);
	assert_true(policy_sts_has_mx(&p, "mail.example.com"));
	assert_true(policy_sts_has_mx(&p, "MAIL.Example.COM"));
	assert_true(policy_sts_has_mx(&p, "mx1.example.net"));
	assert_false(policy_sts_has_mx(&p, "example.net"));
	assert_false(policy_sts_has_mx(&p, "a.b.example.net"));
	assert_false(policy_sts_has_mx(&p, ".example.net"));
	assert_false(policy_sts_has_mx(&p, "a.mail.example.com"));
	assert_false(policy_sts_has_mx(&p, "xexample.net"));
	assert_false(policy_sts_has_mx(&p, ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sts_record),
		cmocka_unit_test(test_sts_file),
		cmocka_unit_test(test_sts_file_limits),
		cmocka_unit_test(test_sts_mx),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
