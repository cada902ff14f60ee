#include "web/figures.h"

#include "base/log.h"
#include "store/ledger_read.h"

#include <string.h>

struct store_ledger_read *web_ledger_open(struct web_page *page)
{
	struct store_ledger_read *l = NULL;
	if (!store_ledger_read_open(&l, page->web->ledger_path))
		return l;
	web_page_paragraph(page, "The ledger cannot be read now; the log says why. Nothing is "
	                         "known on this page until then.");
	return NULL;
}

void web_ledger_closep(struct store_ledger_read **l)
{
	store_ledger_read_close(*l);
}

int64_t web_today_s(int64_t now_s)
{
	return now_s - now_s % WEB_DAY_S;
}

struct store_ledger_filter web_since(const struct web_page *page, int64_t since_s, int leg)
{
	return (struct store_ledger_filter){ .since_s = since_s,
		                             .until_s = page->now_s + 1,
		                             .leg = leg };
}

void web_coverage(struct report_coverage *c, const struct web_page *page,
                  struct store_ledger_read *l, const struct store_ledger_filter *filter)
{
	*c = (struct report_coverage){};
	report_coverage_configure(c, page->web->set.settings);
	if (report_coverage_read(c, l, filter))
		log_warn(NULL, "dashboard: the ledger cannot be read");
}

void web_parts(const struct report_counts *counts, uint64_t parts[CHART_PART_COUNT])
{
	parts[CHART_AUTHENTICATED] = counts->by_seal[STORE_SEAL_AUTHENTICATED];
	parts[CHART_SEALED] = counts->by_seal[STORE_SEAL_SEALED];
	parts[CHART_LEGACY] = counts->by_seal[STORE_SEAL_LEGACY];
	parts[CHART_PLAIN] = counts->by_seal[STORE_SEAL_PLAIN];
}

static void day_fill(struct chart_day *day, struct web_page *page, struct store_ledger_read *l,
                     int leg)
{
	struct report_coverage c;
	struct store_ledger_filter filter = { .since_s = day->at_s,
		                              .until_s = day->at_s + WEB_DAY_S,
		                              .leg = leg };
	web_coverage(&c, page, l, &filter);
	for (size_t i = 0; i < STORE_LEG_COUNT; i++) {
		uint64_t parts[CHART_PART_COUNT];
		web_parts(&c.legs[i], parts);
		for (size_t n = 0; n < CHART_PART_COUNT; n++)
			day->counts[n] += parts[n];
	}
	report_coverage_deinit(&c);
}

void web_trend(struct web_page *page, struct store_ledger_read *l, int leg, const char *title)
{
	struct chart_day days[WEB_TREND_DAYS] = {};
	int64_t first = web_month_s(page->now_s);
	for (size_t i = 0; i < WEB_TREND_DAYS; i++) {
		days[i].at_s = first + (int64_t)i * WEB_DAY_S;
		day_fill(&days[i], page, l, leg);
	}
	html_element(page->h, "h2", title);
	chart_trend(page->h,
	            &(struct chart_trend){
			    .id = "trend", .title = title, .days = days, .count = WEB_TREND_DAYS });
	chart_legend(page->h);
}
