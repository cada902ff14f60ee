/* A report for a terminal. */
#include "advice/mend.h"
#include "base/clean.h"
#include "base/err.h"
#include "check/baseline.h"
#include "check/mended.h"
#include "check/print.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLACES_SHOWN = 4 };

struct page {
	struct buf *out;
	const struct check_report *report;
	const struct check_text_style *style;
	bool *is_shown; /* findings that stand with another one */
};

static const struct {
	const char *word, *colour;
} verdicts[] = {
	[CHECK_PASS] = { "pass", "32" },           [CHECK_NOT_APPLICABLE] = { "n/a", "2" },
	[CHECK_INFO] = { "info", "36" },           [CHECK_NOT_TESTED] = { "not tested", "35" },
	[CHECK_WARN] = { "warn", "33" },           [CHECK_FAIL] = { "FAIL", "31" },
	[CHECK_CRITICAL] = { "CRITICAL", "1;31" },
};
_Static_assert(COUNT_OF(verdicts) == CHECK_VERDICT_COUNT, "every verdict has its word");

static const char *const recommendations[] = {
	[CHECK_BETWEEN] = "between providers",
	[CHECK_INSIDE] = "inside",
	[CHECK_USERS] = "users' passwords",
};
_Static_assert(COUNT_OF(recommendations) == CHECK_RECOMMENDATION_COUNT, "each has its words");

static int paint(struct page *p, const char *colour, const char *text)
{
	if (!p->style->has_colour)
		return err_up(buf_add_str(p->out, text));
	return err_up(buf_printf(p->out, "\033[%sm%s\033[0m", colour, text));
}

static const char *letter_colour(const char *letter)
{
	if (letter[0] == '-')
		return "2";
	return letter[0] == 'A' ? "1;32" : letter[0] <= 'C' && letter[0] >= 'B' ? "1;33" : "1;31";
}

static int letter_write(struct page *p, const struct check_letter *letter)
{
	int r = paint(p, letter_colour(letter->letter), letter->letter);
	if (!r && letter->is_partial)
		r = buf_add_str(p->out, " (not all could be tested)");
	if (!r && letter->why && letter->why[0]) {
		r = buf_add_str(p->out, letter->letter[0] == '-' ? "  " : "  not met: ");
		if (!r)
			r = check_print_clean(p->out, letter->why);
	}
	return r ? err_up(r) : err_up(buf_add_str(p->out, "\n"));
}

static int letters_write(struct page *p)
{
	int r = check_print_clean(p->out, check_report_asked(p->report));
	if (!r)
		r = buf_printf(p->out, "   profile %s   overall ", p->report->profile->name);
	if (!r)
		r = letter_write(p, &p->report->overall);
	if (!r)
		r = buf_add_str(p->out, "\n");
	for (unsigned i = 0; !r && i < CHECK_RECOMMENDATION_COUNT; i++) {
		r = buf_printf(p->out, "  %-18s ", recommendations[i]);
		if (!r)
			r = letter_write(p, &p->report->letters[i]);
	}
	return r ? err_up(r) : err_up(buf_add_str(p->out, "\n"));
}

/* "TLSv1.2 TLSv1.3", as far as it was seen. */
static int versions_write(struct page *p, const struct check_endpoint *e)
{
	int r = 0;
	bool any = false;
	for (unsigned v = 0; !r && v < CHECK_VERSION_COUNT; v++)
		if (e->versions[v].is_there == CHECK_YES) {
			r = buf_printf(p->out, "%s%s", any ? " " : "", check_version_name(v));
			any = true;
		}
	if (!r && !any)
		r = buf_add_str(p->out, e->has_tls == CHECK_NO ? "no TLS" : "TLS not seen");
	if (!r && e->software[0]) {
		r = buf_add_str(p->out, "  ");
		if (!r)
			r = check_print_clean(p->out, e->software);
	}
	return err_up(r);
}

static int endpoint_write(struct page *p, const struct check_endpoint *e)
{
	char place[POLICY_WAY_NAME_CAP + 80];
	snprintf(place, sizeof(place), "%s:%u/%s [%s]", e->host, e->port,
	         check_service_name(e->service), e->address);
	int r = buf_add_str(p->out, "  ");
	if (!r)
		r = check_print_clean(p->out, place);
	if (!r)
		r = buf_printf(p->out, "%*s  ", strlen(place) < 52 ? (int)(52 - strlen(place)) : 0,
		               "");
	if (!r && e->reach == CHECK_OPEN)
		r = versions_write(p, e);
	else if (!r)
		r = buf_add_str(p->out, check_reach_name(e->reach));
	return r ? err_up(r) : err_up(buf_add_str(p->out, "\n"));
}

static bool is_worth_a_line(const struct page *p, const struct check_endpoint *e)
{
	return p->style->shows_all || (e->reach != CHECK_CLOSED && e->reach != CHECK_NOT_ASKED);
}

static int endpoints_write(struct page *p)
{
	const struct check_domain *d = p->report->domain;
	int r = 0;
	bool any = false;
	for (unsigned i = 0; !r && i < d->endpoint_count; i++)
		if (is_worth_a_line(p, d->endpoints[i])) {
			r = endpoint_write(p, d->endpoints[i]);
			any = true;
		}
	if (!r && d->endpoints_left_out)
		r = buf_printf(p->out, "  and %u more that were left out\n", d->endpoints_left_out);
	if (!r && d->addresses_refused)
		r = buf_printf(
			p->out,
			"  and %u addresses that the internet does not reach: none of them was "
			"connected to (--mine does)\n",
			d->addresses_refused);
	any |= d->addresses_refused > 0;
	return r ? err_up(r) : any ? err_up(buf_add_str(p->out, "\n")) : 0;
}

/* A text behind a margin, whatever its lines. */
static int block_write(struct page *p, const char *margin, const char *text)
{
	int r = 0;
	while (!r && *text) {
		size_t len = strcspn(text, "\n");
		r = buf_printf(p->out, "%s%.*s\n", margin, (int)len, text);
		text += len + (text[len] == '\n');
	}
	return err_up(r);
}

/* Lines of another software are no mend for this one: then that is said, or where all are. */
static int mend_heading(struct page *p, const struct check_finding *f, const struct advice_mend *m)
{
	bool is_for_all = !m->software[0] || !strcmp(m->software, "DNS");
	bool is_its_own = is_for_all || advice_mend_for(f->criterion->id, f->software) == m;
	int r = buf_printf(p->out, "    mend%s%s", m->software[0] ? ", " : "", m->software);
	if (!r && !is_its_own && f->software[0]) {
		r = buf_add_str(p->out, " (no lines for ");
		if (!r)
			r = check_print_clean(p->out, f->software);
		if (!r)
			r = buf_add_str(p->out, " are known)");
	} else if (!r && !is_its_own) {
		r = buf_printf(p->out, " (others: mailseal check --explain %s)", f->criterion->id);
	}
	return r ? err_up(r) : err_up(buf_add_str(p->out, ":\n"));
}

static int mend_write(struct page *p, const struct check_finding *f)
{
	const struct advice_mend *m = advice_mend_for(f->criterion->id, f->software);
	if (!m)
		m = advice_mend_next(f->criterion->id, NULL);
	if (!m)
		return 0;
	CLEAN(buf_deinit) struct buf room = {};
	int r = mend_heading(p, f, m);
	if (!r)
		r = block_write(p, "        ", check_mended(&room, p->report, f, m->text));
	return err_up(r);
}

static int place_write(struct page *p, const char *place)
{
	int r = buf_add_str(p->out, "    at ");
	if (!r)
		r = check_print_clean(p->out, place);
	return r ? err_up(r) : err_up(buf_add_str(p->out, "\n"));
}

static int places_write(struct page *p, size_t first)
{
	const struct check_finding *f = &p->report->findings[first];
	unsigned shown = 0, left = 0;
	int r = 0;
	for (size_t i = first; !r && i < p->report->count; i++) {
		if (p->is_shown[i] || !check_finding_is_like(f, &p->report->findings[i]))
			continue;
		p->is_shown[i] = true;
		if (shown == PLACES_SHOWN && !p->style->shows_all) {
			left++;
			continue;
		}
		shown++;
		r = place_write(p, p->report->findings[i].place);
	}
	if (!r && left)
		r = buf_printf(p->out, "    and at %u more (--all)\n", left);
	return err_up(r);
}

static int heading_write(struct page *p, const struct check_finding *f)
{
	int r = paint(p, verdicts[f->verdict].colour, verdicts[f->verdict].word);
	if (!r)
		r = buf_printf(p->out, "%*s%-4s %s\n",
		               (int)(12 - strlen(verdicts[f->verdict].word)), "", f->criterion->id,
		               f->criterion->title);
	return err_up(r);
}

static bool is_bad(const struct check_finding *f)
{
	return f->verdict >= CHECK_WARN;
}

static int finding_write(struct page *p, size_t i)
{
	const struct check_finding *f = &p->report->findings[i];
	int r = heading_write(p, f);
	if (!r)
		r = places_write(p, i);
	if (!r && f->evidence[0]) {
		r = buf_add_str(p->out, "    seen: ");
		if (!r)
			r = check_print_clean(p->out, f->evidence);
		if (!r)
			r = buf_add_str(p->out, "\n");
	}
	if (!r && is_bad(f))
		r = buf_printf(p->out, "    why: %s (%s)\n", f->criterion->why,
		               f->criterion->source);
	if (!r && is_bad(f))
		r = mend_write(p, f);
	if (!r && f->retest[0] && f->verdict >= CHECK_NOT_TESTED) {
		r = buf_add_str(p->out, "    look again: ");
		if (!r)
			r = check_print_clean(p->out, f->retest);
		if (!r)
			r = buf_add_str(p->out, "\n");
	}
	return r ? err_up(r) : err_up(buf_add_str(p->out, "\n"));
}

static bool is_to_be_said(const struct page *p, const struct check_finding *f)
{
	return p->style->shows_all || f->verdict >= CHECK_INFO;
}

static int findings_write(struct page *p)
{
	int r = 0;
	for (size_t i = 0; !r && i < p->report->count; i++)
		if (!p->is_shown[i] && is_to_be_said(p, &p->report->findings[i]))
			r = finding_write(p, i);
	return err_up(r);
}

static int totals_write(struct page *p)
{
	const unsigned *t = p->report->totals;
	unsigned connections = 0;
	for (unsigned i = 0; i < p->report->domain->endpoint_count; i++)
		connections += p->report->domain->endpoints[i]->connections;
	return err_up(buf_printf(p->out,
	                         "%u critical, %u failed, %u warned, %u not tested, %u to know, "
	                         "%u well; %u endpoints, %u connections\n",
	                         t[CHECK_CRITICAL], t[CHECK_FAIL], t[CHECK_WARN],
	                         t[CHECK_NOT_TESTED], t[CHECK_INFO], t[CHECK_PASS],
	                         p->report->domain->endpoint_count, connections));
}

static int nothing_write(struct page *p)
{
	int r = check_print_clean(p->out, check_report_asked(p->report));
	if (!r)
		r = buf_add_str(p->out, ": could not be looked at: ");
	if (!r)
		r = check_print_clean(p->out, p->report->domain->why);
	return r ? err_up(r) : err_up(buf_add_str(p->out, "\n"));
}

int check_print_text(struct buf *out, const struct check_report *report,
                     const struct check_text_style *style)
{
	CLEAN(freep) bool *is_shown = calloc(report->count + 1, sizeof(*is_shown));
	struct page p = { out, report, style, is_shown };
	if (!is_shown)
		return err_raise(-ENOMEM);
	if (report->domain->why[0])
		return err_up(nothing_write(&p));
	int r = letters_write(&p);
	if (!r)
		r = endpoints_write(&p);
	if (!r)
		r = findings_write(&p);
	return r ? err_up(r) : err_up(totals_write(&p));
}

int check_print_line(struct buf *out, const struct check_report *report)
{
	const struct check_text_style plain = {};
	struct page p = { .out = out, .report = report, .style = &plain };
	if (report->domain->why[0])
		return err_up(nothing_write(&p));
	int r = buf_printf(out, "%-3s ", report->overall.letter);
	if (!r)
		r = check_print_clean(out, check_report_asked(report));
	if (!r)
		r = buf_add_str(out, "  ");
	return r ? err_up(r) : err_up(totals_write(&p));
}

static int change_write(struct buf *out, const struct check_change *c)
{
	int r = buf_printf(out, "  %-7s %-4s ", check_change_name(c->kind), c->id);
	if (!r)
		r = check_print_clean(out, c->place);
	if (!r && c->kind != CHECK_CHANGE_NEW)
		r = buf_printf(out, ", was %s", check_verdict_name(c->before));
	if (!r && c->finding)
		r = buf_printf(out, ", is %s: ", check_verdict_name(c->now));
	if (!r && c->finding)
		r = check_print_clean(out, c->finding->evidence);
	return r ? err_up(r) : err_up(buf_add_str(out, "\n"));
}

int check_print_changes(struct buf *out, const struct check_changes *changes)
{
	int r = buf_printf(out, "\nsince the baseline: %zu changes\n", changes->count);
	for (size_t i = 0; !r && i < changes->count; i++)
		r = change_write(out, &changes->items[i]);
	return err_up(r);
}
