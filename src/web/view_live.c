/* What runs now: as the parent says, a few seconds old. */
#include "web/views.h"

#include "base/clean.h"
#include "report/table.h"

static const struct report_column worker_columns[] = {
	{ "worker", "Worker", REPORT_TEXT },
	{ "pid", "Process", REPORT_COUNT },
	{ "ready", "Ready", REPORT_BOOL },
	{ "open", "Sessions open", REPORT_COUNT },
};

static const struct report_column number_columns[] = {
	{ "what", "Since the workers began", REPORT_TEXT },
	{ "count", "Count", REPORT_COUNT },
};

static const struct report_column backend_columns[] = {
	{ "backend", "Backend", REPORT_TEXT },    { "address", "Address", REPORT_TEXT },
	{ "state", "It is", REPORT_TEXT },        { "open", "Sessions open", REPORT_COUNT },
	{ "sessions", "Sessions", REPORT_COUNT }, { "failures", "Not reached", REPORT_COUNT },
};

static const struct report_column warning_columns[] = {
	{ "what", "Where", REPORT_TEXT },
	{ "warning", "What is wrong", REPORT_TEXT },
	{ "mend", "What to do", REPORT_TEXT },
};

static const struct report_column alarm_columns[] = {
	{ "alarm", "Alarm", REPORT_TEXT },     { "subject", "Where", REPORT_TEXT },
	{ "since", "Since", REPORT_TIME },     { "text", "What is wrong", REPORT_TEXT },
	{ "mend", "What to do", REPORT_TEXT },
};

static const struct report_column workaround_columns[] = {
	{ "mx", "Host", REPORT_TEXT },
	{ "with", "Treated so", REPORT_TEXT },
	{ "until", "Until", REPORT_TEXT },
};

/* In words, for those of `ctl status` that a person asks for. */
static const struct {
	const char *id, *words;
} numbers[] = {
	{ "sessions", "sessions of clients" },
	{ "tls", "of them sealed" },
	{ "legacy", "of them with old TLS" },
	{ "plain", "of them in clear" },
	{ "tls_failed", "handshakes that failed" },
	{ "resumed", "sessions resumed by ticket" },
	{ "refused", "connections refused by a limit" },
	{ "refused_busy", "of those for want of a handshake" },
	{ "exposures", "credentials that came in clear" },
	{ "logins_slowed", "failed logins answered late" },
	{ "logins_refused", "logins refused for failed ones before" },
	{ "backend_failures", "times a backend did not answer" },
	{ "messages", "messages received" },
	{ "handoffs_open", "MTAs connected to a relay now" },
	{ "messages_relayed", "messages sent out" },
	{ "hops", "connections to far ends" },
	{ "hops_sealed", "of them sealed" },
	{ "hops_authenticated", "of them authenticated" },
	{ "hops_plain", "of them in clear" },
	{ "hops_tls_failed", "of them with TLS that failed" },
	{ "policy_questions", "questions of Postfix for a policy" },
};

const char *web_json_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text ? text : "";
}

uint64_t web_json_number(const json_t *object, const char *key)
{
	json_int_t number = json_integer_value(json_object_get(object, key));
	return number > 0 ? (uint64_t)number : 0;
}

static int workers_fill(struct report_table *t, const json_t *workers)
{
	const json_t *worker;
	size_t i;
	int r = 0;
	json_array_foreach(workers, i, worker)
	{
		char name[32];
		snprintf(name, sizeof(name), "worker-%llu",
		         (unsigned long long)web_json_number(worker, "slot"));
		if (!r)
			r = REPORT_ROW(t, report_text(name),
			               report_count(web_json_number(worker, "pid")),
			               report_bool(json_is_true(json_object_get(worker, "ready"))),
			               report_count(web_json_number(worker, "open")));
	}
	return r;
}

static int numbers_fill(struct report_table *t, const json_t *sums)
{
	int r = 0;
	for (size_t i = 0; !r && i < COUNT_OF(numbers); i++)
		if (json_object_get(sums, numbers[i].id))
			r = REPORT_ROW(t, report_text(numbers[i].words),
			               report_count(web_json_number(sums, numbers[i].id)));
	return r;
}

static int backends_fill(struct report_table *t, const json_t *backends)
{
	const json_t *b;
	size_t i;
	int r = 0;
	json_array_foreach(backends, i, b)
	{
		char state[320];
		const char *error = web_json_text(b, "error");
		snprintf(state, sizeof(state), "%s%s%s", web_json_text(b, "state"),
		         error[0] ? ": " : "", error);
		if (!r)
			r = REPORT_ROW(t, report_text(web_json_text(b, "backend")),
			               report_text(web_json_text(b, "address")), report_text(state),
			               report_count(web_json_number(b, "open")),
			               report_count(web_json_number(b, "sessions")),
			               report_count(web_json_number(b, "failures")));
	}
	return r;
}

static int warnings_fill(struct report_table *t, const json_t *warnings)
{
	const json_t *w;
	size_t i;
	int r = 0;
	json_array_foreach(warnings, i, w)
	{
		char where[256];
		snprintf(where, sizeof(where), "%s, %s", web_json_text(w, "backend"),
		         web_json_text(w, "address"));
		if (!r)
			r = REPORT_ROW(t, report_text(where),
			               report_text(web_json_text(w, "warning")),
			               report_text(web_json_text(w, "mend")));
	}
	return r;
}

static int alarms_fill(struct report_table *t, const json_t *alarms)
{
	const json_t *a;
	size_t i;
	int r = 0;
	json_array_foreach(alarms, i, a)
	{
		if (!r)
			r = REPORT_ROW(t, report_text(web_json_text(a, "kind")),
			               report_text(web_json_text(a, "subject")),
			               report_time((int64_t)web_json_number(a, "since")),
			               report_text(web_json_text(a, "text")),
			               report_text(web_json_text(a, "mend")));
	}
	return r;
}

static int workarounds_fill(struct report_table *t, const json_t *workarounds)
{
	const json_t *w;
	size_t i;
	int r = 0;
	json_array_foreach(workarounds, i, w)
	{
		if (!r)
			r = REPORT_ROW(t, report_text(web_json_text(w, "mx")),
			               report_text(web_json_text(w, "with")),
			               report_text(web_json_text(w, "until")));
	}
	return r;
}

#define COLUMNS(list) .columns = (list), .column_count = COUNT_OF(list)

/* In the order of the page; key: of the state. */
static const struct {
	struct report_table table;
	int (*fill)(struct report_table *t, const json_t *from);
	const char *key;
} tables[] = {
	{ { .id = "alarms", .title = "Alarms", .empty = "None.", COLUMNS(alarm_columns) },
	  alarms_fill,
	  "alarms" },
	{ { .id = "workers", .title = "Workers", COLUMNS(worker_columns) },
	  workers_fill,
	  "workers" },
	{ { .id = "numbers", .title = "What they did", COLUMNS(number_columns) },
	  numbers_fill,
	  "sums" },
	{ { .id = "backends",
	    .title = "Backends",
	    .empty = "There is none.",
	    COLUMNS(backend_columns) },
	  backends_fill,
	  "backends" },
	{ { .id = "warnings",
	    .title = "Warnings",
	    .empty = "No backend has anything to be mended.",
	    COLUMNS(warning_columns) },
	  warnings_fill,
	  "warnings" },
	{ { .id = "workarounds",
	    .title = "Workarounds",
	    .empty = "No far end needs one.",
	    COLUMNS(workaround_columns) },
	  workarounds_fill,
	  "workarounds" },
};

static void tables_show(struct web_page *page, const json_t *state)
{
	for (size_t i = 0; i < COUNT_OF(tables); i++) {
		struct report_table t = tables[i].table;
		if (tables[i].fill(&t, json_object_get(state, tables[i].key)))
			page->h->has_failed = true;
		else
			web_page_table(page, t.id, &t);
		report_table_deinit(&t);
	}
}

struct duration {
	char text[32];
};

static struct duration duration_of(uint64_t s)
{
	static const struct {
		uint64_t s;
		const char *name;
	} units[] = { { 86400, "days" }, { 3600, "hours" }, { 60, "minutes" }, { 1, "seconds" } };
	struct duration d;
	size_t i = 0;
	while (i + 1 < COUNT_OF(units) && s < 2 * units[i].s)
		i++;
	snprintf(d.text, sizeof(d.text), "%llu %s", (unsigned long long)(s / units[i].s),
	         units[i].name);
	return d;
}

static void summary(struct web_page *page, const json_t *state)
{
	struct html *h = page->h;
	const json_t *sums = json_object_get(state, "sums");
	uint64_t leaving = web_json_number(state, "workers_leaving");
	html_open(h, "p");
	html_textf(h, "The daemon is %s and began %s ago. %llu sessions of clients are open.",
	           web_json_text(state, "state"),
	           duration_of(web_json_number(state, "uptime_s")).text,
	           (unsigned long long)web_json_number(sums, "open"));
	if (leaving)
		html_textf(h, " %llu workers from before a change end their last sessions.",
		           (unsigned long long)leaving);
	html_close(h);
}

void web_view_live(struct web_page *page)
{
	const json_t *state = page->web->state;
	if (!state) {
		web_page_paragraph(page, "The daemon is starting; look again in a moment.");
		return;
	}
	summary(page, state);
	tables_show(page, state);
}
