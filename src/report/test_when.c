#include "base/clean.h"
#include "report/when.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum { NOW = 1800000000, DAY = 86400, HOUR = 3600 }; /* 2027-01-15 08:00:00 UTC */

static void test_when(void **state)
{
	static const struct {
		const char *text;
		int64_t at_s; /* -1: refused */
	} cases[] = {
		{ "2027-01-15", NOW - 8 * HOUR },
		{ "2027-01-15T08:00", NOW },
		{ "2027-01-15 08:00", NOW },
		{ "2027-01-15T08:00Z", NOW },
		{ "2027-01-15T08:00:07", NOW + 7 },
		{ "2027-01-15 08:00:07", NOW + 7 },
		{ "2027-01-15T08:00:07Z", NOW + 7 },
		{ "now", NOW },
		{ "0s", NOW },
		{ "90m", NOW - 90 * 60 },
		{ "24h", NOW - DAY },
		{ "7d", NOW - 7 * DAY },
		{ "2w", NOW - 14 * DAY },
		{ "100000d", -1 },
		{ "36500d", 0 }, /* before all time */
		{ "", -1 },
		{ "7", -1 },
		{ "d", -1 },
		{ "-7d", -1 },
		{ "7dd", -1 },
		{ "99999999999999999999d", -1 },
		{ "9223372036854775807w", -1 },
		{ "2027-02-31", -1 },
		{ "2027-2-1", -1 },
		{ " 2027-01-15", -1 },
		{ "2027-01-15 ", -1 },
		{ "2027-01-15T25:00", -1 },
		{ "1969-12-31", -1 },
		{ "yesterday", -1 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int64_t at_s = -1;
		bool is_day;
		int r = report_when_parse(cases[i].text, NOW, &at_s, &is_day);
		if (r ? cases[i].at_s != -1 : at_s != cases[i].at_s)
			fail_msg("\"%s\": %d, %lld", cases[i].text, r, (long long)at_s);
	}
}

static void test_span(void **state)
{
	static const struct {
		const char *since, *until;
		int64_t since_s, until_s; /* 0, 0: refused */
	} cases[] = {
		{ NULL, NULL, NOW + 1 - 30 * DAY, NOW + 1 },
		{ "2027-01-15", NULL, NOW - 8 * HOUR, NOW + 1 },
		{ "2027-01-14", "2027-01-14", NOW - 32 * HOUR, NOW - 8 * HOUR },
		{ "2027-01-14", "2027-01-14T12:00", NOW - 32 * HOUR, NOW - 20 * HOUR },
		{ "2w", "7d", NOW - 14 * DAY, NOW - 7 * DAY },
		{ NULL, "7d", NOW - 37 * DAY, NOW - 7 * DAY },
		{ "7d", "2w", 0, 0 },
		{ "7d", "7d", 0, 0 },
		{ "2027-01-16", NULL, 0, 0 },
		{ "x", NULL, 0, 0 },
		{ NULL, "x", 0, 0 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct report_span span = {};
		const char *why = NULL;
		int r = report_span_parse(cases[i].since, cases[i].until, NOW, &span, &why);
		if (span.since_s != cases[i].since_s || span.until_s != cases[i].until_s ||
		    (r != 0) != (why != NULL) || (r != 0) != (cases[i].until_s == 0))
			fail_msg("case %zu: %lld to %lld", i, (long long)span.since_s,
			         (long long)span.until_s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_when),
		cmocka_unit_test(test_span),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
