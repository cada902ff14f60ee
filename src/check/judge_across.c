/* What can be said only of several places together, by what was found of each. */
#include "check/judge_rules.h"

#include <stdio.h>

/* --- findings that are there already --- */

static const struct check_finding *finding_of(const struct check_judge *j,
                                              const struct check_endpoint *e, const char *id)
{
	for (size_t i = 0; i < j->report->count; i++) {
		const struct check_finding *f = &j->report->findings[i];
		if (f->endpoint == e && !strcmp(f->criterion->id, id))
			return f;
	}
	return NULL;
}

/* The worst of TLS: versions, suites, certificates. */
static const struct check_finding *worst_tls(const struct check_judge *j,
                                             const struct check_endpoint *e)
{
	const struct check_finding *worst = NULL;
	for (size_t i = 0; i < j->report->count; i++) {
		const struct check_finding *f = &j->report->findings[i];
		if (f->endpoint != e || !strchr("CDE", f->criterion->id[0]))
			continue;
		if (!worst || f->verdict > worst->verdict)
			worst = f;
	}
	return worst;
}

static bool fails_tls(const struct check_judge *j, const struct check_endpoint *e)
{
	const struct check_finding *worst = worst_tls(j, e);
	return worst && worst->verdict >= CHECK_FAIL;
}

/* --- A4: addresses of one host --- */

static bool is_judged(enum check_verdict verdict)
{
	return verdict != CHECK_NOT_TESTED && verdict != CHECK_NOT_APPLICABLE;
}

/* Criteria in which two endpoints differ. */
static void differences_list(const struct check_judge *j, const struct check_endpoint *a,
                             const struct check_endpoint *b, char *ret_list, size_t cap)
{
	size_t count = j->report->count;
	ret_list[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		const struct check_finding *left = &j->report->findings[i];
		if (left->endpoint != a || !is_judged(left->verdict))
			continue;
		const struct check_finding *right = finding_of(j, b, left->criterion->id);
		if (right && is_judged(right->verdict) && right->verdict != left->verdict)
			check_judge_list_add(ret_list, cap, "%s", left->criterion->id);
	}
}

static bool is_sibling(const struct check_endpoint *a, const struct check_endpoint *b)
{
	return a->service == b->service && a->port == b->port && !strcmp(a->host, b->host);
}

/* Against all behind it in the list. Returns how many there are. */
static unsigned siblings_compare(const struct check_judge *j, unsigned at, char *ret_list,
                                 size_t cap)
{
	const struct check_domain *d = j->domain;
	const struct check_endpoint *first = d->endpoints[at];
	unsigned count = 0;
	ret_list[0] = '\0';
	for (unsigned i = at + 1; i < d->endpoint_count; i++) {
		const struct check_endpoint *e = d->endpoints[i];
		char ids[CHECK_TEXT_CAP / 2];
		if (!is_sibling(first, e) || !check_judge_is_open(e))
			continue;
		count++;
		differences_list(j, first, e, ids, sizeof(ids));
		if (ids[0])
			check_judge_list_add(ret_list, cap, "%s and %s in %s", first->address,
			                     e->address, ids);
	}
	return count;
}

static bool has_sibling_before(const struct check_domain *d, unsigned at)
{
	for (unsigned i = 0; i < at; i++)
		if (is_sibling(d->endpoints[i], d->endpoints[at]) &&
		    check_judge_is_open(d->endpoints[i]))
			return true;
	return false;
}

static void a4(struct check_judge *j, unsigned at)
{
	const struct check_endpoint *e = j->domain->endpoints[at];
	struct check_endpoint nameless = { .port = e->port, .service = e->service };
	char list[CHECK_TEXT_CAP], place[CHECK_TEXT_CAP];
	struct ruling r = {};
	if (!check_judge_is_open(e) || has_sibling_before(j->domain, at))
		return;
	if (!siblings_compare(j, at, list, sizeof(list)))
		return;
	if (list[0])
		check_judge_say(&r, CHECK_WARN, "differ: %s", list);
	else
		check_judge_say(&r, CHECK_PASS, "all its addresses do the same");
	memcpy(nameless.host, e->host, sizeof(nameless.host));
	check_judge_place(&nameless, place, sizeof(place));
	check_judge_add(j, "A4", place, &r);
}

/* --- A11: services that DNS names --- */

struct services {
	bool has_any, has_implicit;
	char bad[CHECK_TEXT_CAP];
};

static bool is_implicit(const char *label)
{
	return !strcmp(label, "_imaps") || !strcmp(label, "_submissions") ||
	       !strcmp(label, "_pop3s");
}

static void srv_look(const struct check_judge *j, const struct check_srv *srv, struct services *s)
{
	const struct check_domain *d = j->domain;
	if (!srv->is_there || !srv->target[0])
		return;
	s->has_any = true;
	s->has_implicit |= is_implicit(srv->label);
	for (unsigned i = 0; i < d->endpoint_count; i++) {
		const struct check_endpoint *e = d->endpoints[i];
		if (e->port != srv->port || strcmp(e->host, srv->target) != 0)
			continue;
		if (!fails_tls(j, e))
			continue;
		check_judge_list_add(s->bad, sizeof(s->bad), "%s (%s)", srv->label,
		                     worst_tls(j, e)->criterion->id);
		return;
	}
}

static void a11(struct check_judge *j)
{
	const struct check_domain *d = j->domain;
	struct services s = {};
	struct ruling r = {};
	for (unsigned i = 0; i < d->srv_count; i++)
		srv_look(j, &d->srv[i], &s);
	if (!d->srv_count)
		return;
	if (s.bad[0])
		check_judge_say(&r, CHECK_FAIL, "they send users to places that fail: %s", s.bad);
	else if (s.has_implicit)
		check_judge_say(&r, CHECK_PASS, "they name places with TLS from the first byte");
	else if (s.has_any)
		check_judge_say(&r, CHECK_WARN, "they name places with STARTTLS alone");
	else
		check_judge_say(&r, CHECK_INFO, "no SRV records for users");
	check_judge_add(j, "A11", d->name, &r);
}

/* --- B3: all MX hosts alike --- */

static void b3(struct check_judge *j)
{
	const struct check_domain *d = j->domain;
	char without[CHECK_TEXT_CAP] = "";
	unsigned with = 0, all = 0;
	struct ruling r = {};
	for (unsigned i = 0; i < d->endpoint_count; i++) {
		const struct check_endpoint *e = d->endpoints[i];
		if (e->service != CHECK_SMTP || !check_judge_is_open(e) || !e->clear.was_heard)
			continue;
		all++;
		if (e->clear.offers_starttls)
			with++;
		else
			check_judge_list_add(without, sizeof(without), "%s [%s]", e->host,
			                     e->address);
	}
	if (all < 2 || !with)
		return; /* B1 says it */
	if (without[0])
		check_judge_say(&r, CHECK_FAIL,
		                "%u of %u offer STARTTLS; who sits on the way leads mail "
		                "to the others: %s",
		                with, all, without);
	else
		check_judge_say(&r, CHECK_PASS, "all %u offer STARTTLS", all);
	check_judge_add(j, "B3", d->name, &r);
}

/* --- E9: one key in several places --- */

/* Of each endpoint what makes it a weaker place for its key; NULL: nothing. */
struct weaknesses {
	const char *of[CHECK_ENDPOINTS_MAX];
};

static void weaknesses_find(const struct check_judge *j, struct weaknesses *w)
{
	const struct check_domain *d = j->domain;
	for (unsigned i = 0; i < d->endpoint_count; i++) {
		const struct check_finding *worst = worst_tls(j, d->endpoints[i]);
		bool fails = worst && worst->verdict >= CHECK_FAIL;
		w->of[i] = fails ? worst->criterion->id : NULL;
		if (check_judge_has_version(d->endpoints[i], CHECK_SSL2))
			w->of[i] = "SSLv2";
	}
}

static bool share_key(const struct check_endpoint *a, const struct check_endpoint *b)
{
	return a != b && a->has_chain && b->has_chain &&
	       !memcmp(a->chain.spki, b->chain.spki, sizeof(a->chain.spki));
}

/* The first weaker place with the key of an endpoint that itself is none. */
static void e9(struct check_judge *j, const struct weaknesses *w, unsigned at)
{
	const struct check_domain *d = j->domain;
	const struct check_endpoint *e = d->endpoints[at];
	struct ruling r = {};
	for (unsigned i = 0; i < d->endpoint_count && r.verdict != CHECK_WARN; i++) {
		char place[CHECK_TEXT_CAP];
		if (w->of[at] || !share_key(e, d->endpoints[i]))
			continue;
		check_judge_place(d->endpoints[i], place, sizeof(place));
		if (w->of[i])
			check_judge_say(&r, CHECK_WARN, "%s has the same key and is weaker (%s)",
			                place, w->of[i]);
		else
			check_judge_say(&r, CHECK_PASS,
			                "where else its key is used, TLS is as good");
	}
	if (r.evidence[0])
		check_judge_add_endpoint(j, "E9", e, &r);
}

/* --- H3: hosts beside webmail --- */

static bool is_side_host(const char *host)
{
	static const char *const labels[] = { "mta-sts.", "autoconfig.", "autodiscover." };
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		if (slice_starts_nocase(slice_str(host), labels[i]))
			return true;
	return false;
}

static void h3(struct check_judge *j, const struct check_endpoint *e)
{
	const struct check_finding *worst = worst_tls(j, e);
	struct ruling r = {};
	if (e->service != CHECK_HTTPS || !check_judge_is_open(e) || !is_side_host(e->host) ||
	    !worst)
		return;
	if (worst->verdict >= CHECK_FAIL)
		check_judge_say(&r, CHECK_WARN, "its TLS fails %s: %.300s", worst->criterion->id,
		                worst->evidence);
	else
		check_judge_say(&r, CHECK_PASS, "its TLS is sound");
	check_judge_add_endpoint(j, "H3", e, &r);
}

void check_judge_across(struct check_judge *j)
{
	const struct check_domain *d = j->domain;
	struct weaknesses weaknesses;
	weaknesses_find(j, &weaknesses);
	for (unsigned i = 0; i < d->endpoint_count; i++) {
		e9(j, &weaknesses, i);
		h3(j, d->endpoints[i]);
	}
	for (unsigned i = 0; i < d->endpoint_count; i++)
		a4(j, i);
	if (!d->name[0])
		return;
	a11(j);
	b3(j);
}
