/* The hosts of a destination in turn: a place, a hop, what is noted of it, and whether it is tried
 * again. */
#include "relay/inside.h"

#include "base/clean.h"
#include "base/log.h"
#include "relay/outcome.h"

#include <time.h>

static const struct relay_target *target_of(const struct relay_delivery *d)
{
	return &d->plan.targets[d->target];
}

/* For the next time: what this host had, or did not have where nothing else demands it. */
static void remember(struct relay_delivery *d, enum policy_seen seen)
{
	struct relay *r = relay_of(d);
	const struct relay_hop_facts *f = relay_hop_facts(d->hop);
	if (!d->client->world->remembers || d->route || d->is_waived ||
	    (seen == POLICY_SEEN_LOST && f->level != POLICY_OPPORTUNISTIC))
		return;
	r->asker->note(r->asker, d->domain, f->host, seen);
	if (seen == POLICY_SEEN_SEALED && f->memory.was_trusted)
		log_warn(d->client->session_id, "downgrade", kv_str("domain", d->domain),
		         kv_str("mx", f->host), kv_str("lost", "certificate"));
}

/* What is known already is not said again. */
static void well_note(struct relay_delivery *d, const struct relay_hop_facts *f)
{
	struct policy_asker *asker = relay_of(d)->asker;
	const struct policy_fault *before = &f->memory.fault;
	if (d->is_small && (!before->small_until_s || before->failing_since_s))
		asker->fault(asker, f->host, POLICY_FAULT_SMALL);
	else if (!d->is_small && before->failing_since_s)
		asker->fault(asker, f->host, POLICY_FAULT_WELL);
}

/* For TLS reports; what happened where policy held is counted. f: NULL of one that is ready. */
static void outcome_count(struct relay_delivery *d, const struct relay_hop_failure *f)
{
	struct relay *r = relay_of(d);
	char local[DNS_ADDRESS_CAP];
	if (d->is_waived || d->is_report)
		return;
	relay_hop_local(d->hop, local);
	relay_outcome_hop(r->asker, &(struct relay_ended){
					    .plan = &d->plan,
					    .host = target_of(d)->host,
					    .facts = relay_hop_facts(d->hop),
					    .local = local,
					    .error = f && f->end == RELAY_HOP_BAD_TLS ? f->why : "",
				    });
}

static void on_ready(void *owner)
{
	struct relay_delivery *d = owner;
	struct relay *r = relay_of(d);
	const struct relay_hop_facts *f = relay_hop_facts(d->hop);
	r->counters.hops++;
	r->counters.sealed += f->tls != NULL;
	r->counters.plain += f->tls == NULL;
	r->counters.authenticated += f->verdict.is_authenticated;
	if (f->tls)
		well_note(d, f);
	outcome_count(d, NULL);
	remember(d, !f->tls                 ? POLICY_SEEN_LOST
	            : f->verdict.is_trusted ? POLICY_SEEN_TRUSTED
	                                    : POLICY_SEEN_SEALED);
	relay_delivery_turn(d, RELAY_DELIVERY_ENVELOPE);
	relay_envelope_send(d, 0);
}

/* Opportunistic TLS that failed: first what may help, plain text only when it has for long. */
static bool is_tried_again(struct relay_delivery *d, const struct relay_hop_failure *f)
{
	struct relay *r = relay_of(d);
	const struct relay_host *h = target_of(d)->host;
	const struct policy_fault *before = &h->memory.fault;
	if (f->end != RELAY_HOP_BAD_TLS || d->skips_tls)
		return false;
	if (!d->is_small) {
		d->is_small = true;
		return true;
	}
	uint64_t for_ms = before->failing_since_s
	                          ? (uint64_t)(time(NULL) - before->failing_since_s) * 1000
	                          : 0;
	r->asker->fault(r->asker, h->name, POLICY_FAULT_FAILED);
	bool may_be_plain = h->decision.level == POLICY_OPPORTUNISTIC &&
	                    for_ms >= d->client->world->plain_after_ms;
	if (may_be_plain && relay_hop_is_held(&h->memory, &d->rules)) {
		remember(d, POLICY_SEEN_LOST); /* a hold has an end, and it begins here */
		may_be_plain = false;
	}
	if (may_be_plain)
		log_warn(d->client->session_id, "TLS has failed for long, mail goes in clear",
		         kv_str("domain", d->domain), kv_str("host", h->name),
		         kv_str("error", f->why), kv_ms("since", for_ms));
	d->skips_tls = may_be_plain;
	return may_be_plain;
}

/* It is for what TLS must be that the hop ended. A rule of the operator's stands in any case. */
static bool is_policy(const struct relay_delivery *d, enum relay_hop_end end)
{
	bool is_about_tls =
		end == RELAY_HOP_NO_TLS || end == RELAY_HOP_BAD_TLS || end == RELAY_HOP_UNPROVEN;
	bool is_demanded = relay_hop_facts(d->hop)->level != POLICY_OPPORTUNISTIC;
	return is_about_tls && (is_demanded || (end == RELAY_HOP_NO_TLS && !d->rules.is_refused));
}

static void on_failed(void *owner, const struct relay_hop_failure *f)
{
	struct relay_delivery *d = owner;
	struct relay *r = relay_of(d);
	const char *outcome = relay_hop_end_name(f->end);
	/* Somebody waits for an answer, and nobody had one by this host: another may give it. */
	bool is_early = d->state <= RELAY_DELIVERY_ENVELOPE && relay_delivery_has_open(d) &&
	                !relay_delivery_taken(d);
	r->counters.tls_failed += f->end == RELAY_HOP_BAD_TLS || f->end == RELAY_HOP_UNPROVEN;
	d->is_waivable |= is_policy(d, f->end);
	relay_delivery_last(d, f->line);
	if (f->report == POLICY_REPORT_STARTTLS_NOT_SUPPORTED)
		remember(d, POLICY_SEEN_LOST);
	if (d->state == RELAY_DELIVERY_OPENING)
		outcome_count(d, f);
	bool is_again = is_early && d->state == RELAY_DELIVERY_OPENING && is_tried_again(d, f);
	relay_delivery_hop_end(d, outcome, f);
	if (!is_early)
		relay_delivery_over_last(d, outcome);
	else if (is_again)
		relay_target_open(d);
	else
		relay_target_next(d);
}

static const struct relay_hop_owner hop_owner = {
	.on_ready = on_ready,
	.on_reply = relay_envelope_reply,
	.on_text = relay_envelope_text,
	.on_room = relay_envelope_room,
	.on_failed = on_failed,
};

/* The CAs that count for its host. */
static struct tls_hops *hops_of(const struct relay_delivery *d)
{
	const struct relay_world *w = d->client->world;
	const struct relay_route *route = d->route;
	if (route && route->tls)
		return d->is_small ? route->tls_small : route->tls;
	return d->is_small ? w->tls_small : w->tls;
}

void relay_target_open(struct relay_delivery *d)
{
	if (d->target >= d->plan.target_count) {
		if (buf_len(&d->last) && relay_waiver_is_possible(d))
			relay_waiver_await(d, buf_slice(&d->last));
		else if (buf_len(&d->last))
			relay_delivery_over_last(d, "refused");
		else
			relay_delivery_over_own(d, "unreachable", "451 4.4.1",
			                        "no host of it could be reached");
		return;
	}
	relay_delivery_turn(d, RELAY_DELIVERY_WAITING);
	relay_delivery_late_arm(d, d->client->world->slot_wait_ms);
	if (relay_place_ask(d))
		relay_delivery_over_memory(d);
}

void relay_delivery_go(struct relay_delivery *d)
{
	struct relay *r = relay_of(d);
	struct relay_world *w = d->client->world;
	relay_delivery_late_arm(d, d->envelope_ms);
	const struct relay_target *t = target_of(d);
	struct relay_hop_owner owner = hop_owner;
	owner.owner = d;
	d->is_small = d->is_small || t->host->memory.fault.small_until_s;
	relay_delivery_turn(d, RELAY_DELIVERY_OPENING);
	int result = relay_hop_new(&d->hop,
	                           &(struct relay_hop_settings){
					   .loop = r->loop,
					   .tls = hops_of(d),
					   .hostname = w->hostname,
					   .sources = &w->sources,
					   .domain = d->domain,
					   .target = t,
					   .mx_is_secure = d->plan.mx_is_secure,
					   .expanded = d->plan.expanded,
					   .is_told = d->route != NULL,
					   .skips_tls = d->skips_tls,
					   .is_small = d->is_small,
					   .asker = r->asker,
					   .place = TAKE(d->place),
					   .rules = d->rules,
					   .is_implicit = d->plan.is_implicit,
					   .port = d->plan.port ? d->plan.port : w->port,
				   },
	                           &owner);
	if (result)
		relay_delivery_over_memory(d);
}

static void hop_take(struct relay_delivery *d, struct relay_hop *hop)
{
	struct relay_hop_owner owner = hop_owner;
	owner.owner = d;
	d->hop = hop;
	relay_hop_give(hop, &owner);
	relay_delivery_turn(d, RELAY_DELIVERY_ENVELOPE);
}

void relay_delivery_go_by(struct relay_delivery *d, struct relay_hop *hop)
{
	relay_place_forget(d);
	relay_delivery_late_arm(d, d->envelope_ms);
	d->has_anothers = true;
	hop_take(d, hop);
	relay_envelope_send(d, 0);
}

/* One that was kept for the domain. */
bool relay_target_is_kept(struct relay_delivery *d)
{
	const struct smtp_handoff_mail *m = smtp_handoff_mail(d->client->handoff);
	struct relay_hop *hop =
		relay_idle_take(relay_of(d), d->client->world, d->domain, m->requires_tls);
	if (hop)
		hop_take(d, hop);
	return hop != NULL;
}

/* Another host, from the beginning; a hop that was kept from before has no list of them. */
void relay_target_next(struct relay_delivery *d)
{
	bool is_untried = d->has_anothers;
	d->has_mail = d->skips_tls = d->is_small = d->has_anothers = false;
	if (d->plan.target_count) {
		d->target += !is_untried;
		relay_target_open(d);
	} else {
		relay_delivery_begin(d);
	}
}
