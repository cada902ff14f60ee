/* Days of the calendar, as they are written in the configuration file. */
#include "conf/date.h"

#include "conf/value.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Days since 1970-01-01 in the proleptic Gregorian calendar; years begin in March here. */
static int64_t days_of(int year, int month, int day)
{
	int y = month <= 2 ? year - 1 : year;
	int era = y / 400;
	int of_era = y - era * 400;
	int of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return (int64_t)era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int month_days(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return month == 2 && is_leap ? 29 : days[month - 1];
}

/* -1: they are none. */
static int number_of(const char *digits, int count)
{
	int number = 0;
	for (int i = 0; i < count; i++) {
		if (digits[i] < '0' || digits[i] > '9')
			return -1;
		number = number * 10 + (digits[i] - '0');
	}
	return number;
}

int conf_date_parse(const char *text, int64_t *ret_days)
{
	if (strlen(text) != 10 || text[4] != '-' || text[7] != '-')
		return CONF_VALUE_BAD;
	int year = number_of(text, 4);
	int month = number_of(text + 5, 2);
	int day = number_of(text + 8, 2);
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > month_days(year, month))
		return CONF_VALUE_BAD;
	*ret_days = days_of(year, month, day);
	return 0;
}

void conf_date_print(int64_t days, char ret_text[32])
{
	int year = 1970;
	int month = 1;
	while (year < 9999 && days_of(year + 1, 1, 1) <= days)
		year++;
	while (month < 12 && days_of(year, month + 1, 1) <= days)
		month++;
	int day = (int)(days - days_of(year, month, 1)) + 1;
	snprintf(ret_text, 32, "%04d-%02d-%02d", year, month, day);
}
