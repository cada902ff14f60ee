/* How own domains look from outside: letters, what got worse, what is to be mended. */
#include "web/views.h"

#include "base/clean.h"
#include "base/log.h"
#include "conf/conf.h"
#include "conf/settings.h"
#include "report/checked.h"
#include "report/table.h"
#include "store/checks.h"

#include <limits.h>
#include <stdio.h>

enum { HISTORY_MAX = 30 };

static const struct report_column now_columns[] = {
	{ "domain", "domain", REPORT_TEXT },
	{ "overall", "overall", REPORT_TEXT },
	{ "between", "between providers", REPORT_TEXT },
	{ "users", "users' passwords", REPORT_TEXT },
	{ "fail", "to be mended", REPORT_COUNT },
	{ "warn", "warnings", REPORT_COUNT },
	{ "not_tested", "not tested", REPORT_COUNT },
	{ "worse", "got worse", REPORT_COUNT },
	{ "at", "looked at", REPORT_TIME },
};
static const struct report_column finding_columns[] = {
	{ "id", "id", REPORT_TEXT },           { "verdict", "verdict", REPORT_TEXT },
	{ "title", "criterion", REPORT_TEXT }, { "place", "place", REPORT_TEXT },
	{ "evidence", "seen", REPORT_TEXT },
};
static const struct report_column history_columns[] = {
	{ "at", "looked at", REPORT_TIME },
	{ "overall", "overall", REPORT_TEXT },
	{ "between", "between providers", REPORT_TEXT },
	{ "users", "users' passwords", REPORT_TEXT },
	{ "fail", "to be mended", REPORT_COUNT },
	{ "warn", "warnings", REPORT_COUNT },
	{ "worse", "got worse", REPORT_COUNT },
};

/* What is being gathered of a domain. */
struct gathering {
	struct report_table *now, *history;
	struct buf findings, before;
	unsigned count;
	bool has_failed;
};

static void row_note(struct gathering *g, int r)
{
	g->has_failed |= r != 0;
}

static int on_check(void *owner, const struct store_check *c)
{
	struct gathering *g = owner;
	unsigned bad = c->critical + c->fail;
	if (!g->count) {
		row_note(g, REPORT_ROW(g->now, report_text(c->domain), report_text(c->overall),
		                       report_text(c->between), report_text(c->users),
		                       report_count(bad), report_count(c->warn),
		                       report_count(c->not_tested), report_count(c->worse),
		                       report_time(c->at_s)));
		row_note(g, buf_add(&g->findings, c->findings));
		if (c->why[0])
			row_note(g, report_table_note(g->now, "%s: %s", c->domain, c->why));
	} else if (g->count == 1) {
		row_note(g, buf_add(&g->before, c->findings));
	}
	row_note(g, REPORT_ROW(g->history, report_time(c->at_s), report_text(c->overall),
	                       report_text(c->between), report_text(c->users), report_count(bad),
	                       report_count(c->warn), report_count(c->worse)));
	g->count++;
	return 0;
}

struct finding_rows {
	struct report_table *table;
	bool has_failed;
};

static void on_finding(void *owner, const struct report_checked_finding *f)
{
	struct finding_rows *rows = owner;
	rows->has_failed |= REPORT_ROW(rows->table, report_text(f->id), report_text(f->verdict),
	                               report_text(f->title), report_text(f->place),
	                               report_text(f->evidence)) != 0;
}

static void findings_draw(struct web_page *page, const char *id, const struct report_table *empty,
                          const struct gathering *g, bool only_worse)
{
	struct report_table t = *empty;
	struct finding_rows rows = { &t, false };
	if (only_worse)
		report_checked_worse(buf_slice(&g->before), buf_slice(&g->findings), on_finding,
		                     &rows);
	else
		report_checked_each(buf_slice(&g->findings), on_finding, &rows);
	if (rows.has_failed)
		web_page_failed(page);
	else
		web_page_table(page, id, &t);
	report_table_deinit(&t);
}

static void details_draw(struct web_page *page, const struct gathering *g, size_t number)
{
	static const struct report_table worse = { .id = "worse",
		                                   .title = "What got worse since the look before",
		                                   .empty = "Nothing did.",
		                                   .columns = finding_columns,
		                                   .column_count = COUNT_OF(finding_columns) };
	static const struct report_table all = { .id = "findings",
		                                 .title = "What is to be mended, or not known",
		                                 .empty = "All that was looked at is well.",
		                                 .columns = finding_columns,
		                                 .column_count = COUNT_OF(finding_columns) };
	char id[32];
	snprintf(id, sizeof(id), "worse-%zu", number);
	findings_draw(page, id, &worse, g, true);
	snprintf(id, sizeof(id), "findings-%zu", number);
	findings_draw(page, id, &all, g, false);
	snprintf(id, sizeof(id), "history-%zu", number);
	web_page_table(page, id, g->history);
}

static bool domain_read(struct store_checks *store, const char *domain, struct gathering *g)
{
	if (store_checks_read(store, domain, HISTORY_MAX, on_check, g)) {
		log_warn(NULL, "dashboard: what was found of own domains cannot be read");
		return false;
	}
	return !g->has_failed;
}

static void gathering_deinit(struct gathering *g)
{
	buf_deinit(&g->findings);
	buf_deinit(&g->before);
	report_table_deinit(g->history);
}

static void domains_draw(struct web_page *page, struct store_checks *store)
{
	const struct conf_check *check = &page->web->set.settings->check;
	struct report_table now = { .id = "domains",
		                    .title = "Own domains",
		                    .empty = "None was looked at yet.",
		                    .columns = now_columns,
		                    .column_count = COUNT_OF(now_columns) };
	CLEAN(html_deinit) struct html details = {};
	struct web_page below = *page;
	bool is_well = true;
	below.h = &details;
	for (size_t i = 0; i < check->domain_count; i++) {
		struct report_table history = { .id = "history",
			                        .title = "Its last looks",
			                        .columns = history_columns,
			                        .column_count = COUNT_OF(history_columns) };
		struct gathering g = { .now = &now, .history = &history };
		is_well &= domain_read(store, check->domains[i], &g);
		if (g.count) {
			html_element(&details, "h2", check->domains[i]);
			details_draw(&below, &g, i);
		}
		gathering_deinit(&g);
	}
	if (is_well)
		web_page_table(page, "domains", &now);
	else
		web_page_failed(page);
	report_table_deinit(&now);
	if (details.has_failed || buf_add(&page->h->out, buf_slice(&details.out)))
		page->h->has_failed = true;
}

struct store_checks *web_checks_open(const struct web *web)
{
	char path[PATH_MAX];
	struct store_checks *store = NULL;
	snprintf(path, sizeof(path), "%s/" CONF_LEDGER_FOLDER "/" CONF_CHECKS_FILE,
	         web->set.settings->state_dir);
	return web->set.settings->check.is_set && !store_checks_open_read(&store, path) ? store
	                                                                                : NULL;
}

void web_view_check(struct web_page *page)
{
	web_page_paragraph(
		page, "How your own domains look to a stranger: a letter for each "
		      "recommendation, the weakest host decides. How to mend what is found says: "
		      "mailseal check DOMAIN.");
	if (!page->web->set.settings->check.is_set) {
		web_page_paragraph(page, "No domain is looked at: write check = { domains = "
		                         "[\"example.org\"]; }; into the configuration.");
		return;
	}
	struct store_checks *store = web_checks_open(page->web);
	if (store)
		domains_draw(page, store);
	else
		web_page_paragraph(page, "None was looked at yet.");
	store_checks_close(store);
}
