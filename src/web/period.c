/* From when on a page looks: a form above it. */
#include "web/figures.h"

#include "base/clean.h"

#include <stdio.h>
#include <stdlib.h>

static const struct {
	const char *days, *words;
} periods[] = {
	{ "1", "today" },    { "7", "7 days" },   { "30", "30 days" },
	{ "90", "90 days" }, { "365", "a year" },
};
enum { USUAL = 2 };

/* What was asked for, if it is one of ours. */
static size_t period_of(const struct web_query *query)
{
	const char *asked = web_query_get(query, "days");
	for (size_t i = 0; i < COUNT_OF(periods); i++)
		if (!strcmp(periods[i].days, asked))
			return i;
	return USUAL;
}

int64_t web_period(struct web_page *page)
{
	struct html *h = page->h;
	size_t chosen = period_of(page->query);
	html_open(h, "form", { "method", "get" });
	html_open(h, "div");
	html_element(h, "label", "Seen within", { "for", "days" });
	html_open(h, "select", { "id", "days" }, { "name", "days" });
	for (size_t i = 0; i < COUNT_OF(periods); i++)
		html_element(h, "option", periods[i].words, { "value", periods[i].days },
		             { "selected", i == chosen ? "" : NULL });
	html_close(h);
	html_close(h);
	html_element(h, "button", "Show", { "type", "submit" });
	html_close(h);
	return web_today_s(page->now_s) - (atoi(periods[chosen].days) - 1) * (int64_t)WEB_DAY_S;
}
