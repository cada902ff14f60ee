/* One leg: what sealed it, by protocol. */
#include "web/figures.h"
#include "web/views.h"

#include "base/clean.h"
#include "report/peers.h"
#include "report/services.h"
#include "report/table.h"
#include "store/ledger_read.h"

enum { PARTNERS_MAX = 100, SERVICES_MAX = 200 };

static const char *const words[] = {
	[STORE_LEG_INBOUND] =
		"Other providers bring mail to us (port 25). What has no TLS is let in all the "
		"same, for most of the world would be lost otherwise; so each partner that comes "
		"in "
		"clear can be asked to mend it.",
	[STORE_LEG_OUTBOUND] =
		"We bring mail to other providers, each with the strongest TLS that it has.",
	[STORE_LEG_USER] =
		"Mail programs of our users. Without TLS no login is taken, but a program that "
		"does not ask first has sent its password by then.",
	[STORE_LEG_INTERNAL] =
		"The way from mailseal to our own servers, and what it watches between them. What "
		"never leaves a host is \"local\" and counts neither as sealed nor as plain.",
};
_Static_assert(COUNT_OF(words) == STORE_LEG_COUNT, "words for each leg");

static const struct report_column columns[] = {
	{ "protocol", "Protocol", REPORT_TEXT },
	{ "sessions", "Sessions", REPORT_COUNT },
	{ "sealed", "Sealed", REPORT_SHARE },
	{ "authenticated", "Authenticated", REPORT_SHARE },
	{ "legacy", "Old TLS", REPORT_SHARE },
	{ "plain", "In clear", REPORT_SHARE },
	{ "plain_sessions", "Sessions in clear", REPORT_COUNT },
	{ "forward_secrecy", "Forward secrecy", REPORT_SHARE },
	{ "post_quantum", "Post-quantum", REPORT_SHARE },
	{ "local", "On this host", REPORT_COUNT },
	{ "failed", "Failed", REPORT_COUNT },
	{ "messages", "Messages", REPORT_COUNT },
	{ "bytes", "Data", REPORT_BYTES },
};

static int row_add(struct report_table *t, const char *protocol, const struct report_counts *n)
{
	uint64_t open = report_counts_open(n);
	return REPORT_ROW(t, report_text(protocol), report_count(open),
	                  report_share(report_counts_sealed(n), open),
	                  report_share(n->by_seal[STORE_SEAL_AUTHENTICATED], open),
	                  report_share(n->by_seal[STORE_SEAL_LEGACY], open),
	                  report_share(n->by_seal[STORE_SEAL_PLAIN], open),
	                  report_count(n->by_seal[STORE_SEAL_PLAIN]),
	                  report_share(n->forward_secrecy, n->encrypted),
	                  report_share(n->post_quantum, n->encrypted),
	                  report_count(n->by_seal[STORE_SEAL_LOCAL]),
	                  report_count(n->by_seal[STORE_SEAL_NONE]), report_count(n->messages),
	                  report_bytes(n->bytes));
}

/* All protocols in the last row, where there are several. */
static int rows_add(struct report_table *t, const struct report_coverage *c, enum store_leg leg)
{
	int r = 0;
	for (size_t i = 0; !r && i < c->line_count; i++)
		r = row_add(t, c->lines[i].protocol, &c->lines[i].counts);
	return r || c->line_count < 2 ? r : row_add(t, "all", &c->legs[leg]);
}

static void counts_table(struct web_page *page, struct store_ledger_read *l, enum store_leg leg)
{
	struct store_ledger_filter filter = web_since(page, web_month_s(page->now_s), (int)leg);
	struct report_coverage c;
	struct report_table t = { .id = "coverage",
		                  .title = "By protocol, in the last 30 days",
		                  .empty = "No session in this time.",
		                  .columns = columns,
		                  .column_count = COUNT_OF(columns) };
	web_coverage(&c, page, l, &filter);
	if (rows_add(&t, &c, leg))
		page->h->has_failed = true;
	else
		web_page_table(page, t.id, &t);
	report_table_deinit(&t);
	report_coverage_deinit(&c);
}

/* The weakest alone: there may be millions of the others. */
static void partners_table(struct web_page *page, struct store_ledger_read *l)
{
	struct report_table t = {};
	const struct report_peers_wish wish = {
		.filter = web_since(page, web_month_s(page->now_s), STORE_LEG_INBOUND),
		.only_weak = true,
		.limit = PARTNERS_MAX,
		.seed = page->web->seed,
	};
	if (report_peers_table(&t, l, &wish)) {
		web_page_failed(page);
	} else {
		t.title = "Partners that were not always sealed";
		t.empty = "Every partner was always sealed.";
		web_page_table(page, "partners", &t);
	}
	report_table_deinit(&t);
}

/* Of links, and what is watched. */
static void services_table(struct web_page *page, struct store_ledger_read *l)
{
	struct report_table t = {};
	struct store_ledger_filter filter =
		web_since(page, web_month_s(page->now_s), STORE_LEG_INTERNAL);
	if (report_services_table(&t, l, &filter, SERVICES_MAX)) {
		web_page_failed(page);
	} else {
		t.title = "Services, those in clear first";
		t.empty = "Nothing was seen between our hosts: see watch in mailseal.conf(5).";
		web_page_table(page, "services", &t);
	}
	report_table_deinit(&t);
}

static void see(struct web_page *page, const char *path, const char *text)
{
	html_open(page->h, "p");
	html_element(page->h, "a", text, { "href", path });
	html_close(page->h);
}

static void leg_draw(struct web_page *page, enum store_leg leg)
{
	CLEAN(web_ledger_closep) struct store_ledger_read *l = web_ledger_open(page);
	if (!l)
		return;
	web_page_paragraph(page, words[leg]);
	if (leg == STORE_LEG_USER)
		see(page, "/exposures", "Exposures: whose password came in clear");
	if (leg == STORE_LEG_OUTBOUND)
		see(page, "/destinations", "Destinations: what each has and must have");
	web_trend(page, l, (int)leg, "The last 30 days");
	counts_table(page, l, leg);
	if (leg == STORE_LEG_INBOUND)
		partners_table(page, l);
	if (leg == STORE_LEG_INTERNAL)
		services_table(page, l);
}

void web_view_inbound(struct web_page *page)
{
	leg_draw(page, STORE_LEG_INBOUND);
}

void web_view_outbound(struct web_page *page)
{
	leg_draw(page, STORE_LEG_OUTBOUND);
}

void web_view_users(struct web_page *page)
{
	leg_draw(page, STORE_LEG_USER);
}

void web_view_internal(struct web_page *page)
{
	leg_draw(page, STORE_LEG_INTERNAL);
}
