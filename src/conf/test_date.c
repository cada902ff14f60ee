/* Days of the calendar. */
#include "base/clean.h"
#include "conf/date.h"
#include "conf/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* After those it needs. */
#include <cmocka.h>

static void test_dates(void **state)
{
	static const struct {
		const char *text;
		int result;
		int64_t days;
	} cases[] = {
		{ "1970-01-01", 0, 0 },
		{ "2000-02-29", 0, 11016 },
		{ "2024-02-29", 0, 19782 },
		{ "2027-03-31", 0, 20908 },
		{ "9999-12-31", 0, 2932896 },
		{ "2027-02-29", CONF_VALUE_BAD, 0 },
		{ "2100-02-29", CONF_VALUE_BAD, 0 },
		{ "2027-13-01", CONF_VALUE_BAD, 0 },
		{ "2027-00-01", CONF_VALUE_BAD, 0 },
		{ "2027-04-31", CONF_VALUE_BAD, 0 },
		{ "2027-04-00", CONF_VALUE_BAD, 0 },
		{ "1969-12-31", CONF_VALUE_BAD, 0 },
		{ "2027-4-1", CONF_VALUE_BAD, 0 },
		{ "31.03.2027", CONF_VALUE_BAD, 0 },
		{ "2027-03-31 ", CONF_VALUE_BAD, 0 },
		{ "", CONF_VALUE_BAD, 0 },
	};
	char text[32];
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int64_t days = 0;
		print_message("%s\n", cases[i].text);
		assert_int_equal(conf_date_parse(cases[i].text, &days), cases[i].result);
		assert_int_equal(days, cases[i].days);
		if (cases[i].result)
			continue;
		conf_date_print(days, text);
		assert_string_equal(text, cases[i].text);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dates),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
