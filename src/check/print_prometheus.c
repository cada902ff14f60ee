/* Reports for monitoring: letters, counts, and how long certificates live. */
#include "base/clean.h"
#include "base/err.h"
#include "check/print.h"

#include <errno.h>

static const struct exposition_family families[] = {
	[CHECK_METRIC_GRADES] = { "mailseal_check_grade", EXPOSITION_GAUGE,
	                          "Letter of a recommendation: 6 is A+, 5 A, 4 B, 3 C, 2 D, 0 F; "
	                          "none: not examined" },
	[CHECK_METRIC_TOTALS] = { "mailseal_check_findings", EXPOSITION_GAUGE,
	                          "Findings of a domain by verdict" },
	[CHECK_METRIC_BAD] = { "mailseal_check_finding", EXPOSITION_GAUGE,
	                       "1 for each criterion and place that is to be mended" },
	[CHECK_METRIC_EXPIRY] = { "mailseal_check_certificate_not_after_seconds", EXPOSITION_GAUGE,
	                          "When the certificate of an endpoint ends, in Unix time" },
	[CHECK_METRIC_LOOKED] = { "mailseal_check_timestamp_seconds", EXPOSITION_GAUGE,
	                          "When the domain was looked at, in Unix time" },
};
_Static_assert(COUNT_OF(families) == CHECK_METRIC_COUNT, "every metric has its family");

#define METRIC(p, metric, value, ...)                                                              \
	exposition_value(&(p)->metrics[metric], &families[metric], (value), __VA_ARGS__)

static int letter_value(const struct check_letter *l)
{
	static const char order[] = "F-DCBA";
	const char *at = l->letter[0] && l->letter[0] != '-' ? strchr(order, l->letter[0]) : NULL;
	return at ? (int)(at - order) + (l->letter[1] == '+') : -1;
}

static void grade_add(struct check_prometheus *p, const char *domain, const char *about,
                      const struct check_letter *l)
{
	int value = letter_value(l);
	if (value >= 0)
		METRIC(p, CHECK_METRIC_GRADES, value, { "domain", domain }, { "about", about });
}

static void findings_add(struct check_prometheus *p, const struct check_report *r)
{
	const char *domain = check_report_asked(r);
	for (unsigned v = 0; v < CHECK_VERDICT_COUNT; v++)
		METRIC(p, CHECK_METRIC_TOTALS, r->totals[v], { "domain", domain },
		       { "verdict", check_verdict_name(v) });
	for (size_t i = 0; i < r->count; i++)
		if (r->findings[i].verdict >= CHECK_WARN)
			METRIC(p, CHECK_METRIC_BAD, 1, { "domain", domain },
			       { "id", r->findings[i].criterion->id },
			       { "place", r->findings[i].place },
			       { "verdict", check_verdict_name(r->findings[i].verdict) });
}

static void expiry_add(struct check_prometheus *p, const struct check_report *r)
{
	const struct check_domain *d = r->domain;
	const char *domain = check_report_asked(r);
	for (unsigned i = 0; i < d->endpoint_count; i++) {
		const struct check_endpoint *e = d->endpoints[i];
		if (e->has_chain)
			METRIC(p, CHECK_METRIC_EXPIRY, (double)e->chain.not_after_s,
			       { "domain", domain }, { "host", e->host }, { "address", e->address },
			       { "service", check_service_name(e->service) });
	}
}

void check_print_prometheus(struct check_prometheus *p, const struct check_report *r)
{
	const char *domain = check_report_asked(r);
	if (!p->has_begun)
		for (unsigned i = 0; i < CHECK_METRIC_COUNT; i++)
			exposition_begin(&p->metrics[i], &families[i]);
	p->has_begun = true;
	grade_add(p, domain, "overall", &r->overall);
	grade_add(p, domain, "between", &r->letters[CHECK_BETWEEN]);
	grade_add(p, domain, "users", &r->letters[CHECK_USERS]);
	findings_add(p, r);
	expiry_add(p, r);
	METRIC(p, CHECK_METRIC_LOOKED, (double)r->domain->at_s, { "domain", domain });
}

int check_print_prometheus_end(struct check_prometheus *p, struct buf *out)
{
	int r = 0;
	for (unsigned i = 0; i < CHECK_METRIC_COUNT; i++) {
		if (!r)
			r = p->metrics[i].has_failed ? err_raise(-ENOMEM)
			                             : buf_add(out, buf_slice(&p->metrics[i].out));
		exposition_deinit(&p->metrics[i]);
	}
	return err_up(r);
}
