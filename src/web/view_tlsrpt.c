/* TLS reports (RFC 8460): what others tell of us, how our own sessions ended, what goes out. */
#include "web/figures.h"
#include "web/views.h"

#include "base/clean.h"
#include "conf/conf.h"
#include "policy/outcome.h"
#include "report/table.h"
#include "store/received.h"
#include "store/tlsrpt_sent.h"

#include <limits.h>
#include <stdio.h>
#include <time.h>

enum { ROWS_MAX = 300 };

static const struct report_column sum_columns[] = {
	{ "organization", "Who tells", REPORT_TEXT }, { "from", "From", REPORT_TEXT },
	{ "trust", "Signature", REPORT_TEXT },        { "domain", "Of our domain", REPORT_TEXT },
	{ "reports", "Reports", REPORT_COUNT },       { "succeeded", "Well", REPORT_COUNT },
	{ "failed", "Failed", REPORT_COUNT },         { "until", "Until", REPORT_TIME },
};

static const struct report_column fault_columns[] = {
	{ "organization", "Who tells", REPORT_TEXT },
	{ "from", "From", REPORT_TEXT },
	{ "domain", "Of our domain", REPORT_TEXT },
	{ "result", "What fails", REPORT_TEXT },
	{ "mx", "Host", REPORT_TEXT },
	{ "sessions", "Sessions", REPORT_COUNT },
	{ "first", "First told", REPORT_TIME },
	{ "last", "Last", REPORT_TIME },
	{ "reason", "Reason", REPORT_TEXT },
	{ "trust", "Signature", REPORT_TEXT },
};

static const struct report_column failure_columns[] = {
	{ "domain", "Domain", REPORT_TEXT }, { "day", "Day", REPORT_TEXT },
	{ "policy", "Policy", REPORT_TEXT }, { "result", "What failed", REPORT_TEXT },
	{ "mx", "Host", REPORT_TEXT },       { "sessions", "Sessions", REPORT_COUNT },
	{ "reason", "Reason", REPORT_TEXT },
};

static const struct report_column sent_columns[] = {
	{ "domain", "Domain", REPORT_TEXT },  { "day", "Day", REPORT_TEXT },
	{ "to", "To", REPORT_TEXT },          { "state", "State", REPORT_TEXT },
	{ "when", "When", REPORT_TIME },      { "tries", "Tries", REPORT_COUNT },
	{ "why", "Last error", REPORT_TEXT },
};

#define COLUMNS(list) .columns = (list), .column_count = COUNT_OF(list)

struct day {
	char text[16];
};

static struct day day_of(int64_t number)
{
	time_t at = (time_t)(number * WEB_DAY_S);
	struct day day;
	struct tm tm;
	gmtime_r(&at, &tm);
	strftime(day.text, sizeof(day.text), "%Y-%m-%d", &tm);
	return day;
}

static void table_end(struct web_page *page, struct report_table *t, int failed)
{
	if (failed)
		web_page_failed(page);
	else
		web_page_table(page, t->id, t);
	if (t->row_count == ROWS_MAX)
		web_page_paragraph(page, "There may be more; `mailseal report tlsrpt` lists all.");
	report_table_deinit(t);
}

/* --- what others tell --- */

struct received {
	struct web_page *page;
	struct report_table sums, faults;
};

static const char *trust_words(enum store_received_trust trust)
{
	switch (trust) {
	case STORE_RECEIVED_UNASKED:
		return "not looked at";
	case STORE_RECEIVED_SIGNED:
		return "verified";
	case STORE_RECEIVED_UNVERIFIED:
		return "none: do not believe it";
	case STORE_RECEIVED_TRUST_COUNT:
		break;
	}
	return "";
}

static int on_sum(void *owner, const struct store_received_sum *s)
{
	struct received *r = owner;
	if (r->sums.row_count == ROWS_MAX)
		return 0;
	return REPORT_ROW(&r->sums, report_text(s->organization), report_text(s->from),
	                  report_text(trust_words(s->trust)), report_text(s->domain),
	                  report_count(s->reports), report_count(s->succeeded),
	                  report_count(s->failed), report_time(s->last_s));
}

/* Told for the first time since yesterday, and by who signs it. */
static void news_show(struct web_page *page, const struct store_received_fault *f)
{
	if (page->now_s - f->first_s > WEB_DAY_S || f->trust == STORE_RECEIVED_UNVERIFIED)
		return;
	html_open(page->h, "p", { "class", "bad" });
	html_textf(page->h, "New: %s (%s) tells of %s: %s%s%s.", f->organization,
	           f->from[0] ? f->from : "no mail", f->domain, f->result, f->mx[0] ? " at " : "",
	           f->mx);
	html_close(page->h);
}

static int on_fault(void *owner, const struct store_received_fault *f)
{
	struct received *r = owner;
	if (r->faults.row_count == ROWS_MAX)
		return 0;
	news_show(r->page, f);
	return REPORT_ROW(&r->faults, report_text(f->organization), report_text(f->from),
	                  report_text(f->domain), report_text(f->result), report_text(f->mx),
	                  report_count(f->sessions), report_time(f->first_s),
	                  report_time(f->last_s), report_text(f->reason),
	                  report_text(trust_words(f->trust)));
}

static void received_show(struct web_page *page, struct store_received *store, int64_t since_s)
{
	struct received r = {
		.page = page,
		.sums = { .id = "reporters",
		          .title = "What others tell of us",
		          .empty = "No report of others came in this time.",
		          COLUMNS(sum_columns) },
		.faults = { .id = "faults",
		            .title = "What fails for them",
		            .empty = "They tell of no failure.",
		            COLUMNS(fault_columns) },
	};
	const struct store_received_reader reader = { &r, on_sum, on_fault };
	int failed = store ? store_received_read(store, since_s, NULL, &reader) : 0;
	table_end(page, &r.faults, failed);
	table_end(page, &r.sums, failed);
}

static void received_part(struct web_page *page, int64_t since_s)
{
	struct store_received *store = NULL;
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s/" CONF_REPORTS_FOLDER "/" CONF_RECEIVED_FILE,
	         page->web->set.settings->state_dir);
	if (store_received_open_read(&store, path) < 0)
		web_page_paragraph(page,
		                   "The reports of others cannot be read by the user that the "
		                   "daemon runs as.");
	else
		received_show(page, store, since_s);
	store_received_close(store);
}

/* --- our own sessions --- */

struct counted {
	struct report_table failures;
	uint64_t succeeded, failed;
	struct day day;
	char domain[256];
	const char *policy;
	int error;
};

static void on_policy(void *owner, const struct store_tlsrpt_policy *p)
{
	struct counted *c = owner;
	const char *policy = policy_kind_name(p->kind);
	c->succeeded += p->succeeded;
	c->failed += p->failed;
	c->day = day_of(p->day);
	snprintf(c->domain, sizeof(c->domain), "%s", p->domain);
	c->policy = policy ? policy : "";
}

static void on_failure(void *owner, const struct policy_tlsrpt_fault *f)
{
	struct counted *c = owner;
	if (c->error || c->failures.row_count == ROWS_MAX)
		return;
	c->error =
		REPORT_ROW(&c->failures, report_text(c->domain), report_text(c->day.text),
	                   report_text(c->policy), report_text(policy_report_name(f->report)),
	                   report_text(f->mx), report_count(f->sessions), report_text(f->reason));
}

static void counted_show(struct web_page *page, struct store_tlsrpt *store)
{
	struct counted c = { .failures = { .id = "failures",
		                           .title = "Our own sessions that failed, eight days",
		                           .empty = "None failed.",
		                           COLUMNS(failure_columns) } };
	const struct store_tlsrpt_reader reader = { &c, on_policy, on_failure };
	int r = store ? store_tlsrpt_read(store, -1, NULL, &reader) : 0;
	html_open(page->h, "p");
	html_textf(page->h,
	           "In the last eight days %llu sessions of ours with others were well by "
	           "their policies, %llu were not.",
	           (unsigned long long)c.succeeded, (unsigned long long)c.failed);
	html_close(page->h);
	table_end(page, &c.failures, r ? r : c.error);
}

/* --- what goes out --- */

struct sent {
	struct report_table table;
	int error;
};

static const char *state_words(enum store_tlsrpt_state state)
{
	switch (state) {
	case STORE_TLSRPT_WAITING:
		return "waiting";
	case STORE_TLSRPT_SENT:
		return "sent";
	case STORE_TLSRPT_GIVEN_UP:
		return "given up";
	case STORE_TLSRPT_STATE_COUNT:
		break;
	}
	return "";
}

static void on_report(void *owner, const struct store_tlsrpt_report *r)
{
	struct sent *s = owner;
	int64_t at_s = r->state == STORE_TLSRPT_WAITING ? r->due_s : r->ended_s;
	if (s->error || s->table.row_count == ROWS_MAX)
		return;
	s->error = REPORT_ROW(&s->table, report_text(r->domain), report_text(day_of(r->day).text),
	                      report_text(r->uri), report_text(state_words(r->state)),
	                      report_time(at_s), report_count(r->tries), report_text(r->why));
}

static void sent_show(struct web_page *page, struct store_tlsrpt *store)
{
	bool are_sent = page->web->set.settings->tlsrpt.sends;
	struct sent s = { .table = { .id = "sent",
		                     .title = "Reports that go out",
		                     .empty = are_sent ? "None yet."
		                                       : "None: tlsrpt.send is not true.",
		                     COLUMNS(sent_columns) } };
	int r = store ? store_tlsrpt_reports(store, -1, NULL, on_report, &s) : 0;
	table_end(page, &s.table, r ? r : s.error);
}

void web_view_tlsrpt(struct web_page *page)
{
	struct store_tlsrpt *store = NULL;
	char path[PATH_MAX];
	web_page_paragraph(page, "Providers tell each other daily how the TLS sessions between "
	                         "them ended. What fails for others keeps their mail from us.");
	received_part(page, web_period(page));
	snprintf(path, sizeof(path), "%s/" CONF_RESOLVER_FOLDER "/" CONF_TLSRPT_FILE,
	         page->web->set.settings->state_dir);
	if (store_tlsrpt_open_read(&store, path) < 0) {
		web_page_failed(page);
		return;
	}
	counted_show(page, store);
	sent_show(page, store);
	store_tlsrpt_close(store);
}
