/* Reports as one page: to keep, to send, to print. */
#include "advice/mend.h"
#include "base/clean.h"
#include "base/err.h"
#include "base/html.h"
#include "check/mended.h"
#include "check/print.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

/* Nothing in it needs escaping. */
const char check_print_html_style[] =
	"body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;"
	"color:#1b2430;background:#fff;overflow-wrap:anywhere}"
	"h1{margin-bottom:.2rem}.quiet{color:#51606f}"
	".letters{display:flex;flex-wrap:wrap;gap:1rem;margin:1rem 0}"
	".whole,.partial{border:1px solid #cfd7df;border-radius:.5rem;padding:.5rem "
	"1rem;min-width:10rem}"
	".letter{font-size:2.2rem;font-weight:700;line-height:1.2;display:block}"
	".partial{border-style:dashed}"
	"article{border-left:.4rem solid #cfd7df;padding:.1rem 1rem;margin:1rem "
	"0;break-inside:avoid}"
	"article h3{margin:.4rem 0}.pass{border-color:#0a6b5c}.info{border-color:#0b5cad}"
	".warn{border-color:#e09f1f}.fail,.critical{border-color:#b3261e}"
	"pre{background:#f4f6f8;padding:.6rem;overflow-x:auto;white-space:pre-wrap}"
	"table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.2rem .6rem;"
	"border-bottom:1px solid #cfd7df;vertical-align:top}"
	"caption{text-align:left;padding:.2rem .6rem;color:#51606f}"
	"@media print{body{margin:0;max-width:none}a{color:inherit}}"
	"@media(prefers-color-scheme:dark){body{background:#12171d;color:#e6ebf0}"
	".quiet,caption{color:#a6b3c0}pre{background:#1c232c}}";

static int end(struct html *h, struct buf *out)
{
	int r = h->has_failed ? err_raise(-ENOMEM) : buf_add(out, buf_slice(&h->out));
	html_deinit(h);
	return err_up(r);
}

int check_print_html_begin(struct buf *out, const char *title)
{
	struct html h = {};
	html_doctype(&h);
	html_open(&h, "html", { "lang", "en" });
	html_open(&h, "head");
	html_void(&h, "meta", { "charset", "utf-8" });
	html_void(&h, "meta", { "name", "viewport" }, { "content", "width=device-width" });
	html_element(&h, "title", title);
	html_element(&h, "style", check_print_html_style);
	html_close(&h);
	html_open(&h, "body");
	return err_up(end(&h, out));
}

int check_print_html_end(struct buf *out)
{
	return err_up(buf_add_str(out, "</body></html>\n"));
}

static void why_write(struct html *h, const struct check_letter *l)
{
	html_open(h, "div", { "class", "quiet" });
	html_textf(h, "%s%s", l->letter[0] == '-' ? "" : "not met: ", l->why);
	html_close(h);
}

static void letter_write(struct html *h, const char *title, const struct check_letter *l)
{
	html_open(h, "div", { "class", l->is_partial ? "partial" : "whole" });
	html_element(h, "span", l->letter, { "class", "letter" });
	html_element(h, "strong", title);
	if (l->is_partial)
		html_element(h, "div", "not all could be tested", { "class", "quiet" });
	if (l->why && l->why[0])
		why_write(h, l);
	html_close(h);
}

static void head_write(struct html *h, const struct check_report *report)
{
	const struct check_domain *d = report->domain;
	char when[32] = "";
	time_t at = (time_t)d->at_s;
	struct tm tm = {};
	if (gmtime_r(&at, &tm))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M UTC", &tm);
	html_element(h, "h1", check_report_asked(report));
	html_open(h, "p", { "class", "quiet" });
	html_textf(h, "mailseal check %s, profile %s (%s), %s", MAILSEAL_VERSION,
	           report->profile->name, report->profile->source, when);
	html_close(h);
	html_open(h, "div", { "class", "letters" });
	letter_write(h, "overall", &report->overall);
	letter_write(h, "between providers", &report->letters[CHECK_BETWEEN]);
	letter_write(h, "inside", &report->letters[CHECK_INSIDE]);
	letter_write(h, "users' passwords", &report->letters[CHECK_USERS]);
	html_close(h);
}

/* A line end in a text is a space elsewhere; here it counts. */
static void lines_write(struct html *h, const char *text)
{
	html_open(h, "pre");
	while (*text) {
		size_t len = strcspn(text, "\n");
		html_textf(h, "%.*s", (int)len, text);
		text += len + (text[len] == '\n');
		if (*text)
			html_void(h, "br");
	}
	html_close(h);
}

static void mend_write(struct html *h, const struct check_report *report,
                       const struct check_finding *f, const struct advice_mend *m, bool is_open)
{
	CLEAN(buf_deinit) struct buf room = {};
	if (is_open)
		html_open(h, "details", { "open", "open" });
	else
		html_open(h, "details");
	html_element(h, "summary", m->software[0] ? m->software : "mend");
	lines_write(h, check_mended(&room, report, f, m->text));
	html_close(h);
}

/* That of its software first, and open: others are not printed. */
static void mends_write(struct html *h, const struct check_report *report,
                        const struct check_finding *f)
{
	const struct advice_mend *first = advice_mend_for(f->criterion->id, f->software);
	if (!first)
		first = advice_mend_next(f->criterion->id, NULL);
	if (first)
		mend_write(h, report, f, first, true);
	for (const struct advice_mend *m = advice_mend_next(f->criterion->id, NULL); m;
	     m = advice_mend_next(f->criterion->id, m))
		if (m != first)
			mend_write(h, report, f, m, false);
}

static void places_write(struct html *h, const struct check_report *report, size_t first)
{
	const struct check_finding *findings = report->findings;
	for (size_t i = first; i < report->count; i++)
		if (check_finding_is_like(&findings[first], &findings[i]))
			html_element(h, "div", findings[i].place, { "class", "quiet" });
}

/* It stands with one before it. */
static bool is_written(const struct check_report *report, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (check_finding_is_like(&report->findings[i], &report->findings[at]))
			return true;
	return false;
}

static void finding_write(struct html *h, const struct check_report *report, size_t at)
{
	const struct check_finding *f = &report->findings[at];
	html_open(h, "article", { "class", check_verdict_name(f->verdict) });
	html_open(h, "h3");
	html_textf(h, "%s %s: %s", f->criterion->id, f->criterion->title,
	           check_verdict_name(f->verdict));
	html_close(h);
	places_write(h, report, at);
	if (f->evidence[0])
		html_element(h, "p", f->evidence);
	if (f->verdict >= CHECK_WARN) {
		html_open(h, "p");
		html_textf(h, "%s (%s)", f->criterion->why, f->criterion->source);
		html_close(h);
		mends_write(h, report, f);
	}
	if (f->retest[0])
		html_element(h, "pre", f->retest);
	html_close(h);
}

/* Who cannot see a table hears what it is, and of which column a cell. */
static void table_open(struct html *h, const char *caption, const char *const *columns)
{
	html_open(h, "table");
	html_element(h, "caption", caption);
	html_open(h, "thead");
	html_open(h, "tr");
	for (; *columns; columns++)
		html_element(h, "th", *columns, { "scope", "col" });
	html_close(h);
	html_close(h);
}

static void well_write(struct html *h, const struct check_report *report)
{
	static const char *const columns[] = { "Id", "Criterion", "Verdict", "Place", NULL };
	html_open(h, "details");
	html_element(h, "summary", "What is well, or does not apply");
	table_open(h, "Criteria that are met, or not applicable", columns);
	for (size_t i = 0; i < report->count; i++) {
		const struct check_finding *f = &report->findings[i];
		if (f->verdict >= CHECK_INFO)
			continue;
		html_open(h, "tr");
		html_element(h, "td", f->criterion->id);
		html_element(h, "td", f->criterion->title);
		html_element(h, "td", check_verdict_name(f->verdict));
		html_element(h, "td", f->place);
		html_close(h);
	}
	html_close(h);
	html_close(h);
}

static void endpoints_write(struct html *h, const struct check_domain *d)
{
	static const char *const columns[] = { "Host, port", "Address",  "Reached",
		                               "TLS",        "Software", NULL };
	html_element(h, "h2", "Endpoints");
	table_open(h, "Where it was connected to", columns);
	for (unsigned i = 0; i < d->endpoint_count; i++) {
		const struct check_endpoint *e = d->endpoints[i];
		html_open(h, "tr");
		html_open(h, "td");
		html_textf(h, "%s:%u/%s", e->host, e->port, check_service_name(e->service));
		html_close(h);
		html_element(h, "td", e->address);
		html_element(h, "td", check_reach_name(e->reach));
		html_element(h, "td", e->handshake.version);
		html_element(h, "td", e->software);
		html_close(h);
	}
	html_close(h);
	if (!d->endpoints_left_out)
		return;
	html_open(h, "p");
	html_textf(h, "%u more were left out.", d->endpoints_left_out);
	html_close(h);
}

int check_print_html(struct buf *out, const struct check_report *report)
{
	struct html h = {};
	html_open(&h, "main");
	head_write(&h, report);
	if (report->domain->why[0])
		html_element(&h, "p", report->domain->why);
	html_element(&h, "h2", "Findings");
	for (size_t i = 0; i < report->count; i++)
		if (report->findings[i].verdict >= CHECK_INFO && !is_written(report, i))
			finding_write(&h, report, i);
	well_write(&h, report);
	endpoints_write(&h, report->domain);
	html_close(&h);
	return err_up(end(&h, out));
}
