/* Who would be lost if a stricter TLS policy came into force. */
#include "web/figures.h"
#include "web/plan.h"
#include "web/views.h"

#include "advice/profile.h"
#include "base/clean.h"
#include "conf/value.h"

enum { NAMED_MAX = 300, CHANGES_MAX = 50 };

static const struct {
	const char *value, *words;
} versions[] = {
	{ "", "as configured" },
	{ "1.2", "TLS 1.2" },
	{ "1.3", "TLS 1.3" },
};

/* What the form says; what it cannot say counts as nothing. Without a form: TLS 1.3. */
struct question {
	const char *version, *profile;
	bool requires_tls;
};

static struct question question_of(const struct web_query *query)
{
	struct question q = { "", web_query_get(query, "profile"), false };
	const char *version = query->count ? web_query_get(query, "min_version") : "1.3";
	for (size_t i = 0; i < COUNT_OF(versions); i++)
		if (!strcmp(versions[i].value, version))
			q.version = versions[i].value;
	if (!advice_profile_find(q.profile))
		q.profile = "";
	q.requires_tls = !strcmp(web_query_get(query, "require_tls"), "on");
	return q;
}

static struct impact_wish wish_of(const struct question *q)
{
	struct impact_wish wish = { .profile = advice_profile_find(q->profile),
		                    .requires_tls = q->requires_tls };
	if (q->version[0] && conf_version_parse(q->version, &wish.min_version))
		wish.min_version = 0;
	return wish;
}

static void option(struct html *h, const char *value, const char *words, const char *chosen)
{
	html_element(h, "option", words, { "value", value },
	             { "selected", strcmp(value, chosen) ? NULL : "" });
}

static void select_open(struct html *h, const char *name, const char *words)
{
	html_open(h, "div");
	html_element(h, "label", words, { "for", name });
	html_open(h, "select", { "id", name }, { "name", name });
}

static void select_close(struct html *h)
{
	html_close(h);
	html_close(h);
}

static void form(struct html *h, const struct question *q)
{
	html_open(h, "form", { "method", "get" });
	select_open(h, "min_version", "At least");
	for (size_t i = 0; i < COUNT_OF(versions); i++)
		option(h, versions[i].value, versions[i].words, q->version);
	select_close(h);
	select_open(h, "profile", "As recommended by");
	option(h, "", "nobody", q->profile);
	for (size_t i = 0; i < advice_profile_count; i++)
		option(h, advice_profiles[i].name, advice_profiles[i].name, q->profile);
	select_close(h);
	html_open(h, "label", { "class", "check" });
	html_void(h, "input", { "type", "checkbox" }, { "name", "require_tls" }, { "value", "on" },
	          { "checked", q->requires_tls ? "" : NULL });
	html_text(h, "nothing in clear, not even from other providers");
	html_close(h);
	html_element(h, "button", "What if?", { "type", "submit" });
	html_close(h);
}

static void verdict(struct html *h, const struct web_plan *plan)
{
	struct web_broken broken = web_plan_broken(plan);
	if (!impact_seen(&plan->impact)) {
		html_element(h, "p", "Nobody came yet, so nobody knows.", { "class", "empty" });
		return;
	}
	html_open(h, "p", { "class", broken.users || broken.partners ? "bad" : "good" });
	html_textf(h, "%s would be cut off, and %s would fall to plaintext or be refused.",
	           web_count(broken.users, "user").text,
	           web_count(broken.partners, "partner").text);
	html_close(h);
}

static void table(struct web_page *page, struct report_table *t, int failed)
{
	if (failed)
		web_page_failed(page);
	else
		web_page_table(page, t->id, t);
	report_table_deinit(t);
}

static void tables(struct web_page *page, const struct web_plan *plan)
{
	struct report_table t = {};
	int failed = impact_table_summary(&t, &plan->impact);
	table(page, &t, failed);
	failed = impact_table_who(&t, &plan->impact, &plan->watch);
	table(page, &t, failed);
	failed = impact_table_changes(&t, &plan->impact, CHANGES_MAX);
	table(page, &t, failed);
}

void web_view_impact(struct web_page *page)
{
	CLEAN(web_plan_deinit) struct web_plan plan = {};
	const struct question q = question_of(page->query);
	const struct impact_wish wish = wish_of(&q);
	web_page_paragraph(page, "Every kind of ClientHello that came in the last 30 days is tried "
	                         "against the policy chosen here. A name at one edge with one kind "
	                         "of program counts once. `mailseal report impact --plan` prints "
	                         "the dated exceptions that keep who would be lost.");
	form(page->h, &q);
	if (web_plan_judge(&plan, page->web, &wish, page->now_s, NAMED_MAX)) {
		web_page_failed(page);
		return;
	}
	verdict(page->h, &plan);
	tables(page, &plan);
}
