#include "base/date.h"

#include <stdio.h>
#include <time.h>

static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
const char date_months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
	                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

void date_mail_print(int64_t at_s, char ret_text[DATE_MAIL_CAP])
{
	time_t at = (time_t)at_s;
	struct tm tm = {};
	if (!gmtime_r(&at, &tm))
		tm = (struct tm){ .tm_mday = 1, .tm_year = 70, .tm_wday = 4 };
	snprintf(ret_text, DATE_MAIL_CAP, "%s, %d %s %d %02d:%02d:%02d +0000", days[tm.tm_wday],
	         tm.tm_mday, date_months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
	         tm.tm_sec);
}
