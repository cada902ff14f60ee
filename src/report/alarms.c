#include "report/alarms.h"

#include "base/clean.h"
#include "base/err.h"
#include "store/ledger.h"

enum { QUIET_S = 30 * 60 }; /* the daemon says every ten minutes what is so */

struct alarms {
	struct report_table *table;
	int64_t now_s;
	size_t limit, count, open;
};

static const char *state_of(const struct store_alarm *a, int64_t now_s)
{
	if (a->cleared_s)
		return "over";
	return now_s - a->seen_s <= QUIET_S ? "is so" : "not known";
}

static int alarm_take(void *owner, const struct store_alarm *a)
{
	struct alarms *all = owner;
	bool is_open = !a->cleared_s && all->now_s - a->seen_s <= QUIET_S;
	all->open += is_open;
	if (all->limit && all->count++ >= all->limit)
		return 0;
	return REPORT_ROW(all->table, report_text(a->kind), report_text(a->subject),
	                  report_text(state_of(a, all->now_s)), report_time(a->since_s),
	                  report_time(a->cleared_s), report_text(a->detail), report_text(a->mend));
}

int report_alarms_table(struct report_table *ret_table, struct store_ledger_read *ledger,
                        const struct store_ledger_filter *filter, int64_t now_s, size_t limit,
                        size_t *ret_open)
{
	static const struct report_column columns[] = {
		{ "alarm", "alarm", REPORT_TEXT },  { "subject", "where", REPORT_TEXT },
		{ "state", "state", REPORT_TEXT },  { "since", "since", REPORT_TIME },
		{ "cleared", "over", REPORT_TIME }, { "detail", "what is wrong", REPORT_TEXT },
		{ "mend", "mend", REPORT_TEXT },
	};
	struct alarms all = { .table = ret_table, .now_s = now_s, .limit = limit };
	*ret_table = (struct report_table){ .id = "alarms",
		                            .title = "Alarms",
		                            .empty = "none",
		                            .columns = columns,
		                            .column_count = COUNT_OF(columns),
		                            .spare_from = 5 };
	int r = store_ledger_read_alarms(ledger, filter, alarm_take, &all);
	if (!r && limit && all.count > limit)
		r = report_table_note(ret_table, "The first %zu of %zu: --limit 0 shows all.",
		                      limit, all.count);
	*ret_open = all.open;
	return err_up(r);
}
