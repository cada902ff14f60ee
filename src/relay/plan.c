#include "relay/plan.h"

#include "base/clean.h"
#include "base/err.h"
#include "relay/words.h"

#include <errno.h>
#include <stdio.h>

/* Why hosts were left out: the words of the first, if none is left. */
struct left_out {
	const char *code; /* "451 4.7.5" */
	const char *host;
	const char *why;
	enum policy_report report;
};

static int refuse(struct relay_plan *plan, const char *code, const char *host, const char *text)
{
	return err_up(relay_words_own(&plan->refusal, code, host, NULL, text));
}

static int end_refuse(struct relay_plan *plan, const struct policy_way *way)
{
	switch (way->end) {
	case POLICY_WAY_NO_DOMAIN:
		return refuse(plan, "550 5.1.2", way->domain, "there is no such domain");
	case POLICY_WAY_NULL_MX:
		return refuse(plan, "556 5.1.10", way->domain,
		              "the domain takes no mail (null MX, RFC 7505)");
	case POLICY_WAY_LOST:
		plan->report = way->mx == POLICY_DNS_BOGUS ? POLICY_REPORT_DNSSEC_INVALID
		                                           : POLICY_REPORT_NONE;
		return refuse(plan, "451 4.4.3", way->domain,
		              "its MX records could not be looked up");
	case POLICY_WAY_HOSTS:
		return refuse(plan, "451 4.4.4", way->domain, "its MX records name no host");
	}
	return 0;
}

/* Hosts of one preference in any order, each as likely (RFC 5321 5.1). */
static void shuffle(const struct policy_way *way, size_t *order, uint64_t chance)
{
	for (size_t i = 0; i < way->host_count; i++)
		order[i] = i;
	for (size_t i = 0; i < way->host_count; i++) {
		size_t equals = 1;
		while (i + equals < way->host_count &&
		       way->hosts[order[i + equals]].preference == way->hosts[order[i]].preference)
			equals++;
		size_t other = i + chance % equals;
		chance /= equals;
		size_t was = order[i];
		order[i] = order[other];
		order[other] = was;
	}
}

static int records_take(struct relay_host *h, const struct policy_way_host *from)
{
	const struct policy_decision *d = &h->decision;
	if (!d->needs_dane)
		return 0;
	snprintf(h->base, sizeof(h->base), "%s", from->base);
	h->records = calloc(d->used_count, sizeof(*h->records));
	if (!h->records)
		return err_raise(-ENOMEM);
	for (size_t i = 0; i < from->tlsa_count; i++)
		if (d->is_used[i] && h->record_count < d->used_count)
			h->records[h->record_count++] = from->tlsa[i];
	return 0;
}

static void target_add(struct relay_plan *plan, const struct relay_host *h, const char *address)
{
	if (plan->target_count == RELAY_TARGETS_MAX)
		return;
	struct relay_target *t = &plan->targets[plan->target_count++];
	t->host = h;
	snprintf(t->address, sizeof(t->address), "%.*s", DNS_ADDRESS_CAP - 1, address);
}

/* The families take turns, IPv6 first: what does not work for one may for the other. */
static void addresses_take(struct relay_plan *plan, const struct relay_host *h,
                           const struct policy_way_host *from)
{
	size_t next[2] = { 0, 0 };
	for (size_t taken = 0; taken < from->address_count;) {
		for (int family = 0; family < 2; family++) {
			size_t *at = &next[family];
			while (*at < from->address_count &&
			       (strchr(from->addresses[*at], ':') == NULL) != family)
				(*at)++;
			if (*at == from->address_count)
				continue;
			target_add(plan, h, from->addresses[(*at)++]);
			taken++;
		}
	}
}

static void leave_out(struct left_out *l, const struct policy_way_host *from,
                      const struct policy_decision *d)
{
	bool is_lost = policy_dns_is_lost(from->facts.address);
	if (l->why)
		return;
	*l = (struct left_out){ .code = !from->facts.has_address ? "451 4.4.4" : "451 4.7.5",
		                .host = from->name,
		                .why = d->why,
		                .report = d->report };
	if (is_lost)
		l->code = "451 4.4.3";
}

/* Its TLSA records, for TLS reports. */
static int tlsa_quote(struct relay_host *h, const struct policy_way_host *from)
{
	const struct policy_host *f = &from->facts;
	if (!f->was_asked || f->tlsa != POLICY_DNS_SECURE || !from->tlsa_count)
		return 0;
	snprintf(h->tlsa_domain, sizeof(h->tlsa_domain), "%s", from->base);
	return err_up(policy_tlsa_lines(&h->tlsa, from->tlsa, from->tlsa_count));
}

static int sts_quote(struct relay_quotes *q, const struct policy_sts_facts *sts)
{
	char why[POLICY_OUTCOME_TEXT_MAX + 1];
	bool is_in_force = sts->state == POLICY_STS_IN_FORCE && sts->policy.mode != POLICY_STS_NONE;
	bool is_broken = sts->state == POLICY_STS_BROKEN && sts->report;
	int r = 0;
	q->is_reported = true;
	q->has_sts = is_in_force || is_broken;
	if (is_broken) {
		q->report = sts->report;
		slice_to_text(slice_str(sts->why), why, sizeof(why));
		r = buf_add_str(&q->why, why);
	} else if (is_in_force) {
		r = policy_sts_lines(&q->sts, &sts->policy);
		if (!r)
			r = policy_sts_patterns(&q->sts_mx, &sts->policy);
	}
	return err_up(r);
}

static int host_take(struct relay_plan *plan, const struct policy_way_host *from,
                     const struct policy_decision *d)
{
	struct relay_host *h = &plan->hosts[plan->host_count++];
	h->decision = *d;
	h->memory = from->memory;
	snprintf(h->name, sizeof(h->name), "%s", from->name);
	snprintf(h->pkix_name, sizeof(h->pkix_name), "%s", from->name);
	int r = records_take(h, from);
	if (!r)
		r = tlsa_quote(h, from);
	if (r)
		return err_up(r);
	addresses_take(plan, h, from);
	return 0;
}

static bool is_waivable(const struct policy_domain *domain, const struct policy_way_host *host)
{
	struct policy_domain waived = *domain;
	struct policy_decision d;
	waived.is_waived = true;
	policy_decide(&waived, &host->facts, &d);
	return d.level != POLICY_SKIP;
}

static int hosts_take(struct relay_plan *plan, const struct policy_way *way,
                      const struct policy_sts_facts *sts, const struct relay_plan_settings *set,
                      struct left_out *l)
{
	size_t order[POLICY_WAY_HOSTS_MAX];
	unsigned own = policy_way_own_preference(way, set->hostname);
	struct policy_domain domain;
	policy_way_domain(&domain, way, sts);
	domain.is_waived = set->is_waived;
	shuffle(way, order, set->chance);
	for (size_t i = 0; i < way->host_count; i++) {
		const struct policy_way_host *from = &way->hosts[order[i]];
		struct policy_decision d;
		if (from->preference >= own)
			break;
		policy_decide(&domain, &from->facts, &d);
		if (d.level == POLICY_SKIP) {
			leave_out(l, from, &d);
			plan->is_waivable |= is_waivable(&domain, from);
			continue;
		}
		if (set->requires_tls && !d.is_authenticated)
			continue;
		int r = host_take(plan, from, &d);
		if (r)
			return err_up(r);
	}
	return 0;
}

/* There are hosts, but none to try. */
static int nothing_refuse(struct relay_plan *plan, const struct policy_way *way,
                          const struct relay_plan_settings *set, const struct left_out *l)
{
	if (policy_way_loops(way, policy_way_own_preference(way, set->hostname)))
		return refuse(plan, "554 5.4.6", way->domain,
		              "mail for it loops back to this host");
	if (way->is_implicit && !way->hosts[0].facts.has_address &&
	    !policy_dns_is_lost(way->hosts[0].facts.address))
		return refuse(plan, "550 5.4.4", way->domain, "it has neither MX nor address");
	if (l->why) {
		plan->report = l->report;
		return refuse(plan, l->code, l->host, l->why);
	}
	return refuse(plan, "550 5.7.30", way->domain,
	              "REQUIRETLS: nothing vouches for its hosts (RFC 8689)");
}

int relay_plan_make(struct relay_plan *plan, const struct policy_way *way,
                    const struct policy_sts_facts *sts, const struct relay_plan_settings *set)
{
	struct left_out l = {};
	snprintf(plan->domain, sizeof(plan->domain), "%s", way->domain);
	snprintf(plan->expanded, sizeof(plan->expanded), "%s", way->expanded);
	plan->mx_is_secure = way->mx == POLICY_DNS_SECURE;
	int r = sts_quote(&plan->quotes, sts);
	if (r)
		return err_up(r);
	if (way->end != POLICY_WAY_HOSTS || !way->host_count)
		return err_up(end_refuse(plan, way));
	plan->hosts = calloc(way->host_count, sizeof(*plan->hosts));
	if (!plan->hosts)
		return err_raise(-ENOMEM);
	r = hosts_take(plan, way, sts, set, &l);
	plan->has_left_out = l.why;
	if (!r && !plan->target_count)
		r = nothing_refuse(plan, way, set, &l);
	return err_up(r);
}

static int route_host_take(struct relay_plan *plan, const struct relay_route *route,
                           const struct policy_way_host *from)
{
	struct policy_tlsa records[POLICY_TLSA_MAX];
	struct relay_host *h = &plan->hosts[0];
	plan->host_count = 1;
	snprintf(h->name, sizeof(h->name), "%s", route->host);
	snprintf(h->pkix_name, sizeof(h->pkix_name), "%s", route->name);
	policy_rule_decide(&route->rule, &h->decision, records, &h->record_count);
	if (h->record_count) {
		h->records = calloc(h->record_count, sizeof(*h->records));
		if (!h->records)
			return err_raise(-ENOMEM);
		memcpy(h->records, records, h->record_count * sizeof(*h->records));
	}
	if (route->is_address)
		target_add(plan, h, route->host);
	else
		addresses_take(plan, h, from);
	return 0;
}

int relay_plan_route(struct relay_plan *plan, const char *domain, const struct relay_route *route,
                     const struct policy_way *way, const struct relay_plan_settings *set)
{
	const struct policy_way_host *from = way && way->host_count ? &way->hosts[0] : NULL;
	snprintf(plan->domain, sizeof(plan->domain), "%s", domain);
	plan->port = route->port;
	plan->is_implicit = route->is_implicit;
	if (!route->is_address && (!from || policy_dns_is_lost(from->facts.address)))
		return refuse(plan, "451 4.4.3", route->host,
		              "its addresses could not be looked up");
	if (!route->is_address && !from->address_count)
		return refuse(plan, "451 4.4.4", route->host, "the route's host has no address");
	plan->hosts = calloc(1, sizeof(*plan->hosts));
	if (!plan->hosts)
		return err_raise(-ENOMEM);
	int r = route_host_take(plan, route, from);
	if (!r && set->requires_tls && !plan->hosts[0].decision.is_authenticated) {
		plan->target_count = 0;
		r = refuse(plan, "550 5.7.30", domain,
		           "REQUIRETLS: nothing vouches for the route's host (RFC 8689)");
	}
	return err_up(r);
}

void relay_plan_deinit(struct relay_plan *plan)
{
	for (size_t i = 0; i < plan->host_count; i++) {
		free(plan->hosts[i].records);
		buf_deinit(&plan->hosts[i].tlsa);
	}
	free(plan->hosts);
	buf_deinit(&plan->quotes.why);
	buf_deinit(&plan->quotes.sts);
	buf_deinit(&plan->quotes.sts_mx);
	buf_deinit(&plan->refusal);
	*plan = (struct relay_plan){};
}
