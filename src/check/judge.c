#include "check/judge_rules.h"

#include "base/clean.h"
#include "base/err.h"
#include "check/grade.h"

#include <errno.h>
#include <stdio.h>

static const struct check_judge_rule *const endpoint_rules[] = {
	check_judge_smtp_rules,      check_judge_version_rules,     check_judge_suite_rules,
	check_judge_handshake_rules, check_judge_certificate_rules, check_judge_dane_rules,
	check_judge_user_rules,      check_judge_web_rules,         check_judge_attack_rules,
};

/* --- findings --- */

/* Nothing of a shell's in it: the command is there to be copied. */
static bool is_plain_name(const char *name)
{
	for (const char *at = name; *at; at++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:",
		            *at))
			return false;
	return *name && *name != '-';
}

static bool is_v6(const char *host)
{
	return strchr(host, ':') != NULL;
}

/* As it was looked at now; what DNS is asked of stands in the configuration. */
static void retest_write(struct check_finding *f, const struct check_judge *j)
{
	const struct check_endpoint *e = f->endpoint;
	const char *host = e ? e->host : j->domain->name;
	const char *mine = j->domain->is_mine ? " --mine" : "";
	bool is_usual = j->profile == advice_profile_find("m3aawg");
	const char *option = is_usual ? "" : " --profile ",
		   *profile = is_usual ? "" : j->profile->name;
	if (!is_plain_name(host))
		return;
	if (e)
		snprintf(f->retest, sizeof(f->retest),
		         "mailseal check --host %s%.253s%s:%u/%s --only %s%s%s%s",
		         is_v6(host) ? "[" : "", host, is_v6(host) ? "]" : "", e->port,
		         check_service_name(e->service), f->criterion->id, mine, option, profile);
	else
		snprintf(f->retest, sizeof(f->retest), "mailseal check %.253s --only %s%s%s%s",
		         host, f->criterion->id, mine, option, profile);
}

static struct check_finding *finding_new(struct check_judge *j)
{
	struct check_report *report = j->report;
	if (report->count == report->cap) {
		size_t cap = report->cap ? 2 * report->cap : 128;
		struct check_finding *findings =
			reallocarray(report->findings, cap, sizeof(*findings));
		if (!findings) {
			j->is_out_of_memory = true;
			return NULL;
		}
		report->findings = findings;
		report->cap = cap;
	}
	struct check_finding *f = &report->findings[report->count++];
	*f = (struct check_finding){};
	return f;
}

struct where {
	const char *place;
	const struct check_endpoint *endpoint;
};

static const char *software_of(const struct check_endpoint *e)
{
	return e->software[0] ? e->software : e->web.server;
}

static void add(struct check_judge *j, const char *id, const struct where *where,
                const struct ruling *r)
{
	const struct advice_criterion *criterion = advice_criterion_find(id);
	struct check_finding *f = criterion ? finding_new(j) : NULL;
	if (!f)
		return;
	f->criterion = criterion;
	f->verdict = r->verdict;
	f->endpoint = where->endpoint;
	slice_to_text(slice_str(where->place), f->place, sizeof(f->place));
	slice_to_text(slice_str(r->evidence), f->evidence, sizeof(f->evidence));
	if (where->endpoint)
		slice_to_text(slice_str(software_of(where->endpoint)), f->software,
		              sizeof(f->software));
	retest_write(f, j);
}

void check_judge_add(struct check_judge *j, const char *id, const char *place,
                     const struct ruling *r)
{
	add(j, id, &(struct where){ .place = place }, r);
}

void check_judge_add_endpoint(struct check_judge *j, const char *id, const struct check_endpoint *e,
                              const struct ruling *r)
{
	char place[CHECK_TEXT_CAP];
	check_judge_place(e, place, sizeof(place));
	add(j, id, &(struct where){ .place = place, .endpoint = e }, r);
}

/* A name may be as long as a place: what tells places apart comes last and is never cut. */
void check_judge_place(const struct check_endpoint *e, char *ret_text, size_t cap)
{
	bool has_address = e->address[0] && strcmp(e->address, e->host) != 0;
	bool is_v6_host = is_v6(e->host);
	snprintf(ret_text, cap, "%s%.160s%s:%u/%s%s%s%s", is_v6_host ? "[" : "", e->host,
	         is_v6_host ? "]" : "", e->port, check_service_name(e->service),
	         has_address ? " [" : "", has_address ? e->address : "", has_address ? "]" : "");
}

/* --- endpoints --- */

const struct policy_way_host *check_judge_mx_of(const struct check_domain *d, const char *host)
{
	for (size_t i = 0; i < d->way.host_count; i++)
		if (!strcmp(d->way.hosts[i].name, host))
			return &d->way.hosts[i];
	return NULL;
}

const struct check_host *check_judge_host_of(const struct check_domain *d, const char *name)
{
	for (unsigned i = 0; i < d->host_count; i++)
		if (!strcmp(d->hosts[i].name, name))
			return &d->hosts[i];
	return NULL;
}

struct check_judge_at check_judge_at_of(const struct check_judge *j, const struct check_endpoint *e)
{
	bool is_public = e->service == CHECK_SMTP;
	enum advice_side side = is_public ? ADVICE_PROVIDERS : ADVICE_USERS;
	return (struct check_judge_at){
		.judge = j,
		.domain = j->domain,
		.profile = j->profile,
		.endpoint = e,
		.mx = is_public ? check_judge_mx_of(j->domain, e->host) : NULL,
		.side = side,
		.scale = &j->profile->scales[side],
	};
}

static void rules_run(struct check_judge *j, const struct check_judge_rule *rules,
                      const struct check_judge_at *at)
{
	const struct check_endpoint *e = at->endpoint;
	for (; rules->id; rules++) {
		struct ruling ruling = {};
		struct check_judge_at here = *at;
		here.id = rules->id;
		if (!(rules->services & 1U << e->service))
			continue;
		if (rules->needs_tls && e->has_tls != CHECK_YES)
			continue;
		if (rules->fn(&here, &ruling))
			check_judge_add_endpoint(j, rules->id, e, &ruling);
	}
}

/* What is behind a port of users that is closed is nothing to worry about: G1 and G3 ask whether
 * any is open. */
static bool reach_say(const struct check_endpoint *e, struct ruling *r)
{
	bool is_mx = e->service == CHECK_SMTP;
	switch (e->reach) {
	case CHECK_OPEN:
		if (!e->probes_lost)
			return check_judge_say(r, CHECK_PASS, "every question was answered");
		return check_judge_say(r, CHECK_NOT_TESTED,
		                       "some questions were left without answer");
	case CHECK_RATE:
		return check_judge_say(r, CHECK_NOT_TESTED, "turned away: %s", e->why);
	case CHECK_NOT_ASKED:
		return check_judge_say(r, CHECK_NOT_TESTED, "not asked%s%s", e->why[0] ? ": " : "",
		                       e->why);
	case CHECK_CLOSED:
		return check_judge_say(r, is_mx ? CHECK_NOT_TESTED : CHECK_NOT_APPLICABLE,
		                       "closed%s%s", e->why[0] ? ": " : "", e->why);
	case CHECK_SILENT:
		return check_judge_say(r, is_mx ? CHECK_NOT_TESTED : CHECK_NOT_APPLICABLE,
		                       "nobody answered in time");
	case CHECK_FOREIGN:
		return check_judge_say(r, CHECK_NOT_TESTED, "something else answers: %s",
		                       e->greeting);
	case CHECK_REACH_COUNT:
		break;
	}
	return false;
}

static void endpoint_judge(struct check_judge *j, const struct check_endpoint *e)
{
	struct ruling reach = {};
	if (reach_say(e, &reach))
		check_judge_add_endpoint(j, e->service == CHECK_SMTP ? "B4" : "G8", e, &reach);
	if (!check_judge_is_open(e))
		return;
	const struct check_judge_at at = check_judge_at_of(j, e);
	for (size_t i = 0; i < COUNT_OF(endpoint_rules); i++)
		rules_run(j, endpoint_rules[i], &at);
}

/* --- the whole --- */

static int finding_compare(const void *left, const void *right)
{
	const struct check_finding *a = left, *b = right;
	if (a->verdict != b->verdict)
		return a->verdict > b->verdict ? -1 : 1;
	int order = strcmp(a->place, b->place);
	if (order)
		return order;
	return a->criterion < b->criterion ? -1 : a->criterion > b->criterion;
}

int check_judge(const struct check_domain *domain, const struct advice_profile *profile,
                struct check_report *ret_report)
{
	struct check_report report = { .domain = domain, .profile = profile };
	struct check_judge j = { .domain = domain, .profile = profile, .report = &report };
	for (unsigned i = 0; i < domain->endpoint_count; i++)
		endpoint_judge(&j, domain->endpoints[i]);
	if (domain->name[0]) {
		check_judge_dns(&j);
		check_judge_downgrade(&j);
		check_judge_users(&j);
	}
	check_judge_across(&j);
	if (j.is_out_of_memory) {
		check_report_deinit(&report);
		return err_raise(-ENOMEM);
	}
	if (report.count)
		qsort(report.findings, report.count, sizeof(*report.findings), finding_compare);
	check_grade(&report);
	*ret_report = report;
	return 0;
}
