/* What is to be said of a dated exception while it runs. Pure: the caller gives the time. */
#ifndef CONF_EXCEPTION_H
#define CONF_EXCEPTION_H

#include "conf/settings.h"

enum { CONF_EXCEPTION_DAYS_NOTICE = 7 };

enum conf_exception_news {
	CONF_EXCEPTION_QUIET,
	CONF_EXCEPTION_ENDS,  /* within a week: once a day (UTC) */
	CONF_EXCEPTION_ENDED, /* since the look before: once */
};

/* before_s: Unix time of the look before this one; 0: this is the first. */
enum conf_exception_news conf_exception_news(const struct conf_exception *e, int64_t before_s,
                                             int64_t now_s);

/* Whole days after today's until its last is over; 0: today is the last. */
int64_t conf_exception_days_left(const struct conf_exception *e, int64_t now_s);

/* Its last day: "2027-03-31". */
void conf_exception_last_day(const struct conf_exception *e, char ret_text[32]);

#endif
