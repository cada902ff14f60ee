#include "conf/exception.h"

#include "conf/date.h"

enum { DAY_S = 86400 };

int64_t conf_exception_days_left(const struct conf_exception *e, int64_t now_s)
{
	return e->until_s / DAY_S - 1 - now_s / DAY_S;
}

void conf_exception_last_day(const struct conf_exception *e, char ret_text[32])
{
	conf_date_print(e->until_s / DAY_S - 1, ret_text);
}

enum conf_exception_news conf_exception_news(const struct conf_exception *e, int64_t before_s,
                                             int64_t now_s)
{
	if (e->until_s <= now_s)
		return before_s < e->until_s ? CONF_EXCEPTION_ENDED : CONF_EXCEPTION_QUIET;
	if (conf_exception_days_left(e, now_s) > CONF_EXCEPTION_DAYS_NOTICE)
		return CONF_EXCEPTION_QUIET;
	return before_s / DAY_S == now_s / DAY_S ? CONF_EXCEPTION_QUIET : CONF_EXCEPTION_ENDS;
}
