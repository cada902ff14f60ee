/* Where our mail goes: what each destination must have, what it had, what is remembered of it. */
#include "web/figures.h"
#include "web/views.h"

#include "base/clean.h"
#include "report/table.h"
#include "store/ledger_read.h"
#include "store/memory.h"

enum { ROWS_MAX = 500 };

static const struct report_column columns[] = {
	{ "domain", "Domain", REPORT_TEXT },      { "mx", "Host", REPORT_TEXT },
	{ "seal", "Last time", REPORT_TEXT },     { "version", "TLS", REPORT_TEXT },
	{ "policy", "Policy", REPORT_TEXT },      { "result", "What failed", REPORT_TEXT },
	{ "memory", "Remembered", REPORT_TEXT },  { "messages", "Messages", REPORT_COUNT },
	{ "sessions", "Sessions", REPORT_COUNT }, { "failed", "Failed", REPORT_COUNT },
	{ "last", "Last", REPORT_TIME },          { "outcome", "How it ended", REPORT_TEXT },
	{ "group", "Key exchange", REPORT_TEXT }, { "cipher", "Suite", REPORT_TEXT },
	{ "address", "Address", REPORT_TEXT },    { "relay", "Relay", REPORT_TEXT },
};

struct listing {
	struct report_table table;
	struct store_memory *memory; /* NULL: nothing is remembered */
};

static const char *memory_words(struct store_memory *memory, const struct store_ledger_far *far)
{
	struct policy_memory m;
	if (!memory || store_memory_get(memory, far->domain, far->mx, &m))
		return "";
	if (m.lost_since_s)
		return "has lost its TLS";
	if (!m.sealed_since_s)
		return "";
	return m.was_trusted ? "TLS, with a certificate of a public CA" : "TLS";
}

static int row_add(void *owner, const struct store_ledger_far *far)
{
	struct listing *list = owner;
	return REPORT_ROW(&list->table, report_text(far->domain), report_text(far->mx),
	                  report_text(store_seal_name(far->seal)), report_text(far->version),
	                  report_text(far->policy), report_text(far->result),
	                  report_text(memory_words(list->memory, far)), report_count(far->messages),
	                  report_count(far->sessions), report_count(far->failed),
	                  report_time(far->last_s), report_text(far->outcome),
	                  report_text(far->group), report_text(far->cipher),
	                  report_text(far->address), report_text(far->relay));
}

void web_view_destinations(struct web_page *page)
{
	CLEAN(web_ledger_closep) struct store_ledger_read *l = web_ledger_open(page);
	CLEAN(web_memory_closep) struct store_memory *memory = web_memory_open(page);
	struct listing list = { .table = { .id = "destinations",
		                           .title = "Destinations, the weakest first",
		                           .empty = "No mail went out in this time.",
		                           .columns = columns,
		                           .column_count = COUNT_OF(columns) },
		                .memory = memory };
	if (!l)
		return;
	web_page_paragraph(page, "Each host that our mail was brought to: what its policy demands "
	                         "(DANE, MTA-STS, none), what it had the last time, and what the "
	                         "relay remembers of it.");
	struct store_ledger_filter filter = web_since(page, web_period(page), STORE_LEG_OUTBOUND);
	if (store_ledger_read_fars(l, &filter, false, ROWS_MAX, row_add, &list) < 0)
		web_page_failed(page);
	else
		web_page_table(page, "destinations", &list.table);
	if (list.table.row_count == ROWS_MAX)
		web_page_paragraph(page, "There are more; `mailseal report peers --leg outbound` "
		                         "lists all.");
	report_table_deinit(&list.table);
}
