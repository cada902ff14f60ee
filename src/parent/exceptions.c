/* Dated exceptions end by themselves, in the workers; here they say so, a week before and then. */
#include "parent/exceptions.h"
#include "base/log.h"
#include "conf/exception.h"
#include "parent/state.h"

static void tell(const struct conf_exception *e, enum conf_exception_news news, int64_t now_s)
{
	char last_day[32];
	conf_exception_last_day(e, last_day);
	switch (news) {
	case CONF_EXCEPTION_QUIET:
		break;
	case CONF_EXCEPTION_ENDS:
		log_warn(NULL, "exception ends soon", kv_str("edge", e->edge),
		         kv_str("reason", e->reason), kv_str("last_day", last_day),
		         kv_int("days", conf_exception_days_left(e, now_s)),
		         kv_int("line", e->line));
		break;
	case CONF_EXCEPTION_ENDED:
		log_warn(NULL, "exception ended", kv_str("edge", e->edge),
		         kv_str("reason", e->reason), kv_str("last_day", last_day),
		         kv_int("line", e->line));
		break;
	}
}

void parent_exceptions_tell(struct parent *p)
{
	int64_t now_s = time(NULL);
	if (!p->plan)
		return;
	const struct conf_settings *s = p->plan->settings;
	for (size_t i = 0; i < s->exception_count; i++)
		tell(&s->exceptions[i],
		     conf_exception_news(&s->exceptions[i], p->exceptions_told_s, now_s), now_s);
	p->exceptions_told_s = now_s;
}
