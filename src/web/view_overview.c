/* For who asks how we stand: the measures of the recommendation, each in a sentence. */
#include "web/figures.h"
#include "web/plan.h"
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

/* What is to go next, and then. */
static const struct step {
	enum tls_version least;
	const char *words, *href;
} steps[] = {
	{ TLS_1_2, "TLS 1.0 and 1.1 went", "/impact?min_version=1.2" },
	{ TLS_1_3, "TLS 1.2 went", "/impact?min_version=1.3" },
};

struct overview {
	struct report_coverage month, today;
	uint64_t exposures[STORE_LEG_COUNT];
	struct web_broken broken[COUNT_OF(steps)];
	bool knows_broken;
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
	html_textf(h, "%s: %s of %s", when, share,
	           web_count(report_counts_open(counts), "session").text);
	html_close(h);
}

/* One sentence on what is left to do. */
static void verdict_line(struct html *h, const struct overview *o, enum store_leg leg)
{
	const struct report_counts *n = &o->month.legs[leg];
	uint64_t plain = n->by_seal[STORE_SEAL_PLAIN];
	uint64_t legacy = n->by_seal[STORE_SEAL_LEGACY];
	bool is_ours = leg == STORE_LEG_USER || leg == STORE_LEG_INTERNAL;
	if (is_ours && o->exposures[leg]) {
		html_open(h, "p", { "class", "bad" });
		html_textf(h, "%s came in clear", web_count(o->exposures[leg], "credential").text);
	} else if (!report_counts_open(n)) {
		html_open(h, "p", { "class", "quiet" });
		html_text(h, o->month.is_configured[leg] ? n->by_seal[STORE_SEAL_LOCAL]
		                                                   ? "all on this host"
		                                                   : "no session yet"
		                                         : "not seen by mailseal");
	} else if (plain) {
		html_open(h, "p", { "class", is_ours ? "bad" : "warn" });
		html_textf(h, "%s in clear", web_count(plain, "session").text);
	} else if (legacy) {
		html_open(h, "p", { "class", "warn" });
		html_textf(h, "%s with old TLS", web_count(legacy, "session").text);
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

/* "3 users and 7 partners break if TLS 1.2 went too." */
static void step_line(struct html *h, const struct step *step, const struct web_broken *broken)
{
	html_open(h, "li");
	html_open(h, "a", { "href", step->href });
	html_textf(h, "%s and %s would break if %s.", web_count(broken->users, "user").text,
	           web_count(broken->partners, "partner").text, step->words);
	html_close(h);
	html_close(h);
}

/* Some edge still takes what would go. */
static bool is_ahead(const struct conf_settings *s, const struct step *step)
{
	for (size_t i = 0; i < s->edge_count; i++)
		if (s->edges[i].tls.min_version < step->least)
			return true;
	return false;
}

static void steps_show(const struct web_page *page, const struct overview *o)
{
	struct html *h = page->h;
	if (!o->knows_broken)
		return;
	html_element(h, "h2", "What the next step would cost");
	html_open(h, "ul");
	for (size_t i = 0; i < COUNT_OF(steps); i++)
		if (is_ahead(page->web->set.settings, &steps[i]))
			step_line(h, &steps[i], &o->broken[i]);
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

static bool broken_read(struct overview *o, const struct web_page *page)
{
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		CLEAN(web_plan_deinit) struct web_plan plan = {};
		const struct impact_wish wish = { .min_version = steps[i].least };
		if (web_plan_judge(&plan, page->web, &wish, page->now_s, 1) ||
		    !impact_seen(&plan.impact))
			return false;
		o->broken[i] = web_plan_broken(&plan);
	}
	return true;
}

/* A user's at port 25 is one of the users. */
static void exposures_read(struct overview *o, struct store_ledger_read *l,
                           struct store_ledger_filter month)
{
	for (month.leg = 0; month.leg < STORE_LEG_COUNT; month.leg++)
		if (store_ledger_read_exposure_count(l, &month, &o->exposures[month.leg]))
			o->exposures[month.leg] = 0;
	o->exposures[STORE_LEG_USER] += o->exposures[STORE_LEG_INBOUND];
}

static void overview_read(struct overview *o, struct web_page *page, struct store_ledger_read *l)
{
	struct store_ledger_filter month = web_since(page, web_month_s(page->now_s), -1);
	struct store_ledger_filter today = web_since(page, web_today_s(page->now_s), -1);
	web_coverage(&o->month, page, l, &month);
	web_coverage(&o->today, page, l, &today);
	exposures_read(o, l, month);
	o->knows_broken = broken_read(o, page);
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
	                   "the policy allows. The measures are those of the M3AAWG "
	                   "recommendation \"TLS for Mail\".");
	html_open(h, "ul", { "class", "cards" });
	for (size_t i = 0; i < COUNT_OF(measures); i++)
		card(h, &o, &measures[i]);
	html_close(h);
	steps_show(page, &o);
	web_trend(page, l, -1, "The last 30 days, all four together");
	since_line(page, &o);
}
