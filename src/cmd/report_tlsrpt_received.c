#include "cmd/report_tlsrpt_inside.h"

#include "base/clean.h"
#include "base/err.h"
#include "cmd/sts_step.h"
#include "report/table.h"
#include "report/when.h"
#include "store/received.h"

#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <strings.h>
#include <time.h>

enum { STEPS_MAX = 100 };   /* policies that are looked at; the rest by name */
enum { NEW_S = 24 * 3600 }; /* for so long a failure is new, if nobody says since when */

static const struct report_column sum_columns[] = {
	{ "organization", "REPORTER", REPORT_TEXT }, { "from", "FROM", REPORT_TEXT },
	{ "signature", "SIGNATURE", REPORT_TEXT },   { "domain", "DOMAIN", REPORT_TEXT },
	{ "reports", "REPORTS", REPORT_COUNT },      { "succeeded", "WELL", REPORT_COUNT },
	{ "failed", "FAILED", REPORT_COUNT },        { "until", "UNTIL (UTC)", REPORT_TIME },
};

static const struct report_column fault_columns[] = {
	{ "organization", "REPORTER", REPORT_TEXT },
	{ "from", "FROM", REPORT_TEXT },
	{ "signature", "SIGNATURE", REPORT_TEXT },
	{ "domain", "DOMAIN", REPORT_TEXT },
	{ "result", "FAILURE", REPORT_TEXT },
	{ "mx", "MX", REPORT_TEXT },
	{ "sessions", "SESSIONS", REPORT_COUNT },
	{ "reason", "REASON", REPORT_TEXT },
	{ "first_seen", "FIRST SEEN (UTC)", REPORT_TIME },
	{ "new", "NEW", REPORT_BOOL },
};

static const char *const trusts[] = {
	[STORE_RECEIVED_UNASKED] = "not-asked",
	[STORE_RECEIVED_SIGNED] = "verified",
	[STORE_RECEIVED_UNVERIFIED] = "unverified",
};
_Static_assert(COUNT_OF(trusts) == STORE_RECEIVED_TRUST_COUNT, "a trust without a name");

struct showing {
	struct report_table sums, faults;
	struct buf news; /* lines */
	int64_t new_since_s;
	bool has_news;
};

static int on_sum(void *owner, const struct store_received_sum *s)
{
	struct showing *show = owner;
	return REPORT_ROW(&show->sums, report_text(s->organization), report_text(s->from),
	                  report_text(trusts[s->trust]), report_text(s->domain),
	                  report_count(s->reports), report_count(s->succeeded),
	                  report_count(s->failed), report_time(s->last_s));
}

static int news_add(struct showing *show, const struct store_received_fault *f)
{
	const struct report_cell cells[] = { report_text(f->organization),
		                             report_text(f->from[0] ? f->from : "no mail"),
		                             report_text(f->domain), report_text(f->result),
		                             report_text(f->mx) };
	static const char *const before[] = { "new: ", " (", ") tells of ", ": ", " at " };
	int r = 0;
	show->has_news = true;
	for (size_t i = 0; i < COUNT_OF(cells) && !r; i++) {
		r = buf_add_str(&show->news, before[i]);
		if (!r)
			r = report_cell_write(&show->news, &cells[i]);
	}
	return r ? r : buf_add_str(&show->news, "\n");
}

static int on_fault(void *owner, const struct store_received_fault *f)
{
	struct showing *show = owner;
	bool is_new = f->first_s >= show->new_since_s && f->trust != STORE_RECEIVED_UNVERIFIED;
	int r = REPORT_ROW(&show->faults, report_text(f->organization), report_text(f->from),
	                   report_text(trusts[f->trust]), report_text(f->domain),
	                   report_text(f->result), report_text(f->mx), report_count(f->sessions),
	                   report_text(f->reason), report_time(f->first_s), report_bool(is_new));
	return r || !is_new ? r : news_add(show, f);
}

/* Of each policy of our own whose next step is known. */
static json_t *steps_json(const struct tlsrpt_options *o)
{
	CLEAN(publish_history_deinit) struct publish_history served = {};
	const struct conf_settings *s = o->settings;
	json_t *list = json_array();
	if (!s->mta_sts_count || !sts_served_read(s, &served))
		return list;
	for (size_t i = 0; i < s->mta_sts_count && json_array_size(list) < STEPS_MAX; i++) {
		const char *domain = s->mta_sts[i].domain;
		struct sts_step step;
		if ((o->domain && strcasecmp(o->domain, domain) != 0) ||
		    sts_step_find(&step, s, domain, publish_history_find(&served, domain)))
			continue;
		json_array_append_new(list,
		                      json_pack("{s:s, s:s, s:s}", "domain", domain, "step",
		                                publish_step_name(step.step), "text", step.text));
	}
	return list;
}

static void steps_print(json_t *steps)
{
	const json_t *step;
	size_t i;
	json_array_foreach(steps, i, step)
		printf("%smta-sts %s: %s\n", i ? "" : "\n",
	               json_string_value(json_object_get(step, "domain")),
	               json_string_value(json_object_get(step, "text")));
	json_decref(steps);
}

static int show_json(const struct tlsrpt_options *o, const struct showing *show)
{
	json_t *all = json_pack("{s:o, s:o}", "reporters", report_table_json(&show->sums),
	                        "failures", report_table_json(&show->faults));
	if (o->settings->mta_sts_count)
		json_object_set_new(all, "mta_sts", steps_json(o));
	tlsrpt_json_print(all);
	return 0;
}

static int show_text(const struct tlsrpt_options *o, const struct showing *show)
{
	int r = tlsrpt_table_print(&show->sums);
	if (!r && show->faults.row_count) {
		putchar('\n');
		r = tlsrpt_table_print(&show->faults);
	}
	if (show->has_news)
		putchar('\n');
	fwrite(buf_slice(&show->news).data, 1, buf_len(&show->news), stdout);
	steps_print(steps_json(o));
	return r;
}

static int show_all(const struct tlsrpt_options *o, struct store_received *store, int64_t since_s,
                    struct showing *show)
{
	const struct store_received_reader reader = { show, on_sum, on_fault };
	int r = store ? store_received_read(store, since_s, o->domain, &reader) : 0;
	if (!r)
		r = o->as_json ? show_json(o, show) : show_text(o, show);
	if (r)
		return REPORT_UNKNOWN;
	return show->has_news ? REPORT_NOT_WELL : REPORT_WELL;
}

int tlsrpt_received(const struct tlsrpt_options *o)
{
	char path[PATH_MAX + 32];
	struct store_received *store = NULL;
	struct report_span span;
	const char *why;
	int64_t now_s = time(NULL);
	if (report_span_parse(o->since, NULL, now_s, &span, &why)) {
		fprintf(stderr, "mailseal report: --since: %s\n", why);
		return REPORT_UNKNOWN;
	}
	struct showing show = {
		.sums = { .id = "reporters",
		          .title = "TLS reports that others sent",
		          .empty = "none",
		          .columns = sum_columns,
		          .column_count = COUNT_OF(sum_columns) },
		.faults = { .id = "failures",
		            .title = "Failures that they tell",
		            .columns = fault_columns,
		            .column_count = COUNT_OF(fault_columns) },
		.new_since_s = o->since ? span.since_s : now_s - NEW_S,
	};
	tlsrpt_path(o, CONF_REPORTS_FOLDER "/" CONF_RECEIVED_FILE, path);
	int r = store_received_open_read(&store, path), status = REPORT_UNKNOWN;
	if (r >= 0) /* no file: nothing came yet */
		status = show_all(o, store, span.since_s, &show);
	if (r < 0 || status == REPORT_UNKNOWN)
		fprintf(stderr, "mailseal report: %s cannot be read\n", path);
	store_received_close(store);
	report_table_deinit(&show.sums);
	report_table_deinit(&show.faults);
	buf_deinit(&show.news);
	return status;
}
