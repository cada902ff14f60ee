/* Numbers of the ledger for pages: asked, or said why not. Inside of web/ alone. */
#ifndef WEB_FIGURES_H
#define WEB_FIGURES_H

#include "report/coverage.h"
#include "web/chart.h"
#include "web/inside.h"

enum { WEB_DAY_S = 24 * 3600, WEB_TREND_DAYS = 30 };

/* The ledger's file, to be closed; NULL: the page says why not. */
struct store_ledger_read *web_ledger_open(struct web_page *page);
void web_ledger_closep(struct store_ledger_read **l);

/* The begin of this day (UTC), and of the one 29 days before. */
int64_t web_today_s(int64_t now_s);
static inline int64_t web_month_s(int64_t now_s)
{
	return web_today_s(now_s) - (WEB_TREND_DAYS - 1) * WEB_DAY_S;
}

/* web/period.c: a form that says since when a page looks, and what was chosen in it. */
int64_t web_period(struct web_page *page);

/* web/view_downgrades.c: what the relay remembers, to be closed; NULL: nothing. */
struct store_memory;
struct store_memory *web_memory_open(const struct web_page *page);
void web_memory_closep(struct store_memory **memory);

/* From since to now; leg -1: all. */
struct store_ledger_filter web_since(const struct web_page *page, int64_t since_s, int leg);

/* Zero where it cannot be read, which the log says. */
void web_coverage(struct report_coverage *ret_coverage, const struct web_page *page,
                  struct store_ledger_read *l, const struct store_ledger_filter *filter);

/* What a picture shows of counts. */
void web_parts(const struct report_counts *counts, uint64_t ret_parts[CHART_PART_COUNT]);

/* WEB_TREND_DAYS days of a leg; -1: all legs together. */
void web_trend(struct web_page *page, struct store_ledger_read *l, int leg, const char *title);

#endif
