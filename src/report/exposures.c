#include "report/exposures.h"

#include "base/clean.h"
#include "base/err.h"

static const struct report_column columns[] = {
	{ "user", "user", REPORT_TEXT },           { "protocol", "protocol", REPORT_TEXT },
	{ "address", "client", REPORT_TEXT },      { "password_sent", "sent", REPORT_BOOL },
	{ "last", "last", REPORT_TIME },           { "count", "count", REPORT_COUNT },
	{ "first", "first", REPORT_TIME },         { "edge", "edge", REPORT_TEXT },
	{ "mechanism", "mechanism", REPORT_TEXT }, { "is_excepted", "by exception", REPORT_BOOL },
};

static struct report_table table_begun(void)
{
	return (struct report_table){ .id = "exposures",
		                      .title = "Credentials in clear",
		                      .empty = "none",
		                      .columns = columns,
		                      .column_count = COUNT_OF(columns),
		                      .spare_from = 6 };
}

static int exposure_add(void *owner, const struct store_ledger_exposure *e)
{
	return REPORT_ROW((struct report_table *)owner, report_text(e->user),
	                  report_text(e->protocol), report_text(e->address),
	                  report_bool(e->password_sent), report_time(e->last_s),
	                  report_count(e->count), report_time(e->first_s), report_text(e->edge),
	                  report_text(e->mechanism), report_bool(e->is_excepted));
}

int report_exposures_table(struct report_table *ret_table, struct store_ledger_read *l,
                           const struct store_ledger_filter *filter, size_t limit,
                           uint64_t *ret_total)
{
	*ret_table = table_begun();
	int r = store_ledger_read_exposure_count(l, filter, ret_total);
	if (!r)
		r = store_ledger_read_exposures(l, filter, limit, exposure_add, ret_table);
	if (!r && *ret_total > ret_table->row_count)
		r = report_table_note(ret_table,
		                      "The last %zu of %llu, first of users who have logged in "
		                      "here: --limit 0 shows all, --csv too.",
		                      ret_table->row_count, (unsigned long long)*ret_total);
	if (!r && *ret_total)
		r = report_table_note(ret_table,
		                      "Whose password was sent needs a new one; a client that "
		                      "tries without TLS has to be set to use it.");
	return err_up(r);
}

int report_exposures_of(struct report_table *ret_table, struct store_ledger_read *l,
                        const char *user)
{
	*ret_table = table_begun();
	return err_up(store_ledger_read_user_exposures(l, user, exposure_add, ret_table));
}
