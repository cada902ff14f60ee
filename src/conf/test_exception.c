#include "conf/exception.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { DAY = 86400, TODAY = 20000 * DAY };

/* The 20th day from today is its last. */
static const struct conf_exception exception = { .until_s = TODAY + 21 * DAY };

static void test_exception_news_daily_in_the_last_week(void **state)
{
	static const struct {
		int64_t before_s, now_s;
		enum conf_exception_news news;
	} cases[] = {
		{ 0, TODAY, CONF_EXCEPTION_QUIET },
		{ TODAY, TODAY + 13 * DAY - 1, CONF_EXCEPTION_QUIET },
		{ TODAY + 13 * DAY - 1, TODAY + 13 * DAY, CONF_EXCEPTION_ENDS },
		{ TODAY + 13 * DAY, TODAY + 13 * DAY + 10, CONF_EXCEPTION_QUIET },
		{ TODAY + 13 * DAY, TODAY + 14 * DAY - 1, CONF_EXCEPTION_QUIET },
		{ TODAY + 14 * DAY - 1, TODAY + 14 * DAY, CONF_EXCEPTION_ENDS },
		{ 0, TODAY + 20 * DAY, CONF_EXCEPTION_ENDS }, /* just started */
		{ TODAY + 20 * DAY, TODAY + 21 * DAY - 1, CONF_EXCEPTION_QUIET },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(conf_exception_news(&exception, cases[i].before_s, cases[i].now_s),
		                 cases[i].news);
}

static void test_exception_news_ended_once(void **state)
{
	(void)state;
	int64_t end_s = exception.until_s;
	assert_int_equal(conf_exception_news(&exception, end_s - 10, end_s), CONF_EXCEPTION_ENDED);
	assert_int_equal(conf_exception_news(&exception, end_s - 10, end_s + 9 * DAY),
	                 CONF_EXCEPTION_ENDED); /* the host slept */
	assert_int_equal(conf_exception_news(&exception, end_s, end_s + 10), CONF_EXCEPTION_QUIET);
}

static void test_exception_days(void **state)
{
	char text[32];
	(void)state;
	assert_int_equal(conf_exception_days_left(&exception, TODAY), 20);
	assert_int_equal(conf_exception_days_left(&exception, exception.until_s - 1), 0);
	conf_exception_last_day(&exception, text);
	assert_string_equal(text, "2024-10-24");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exception_news_daily_in_the_last_week),
		cmocka_unit_test(test_exception_news_ended_once),
		cmocka_unit_test(test_exception_days),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
