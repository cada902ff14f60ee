/* Whose password came in clear. */
#include "web/figures.h"
#include "web/views.h"

#include "base/clean.h"
#include "report/exposures.h"

enum { ROWS_MAX = 500 };

void web_view_exposures(struct web_page *page)
{
	CLEAN(web_ledger_closep) struct store_ledger_read *l = web_ledger_open(page);
	struct report_table t = {};
	uint64_t total;
	if (!l)
		return;
	web_page_paragraph(
		page, "Logins that came without TLS. Where the password was sent, it crossed a "
		      "network in clear and has to be changed; else a program only tried, and its "
		      "settings have to be mended. The password itself is never kept.");
	struct store_ledger_filter filter = web_since(page, web_period(page), -1);
	if (report_exposures_table(&t, l, &filter, ROWS_MAX, &total))
		web_page_failed(page);
	else
		web_page_table(page, "exposures", &t);
	report_table_deinit(&t);
}
