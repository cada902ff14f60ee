#include "base/clean.h"
#include "policy/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Numbers and names as reports and datagrams have them (RFC 8460 4.3). */
static void test_report_name(void **state)
{
	static const struct {
		int number;
		const char *name;
	} cases[] = {
		{ 201, "starttls-not-supported" },
		{ 202, "certificate-host-mismatch" },
		{ 203, "certificate-not-trusted" },
		{ 204, "certificate-expired" },
		{ 205, "validation-failure" },
		{ 301, "sts-policy-fetch-error" },
		{ 302, "sts-policy-invalid" },
		{ 303, "sts-webpki-invalid" },
		{ 304, "tlsa-invalid" },
		{ 305, "dnssec-invalid" },
		{ 306, "dane-required" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_string_equal(policy_report_name((enum policy_report)cases[i].number),
		                    cases[i].name);
	assert_null(policy_report_name(POLICY_REPORT_NONE));
	assert_null(policy_report_name((enum policy_report)200));
	assert_null(policy_report_name((enum policy_report)307));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_report_name) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
