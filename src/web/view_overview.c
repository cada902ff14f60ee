/* For who asks how we stand: the measures of the recommendation, each in a sentence. */
#include "web/figures.h"
#include "web/views.h"

#include "base/clean.h"
#include "store/ledger_read.h"

/* "TLS for Mail" of M3AAWG asks for these; the words are ours. */
static const struct measure {
	const char *title, *wanted, *href;
	enum store_leg leg;
} measures[] = {
	{ "Mail that comes in", "Providers that write to us do it in TLS.", "/inbound",
	  STORE_LEG_INBOUND },
	{ "Mail that goes out", "We write to other providers in TLS wherever they have it.",
	  "/outbound", STORE_LEG_OUTBOUND },
	{ "Inside", "Nothing crosses our own network in clear.", "/internal", STORE_LEG_INTERNAL },
	{ "Users", "No password crosses in clear.", "/users", STORE_LEG_USER },
};
_Static_assert(COUNT_OF(measures) == STORE_LEG_COUNT, "a measure for each leg");

struct overview {
	struct report_coverage month, today;
	uint64_t exposures;
};

static void overview_deinit(struct overview *o)
{
	report_coverage_deinit(&o->month);
	report_coverage_deinit(&o->today);
}

static void share_line(struct html *h, const char *when, const struct report_counts *counts)
{
	char share[16];
	chart_share_text(report_counts_sealed(counts), report_counts_open(counts), share);
	html_open(h, "p");
	html_textf(h, "%s: %s of %llu sessions", when, share,
	           (unsigned long long)report_counts_open(counts));
	html_close(h);
}

/* One sentence on what is left to do. */
static void verdict_line(struct html *h, const struct overview *o, enum store_leg leg)
{
	const struct report_counts *n = &o->month.legs[leg];
	unsigned long long plain = n->by_seal[STORE_SEAL_PLAIN];
	unsigned long long legacy = n->by_seal[STORE_SEAL_LEGACY];
	bool is_ours = leg == STORE_LEG_USER || leg == STORE_LEG_INTERNAL;
	if (leg == STORE_LEG_USER && o->exposures) {
		html_open(h, "p", { "class", "bad" });
		html_textf(h, "%llu credentials came in clear", (unsigned long long)o->exposures);
	} else if (!report_counts_open(n)) {
		html_open(h, "p", { "class", "quiet" });
		html_text(h, o->month.is_configured[leg] ? n->by_seal[STORE_SEAL_LOCAL]
		                                                   ? "all on this host"
		                                                   : "no session yet"
		                                         : "not seen by mailseal");
	} else if (plain) {
		html_open(h, "p", { "class", is_ours ? "bad" : "warn" });
		html_textf(h, "%llu sessions in clear", plain);
	} else if (legacy) {
		html_open(h, "p", { "class", "warn" });
		html_textf(h, "%llu sessions with old TLS", legacy);
	} else {
		html_open(h, "p", { "class", "good" });
		html_text(h, "all of it sealed");
	}
	html_close(h);
}

static void card(struct html *h, const struct overview *o, const struct measure *m)
{
	const struct report_counts *month = &o->month.legs[m->leg];
	uint64_t parts[CHART_PART_COUNT];
	char share[16];
	chart_share_text(report_counts_sealed(month), report_counts_open(month), share);
	web_parts(month, parts);
	html_open(h, "li", { "class", "card" });
	html_open(h, "h2");
	html_element(h, "a", m->title, { "href", m->href });
	html_close(h);
	html_element(h, "p", m->wanted);
	html_open(h, "p", { "class", "big" });
	html_text(h, share);
	html_close(h);
	html_element(h, "p", "sealed in the last 30 days", { "class", "quiet" });
	chart_bar(h, m->title, parts);
	verdict_line(h, o, m->leg);
	share_line(h, "Today", &o->today.legs[m->leg]);
	html_close(h);
}

static void since_line(struct web_page *page, const struct overview *o)
{
	int64_t days = o->month.began_s ? (page->now_s - o->month.began_s) / WEB_DAY_S : 0;
	html_open(page->h, "p", { "class", "quiet" });
	if (o->month.began_s && days < WEB_TREND_DAYS)
		html_textf(page->h,
		           "mailseal has watched for %lld days; what it did not see may "
		           "still be there.",
		           (long long)days);
	if (o->month.lost)
		html_textf(page->h, " %llu sessions could not be recorded and are missing here.",
		           (unsigned long long)o->month.lost);
	html_close(page->h);
}

static void overview_read(struct overview *o, struct web_page *page, struct store_ledger_read *l)
{
	struct store_ledger_filter month = web_since(page, web_month_s(page->now_s), -1);
	struct store_ledger_filter today = web_since(page, web_today_s(page->now_s), -1);
	web_coverage(&o->month, page, l, &month);
	web_coverage(&o->today, page, l, &today);
	if (store_ledger_read_exposure_count(l, &month, &o->exposures))
		o->exposures = 0;
}

void web_view_overview(struct web_page *page)
{
	CLEAN(overview_deinit) struct overview o = {};
	CLEAN(web_ledger_closep) struct store_ledger_read *l = web_ledger_open(page);
	struct html *h = page->h;
	if (!l)
		return;
	overview_read(&o, page, l);
	web_page_paragraph(page,
	                   "How much of our mail is sealed: encrypted on its way with TLS that "
	                   "the policy allows. The four measures are those of the M3AAWG "
	                   "recommendation \"TLS for Mail\".");
	html_open(h, "ul", { "class", "cards" });
	for (size_t i = 0; i < COUNT_OF(measures); i++)
		card(h, &o, &measures[i]);
	html_close(h);
	web_trend(page, l, -1, "The last 30 days, all four together");
	since_line(page, &o);
}
