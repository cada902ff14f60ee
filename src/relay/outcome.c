#include "relay/outcome.h"

static struct policy_failure failure_of(const struct relay_ended *e, enum policy_report report,
                                        struct slice reason)
{
	return (struct policy_failure){ .report = report,
		                        .sender = slice_str(e->local),
		                        .mx = slice_str(e->host->name),
		                        .helo = slice_str(e->facts->helo),
		                        .receiver = slice_str(e->facts->address),
		                        .reason = reason };
}

static void part_end(struct policy_part *part, const struct relay_ended *e,
                     enum policy_report report, struct slice reason)
{
	const struct policy_failure f = failure_of(e, report, reason);
	if (report)
		policy_part_fail(part, &f);
}

/* refusal: no TLS at all, whatever the policy. */
static void tlsa_end(struct policy_outcome *o, const struct relay_ended *e,
                     enum policy_report refusal, struct slice error)
{
	const struct policy_decision *d = &e->host->decision;
	const struct relay_verdict *v = &e->facts->verdict;
	struct policy_part *part = policy_outcome_add(o, POLICY_KIND_TLSA, e->host->tlsa_domain);
	part->strings = buf_slice(&e->host->tlsa);
	if (refusal)
		part_end(part, e, refusal, error);
	else if (d->needs_dane)
		part_end(part, e, v->dane, slice_str(v->dane ? v->dane_why : ""));
	else
		part_end(part, e, POLICY_REPORT_TLSA_INVALID,
		         slice_str("none of its TLSA records is usable"));
}

static void sts_end(struct policy_outcome *o, const struct relay_ended *e,
                    enum policy_report refusal, struct slice error)
{
	const struct relay_quotes *q = &e->plan->quotes;
	const struct policy_decision *d = &e->host->decision;
	const struct relay_verdict *v = &e->facts->verdict;
	struct policy_part *part = policy_outcome_add(o, POLICY_KIND_STS, e->plan->domain);
	part->strings = buf_slice(&q->sts);
	part->mx = buf_slice(&q->sts_mx);
	part_end(part, e, q->report, buf_slice(&q->why));
	if (refusal)
		part_end(part, e, refusal, error);
	else if (d->tests_pkix && d->report == POLICY_REPORT_VALIDATION_FAILURE)
		part_end(part, e, d->report, slice_str("the policy does not name this host"));
	else
		part_end(part, e, v->pkix, slice_str(v->pkix ? v->pkix_why : ""));
}

void relay_outcome_hop(struct policy_asker *asker, const struct relay_ended *e)
{
	struct policy_outcome o = {};
	char text[POLICY_OUTCOME_TEXT_MAX + 1];
	enum policy_report refusal = e->facts->tls ? POLICY_REPORT_NONE : e->facts->report;
	if (!e->plan->quotes.is_reported || (!e->facts->tls && !refusal))
		return;
	slice_to_text(slice_str(e->error), text, sizeof(text));
	struct slice error = slice_str(text);
	memcpy(o.domain, e->plan->domain, sizeof(o.domain));
	if (e->host->tlsa_domain[0])
		tlsa_end(&o, e, refusal, error);
	if (e->plan->quotes.has_sts)
		sts_end(&o, e, refusal, error);
	if (!o.part_count)
		part_end(policy_outcome_add(&o, POLICY_KIND_NONE, o.domain), e, refusal, error);
	asker->count(asker, &o);
}

/* One that failed by policy alone. mx: "" of a domain. */
static void fault_tell(struct policy_asker *asker, const struct policy_way *way,
                       const struct relay_quotes *quotes, const struct policy_failure *failure)
{
	struct policy_outcome o = {};
	bool is_sts = failure->report == POLICY_REPORT_VALIDATION_FAILURE;
	memcpy(o.domain, way->domain, sizeof(o.domain));
	struct policy_part *part =
		policy_outcome_add(&o, is_sts ? POLICY_KIND_STS : POLICY_KIND_TLSA, way->domain);
	if (is_sts) {
		part->strings = buf_slice(&quotes->sts);
		part->mx = buf_slice(&quotes->sts_mx);
	}
	policy_part_fail(part, failure);
	asker->count(asker, &o);
}

/* Behind it by preference nobody would have been tried. */
static unsigned first_preference(const struct relay_plan *plan, const struct policy_way *way)
{
	for (size_t i = 0; plan->target_count && i < way->host_count; i++)
		if (!strcmp(way->hosts[i].name, plan->targets[0].host->name))
			return way->hosts[i].preference;
	return UINT32_MAX;
}

void relay_outcome_broken_sts(struct policy_asker *asker, const char *domain,
                              const struct policy_sts_facts *sts)
{
	struct policy_outcome o = {};
	char text[POLICY_OUTCOME_TEXT_MAX + 1];
	if (!sts->report || sts->state == POLICY_STS_IN_FORCE)
		return;
	slice_to_text(slice_str(sts->why), text, sizeof(text));
	strcpy(o.domain, domain);
	policy_part_fail(
		policy_outcome_add(&o, POLICY_KIND_STS, domain),
		&(struct policy_failure){ .report = sts->report, .reason = slice_str(text) });
	asker->count(asker, &o);
}

void relay_outcome_way(struct policy_asker *asker, const struct relay_plan *plan,
                       const struct policy_way *way, const struct policy_sts_facts *sts)
{
	struct policy_domain domain;
	unsigned first = first_preference(plan, way);
	policy_way_domain(&domain, way, sts);
	for (size_t i = 0; i < way->host_count; i++) {
		const struct policy_way_host *h = &way->hosts[i];
		struct policy_decision d;
		policy_decide(&domain, &h->facts, &d);
		if (d.level == POLICY_SKIP && d.report && h->preference < first)
			fault_tell(asker, way, &plan->quotes,
			           &(struct policy_failure){ .report = d.report,
			                                     .mx = slice_str(h->name),
			                                     .reason = slice_str(d.why) });
	}
	if (way->end == POLICY_WAY_LOST && way->mx == POLICY_DNS_BOGUS)
		fault_tell(asker, way, &plan->quotes,
		           &(struct policy_failure){
				   .report = POLICY_REPORT_DNSSEC_INVALID,
				   .reason = slice_str("the MX records' signatures do not hold"),
			   });
	else if (sts->state == POLICY_STS_LOST && !plan->target_count)
		relay_outcome_broken_sts(asker, way->domain, sts);
}
