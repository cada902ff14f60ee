#include "cmd/report_tlsrpt_inside.h"

#include "base/clean.h"
#include "report/table.h"
#include "resolver/report.h"
#include "store/tlsrpt_sent.h"

#include <jansson.h>
#include <stdio.h>
#include <time.h>

static const struct report_column columns[] = {
	{ "day", "DAY", REPORT_TEXT },
	{ "domain", "DOMAIN", REPORT_TEXT },
	{ "to", "TO", REPORT_TEXT },
	{ "state", "STATE", REPORT_TEXT },
	{ "when", "WHEN (UTC)", REPORT_TIME },
	{ "tries", "TRIES", REPORT_COUNT },
	{ "error", "LAST ERROR", REPORT_TEXT },
};

static const char *const states[] = {
	[STORE_TLSRPT_WAITING] = "waiting",
	[STORE_TLSRPT_SENT] = "sent",
	[STORE_TLSRPT_GIVEN_UP] = "given-up",
};
_Static_assert(COUNT_OF(states) == STORE_TLSRPT_STATE_COUNT, "a state without a name");

struct filling {
	struct report_table table;
	int failed;
};

static void on_report(void *owner, const struct store_tlsrpt_report *r)
{
	struct filling *f = owner;
	char day[16];
	bool is_known = (unsigned)r->state < STORE_TLSRPT_STATE_COUNT;
	tlsrpt_day_write(r->day, day, sizeof(day));
	if (!f->failed)
		f->failed = REPORT_ROW(
			&f->table, report_text(day), report_text(r->domain), report_text(r->uri),
			report_text(is_known ? states[r->state] : "unknown"),
			report_time(r->state == STORE_TLSRPT_WAITING ? r->due_s : r->ended_s),
			report_count(r->tries), report_text(r->why));
}

int tlsrpt_sent(const struct tlsrpt_options *o, struct store_tlsrpt *store)
{
	struct filling f = { .table = { .id = "reports",
		                        .title = "Reports that go out",
		                        .empty = o->settings->tlsrpt.sends
		                                         ? "none yet"
		                                         : "none: tlsrpt.send is not true",
		                        .columns = columns,
		                        .column_count = COUNT_OF(columns) } };
	int r = store ? store_tlsrpt_reports(store, o->day, o->domain, on_report, &f) : 0;
	if (!r)
		r = f.failed;
	if (!r && o->as_json)
		tlsrpt_json_print(report_table_json(&f.table));
	else if (!r)
		r = tlsrpt_table_print(&f.table);
	report_table_deinit(&f.table);
	return r ? REPORT_UNKNOWN : REPORT_WELL;
}

int tlsrpt_preview(const struct tlsrpt_options *o, struct store_tlsrpt *store)
{
	CLEAN(report_made_deinit) struct report_made made = {};
	struct report_sender sender;
	char day[16];
	int64_t number = o->day >= 0 ? o->day : store_tlsrpt_day(time(NULL)) - 1;
	report_sender_take(&sender, o->settings);
	const struct policy_tlsrpt_head head = report_head(o->settings, &sender, number, o->domain);
	int r = store ? report_make(&made, store, &head) : REPORT_NONE;
	if (r == REPORT_NONE) {
		tlsrpt_day_write(number, day, sizeof(day));
		fprintf(stderr,
		        "mailseal report: no session with %s was counted on %s (UTC): no report "
		        "would go\n",
		        o->domain, day);
		return REPORT_NOT_WELL;
	}
	if (r)
		return REPORT_UNKNOWN;
	fwrite(buf_slice(&made.json).data, 1, buf_len(&made.json), stdout);
	putchar('\n');
	return REPORT_WELL;
}
