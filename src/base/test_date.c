#include "base/clean.h"
#include "base/date.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* after stdarg.h and setjmp.h */
#include <cmocka.h>

static const struct {
	int64_t at_s;
	const char *text;
} dates[] = {
	{ 0, "Thu, 1 Jan 1970 00:00:00 +0000" },
	{ 1795501689, "Tue, 24 Nov 2026 06:28:09 +0000" },
	{ 951782399, "Mon, 28 Feb 2000 23:59:59 +0000" },
	{ INT64_MAX, "Thu, 1 Jan 1970 00:00:00 +0000" },
};

static void test_date_mail(void **state)
{
	char text[DATE_MAIL_CAP];
	(void)state;
	for (size_t i = 0; i < COUNT_OF(dates); i++) {
		date_mail_print(dates[i].at_s, text);
		assert_string_equal(text, dates[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_date_mail) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
