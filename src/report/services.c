#include "report/services.h"

#include "base/clean.h"
#include "base/err.h"

static const struct report_column columns[] = {
	{ "service", "service", REPORT_TEXT },    { "protocol", "protocol", REPORT_TEXT },
	{ "sessions", "sessions", REPORT_COUNT }, { "plain", "in clear", REPORT_COUNT },
	{ "legacy", "old TLS", REPORT_COUNT },    { "sealed", "sealed", REPORT_COUNT },
	{ "local", "on one host", REPORT_COUNT },
};

static int service_add(void *owner, const struct store_ledger_service *s)
{
	return REPORT_ROW((struct report_table *)owner, report_text(s->edge),
	                  report_text(s->protocol), report_count(s->sessions),
	                  report_count(s->plain), report_count(s->legacy), report_count(s->sealed),
	                  report_count(s->local));
}

int report_services_table(struct report_table *ret_table, struct store_ledger_read *l,
                          const struct store_ledger_filter *filter, size_t limit)
{
	*ret_table = (struct report_table){ .id = "services",
		                            .title = "Services",
		                            .empty = "none",
		                            .columns = columns,
		                            .column_count = COUNT_OF(columns) };
	return err_up(store_ledger_read_services(l, filter, limit, service_add, ret_table));
}
