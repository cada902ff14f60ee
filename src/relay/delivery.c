/* One destination of a transaction: its way, the hosts in turn, the envelope, the answer. */
#include "relay/inside.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "relay/outcome.h"
#include "relay/words.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>

enum {
	ENVELOPE_MS = 240 * 1000, /* the MTA waits 5 minutes for RCPT (RFC 5321 4.5.3.2.3) */
};

static const char words_memory[] = "451 4.3.0 out of memory\r\n";

static void open_next(struct relay_delivery *d);

static struct relay *relay_of(const struct relay_delivery *d)
{
	return d->client->relay;
}

void relay_delivery_turn(struct relay_delivery *d, enum relay_delivery_state state)
{
	d->state = state;
}

bool relay_delivery_has(const struct relay_delivery *d, size_t number, enum relay_rcpt_state state)
{
	const struct relay_rcpt *r = &d->client->rcpts[number];
	return r->delivery == d && r->state == state;
}

/* The far end is to be asked, or was. */
static bool is_open(const struct relay_delivery *d, size_t number)
{
	return relay_delivery_has(d, number, RELAY_RCPT_WAITING) ||
	       relay_delivery_has(d, number, RELAY_RCPT_PROMISED);
}

static bool has_open(const struct relay_delivery *d)
{
	for (size_t i = 0; i < d->client->rcpt_count; i++)
		if (is_open(d, i))
			return true;
	return false;
}

/* What is left of the time in which RCPT has to be answered, or less. */
static void late_arm(struct relay_delivery *d, uint32_t at_most_ms)
{
	struct relay *r = relay_of(d);
	uint64_t now_ms = io_loop_now_ms(r->loop), end_ms = d->waits_since_ms + d->envelope_ms;
	uint64_t left_ms = end_ms > now_ms ? end_ms - now_ms : 1;
	io_deadline_arm(r->loop, &d->late, left_ms < at_most_ms ? left_ms : at_most_ms);
}

void relay_delivery_await(struct relay_delivery *d, uint32_t envelope_ms)
{
	d->envelope_ms = envelope_ms;
	d->waits_since_ms = io_loop_now_ms(relay_of(d)->loop);
	late_arm(d, envelope_ms);
}

size_t relay_delivery_taken(const struct relay_delivery *d)
{
	size_t count = 0;
	for (size_t i = 0; i < d->client->rcpt_count; i++)
		count += relay_delivery_has(d, i, RELAY_RCPT_TAKEN);
	return count;
}

/* The hop goes: to carry another message, or for good. */
static void hop_end(struct relay_delivery *d, const char *outcome,
                    const struct relay_hop_failure *f)
{
	struct relay_hop *hop = TAKE(d->hop);
	if (!hop)
		return;
	if (!f && relay_hop_is_idle(hop) && !d->is_waived) {
		relay_idle_keep(relay_of(d), d->client->world, hop);
		return;
	}
	relay_record_hop(relay_of(d), d->client, hop, outcome, f);
	if (f)
		relay_hop_free(hop);
	else
		relay_hop_leave(hop);
}

static void question_end(struct relay_delivery *d)
{
	struct relay *r = relay_of(d);
	if (d->is_asking)
		r->asker->cancel(r->asker, &d->question);
	d->is_asking = false;
	io_later_remove(r->loop, &d->begin);
}

void relay_delivery_over(struct relay_delivery *d, const char *outcome, struct slice words)
{
	struct relay_client *c = d->client;
	io_deadline_disarm(&d->late);
	question_end(d);
	buf_clear(&d->answer);
	if (buf_add(&d->answer, words))
		words = slice_str(words_memory);
	relay_delivery_turn(d, RELAY_DELIVERY_OVER);
	hop_end(d, outcome, NULL);
	relay_place_forget(d);
	for (size_t i = 0; i < c->rcpt_count; i++)
		if (relay_delivery_has(d, i, RELAY_RCPT_WAITING))
			relay_client_answer_rcpt(c, i, words, RELAY_RCPT_REFUSED);
	relay_client_moved(c);
}

struct slice relay_delivery_answer(const struct relay_delivery *d)
{
	return buf_len(&d->answer) ? buf_slice(&d->answer) : slice_str(words_memory);
}

static void over_memory(struct relay_delivery *d)
{
	relay_delivery_over(d, "no-memory", slice_str(words_memory));
}

static void over_last(struct relay_delivery *d, const char *outcome)
{
	if (buf_len(&d->last))
		relay_delivery_over(d, outcome, buf_slice(&d->last));
	else
		over_memory(d);
}

static void over_own(struct relay_delivery *d, const char *outcome, const char *code,
                     const char *text)
{
	CLEAN(buf_deinit) struct buf words = {};
	if (relay_words_own(&words, code, d->domain, NULL, text))
		over_memory(d);
	else
		relay_delivery_over(d, outcome, buf_slice(&words));
}

/* Another host, from the beginning; a hop that was kept from before has no list of them. */
static void next_target(struct relay_delivery *d)
{
	d->has_mail = d->skips_tls = d->is_small = false;
	if (d->plan.target_count) {
		d->target++;
		open_next(d);
	} else {
		relay_delivery_begin(d);
	}
}

/* --- the envelope --- */

static const struct {
	const char *code, *text;
} refusals[] = {
	[SMTP_HOP_NO_UTF8] = { "550 5.6.7", "the message needs SMTPUTF8, which the host lacks" },
	[SMTP_HOP_NO_REQUIRETLS] = { "550 5.7.30", "REQUIRETLS is not supported by the host" },
	[SMTP_HOP_TOO_BIG] = { "552 5.3.4", "the message is larger than the host takes" },
	[SMTP_HOP_TOO_LONG] = { "553 5.1.7", "the address cannot be sent on" },
	[SMTP_HOP_NOT_NOW] = { "451 4.3.0", "the connection is not ready" },
	[SMTP_HOP_IS_FULL] = { "452 4.5.3", "too many recipients at a time" },
};

/* What the host cannot carry; another may. */
static void refused_here(struct relay_delivery *d, int refusal)
{
	const struct relay_hop_facts *f = relay_hop_facts(d->hop);
	buf_clear(&d->last);
	if (relay_words_own(&d->last, refusals[refusal].code, f->host, f->address,
	                    refusals[refusal].text))
		buf_clear(&d->last);
	hop_end(d, "refused", NULL);
	if (relay_delivery_taken(d)) /* the next host would know nothing of them */
		over_last(d, "refused");
	else
		next_target(d);
}

/* MAIL as soon as there is a recipient, then all that wait. */
static void envelope_send(struct relay_delivery *d, size_t from)
{
	struct relay_client *c = d->client;
	struct smtp_hop *hop = relay_hop_smtp(d->hop);
	int r = 0;
	if (!d->has_mail) {
		const struct smtp_handoff_mail *m = smtp_handoff_mail(c->handoff);
		r = smtp_hop_mail(hop,
		                  &(struct smtp_hop_mail){ .path = m->path,
		                                           .size = m->size,
		                                           .is_8bit = m->is_8bit,
		                                           .is_utf8 = m->is_utf8,
		                                           .requires_tls = m->requires_tls },
		                  0);
		d->has_mail = true;
	}
	for (size_t i = from; !r && i < c->rcpt_count; i++)
		if (is_open(d, i))
			r = smtp_hop_rcpt(hop, buf_slice(&c->rcpts[i].path), (unsigned)i);
	if (r > 0)
		refused_here(d, r);
	else if (r)
		over_memory(d);
	else
		relay_hop_flush(d->hop);
}

static void on_reply(void *owner, enum smtp_hop_command of, unsigned number,
                     const struct smtp_reply *reply)
{
	struct relay_delivery *d = owner;
	const struct relay_hop_facts *f = relay_hop_facts(d->hop);
	CLEAN(buf_deinit) struct buf words = {};
	bool is_well = reply->code / 100 == 2;
	if (relay_words_pass(&words, reply, f->host, f->address)) {
		over_memory(d);
		return;
	}
	switch (of) {
	case SMTP_HOP_MAIL:
		if (!is_well) /* answers to its recipients mean nothing now */
			relay_delivery_over(d, "refused", buf_slice(&words));
		break;
	case SMTP_HOP_RCPT:
		if (relay_delivery_has(d, number, RELAY_RCPT_PROMISED))
			relay_waiver_rcpt(d, number, buf_slice(&words), is_well);
		else if (relay_delivery_has(d, number, RELAY_RCPT_WAITING))
			relay_client_answer_rcpt(d->client, number, buf_slice(&words),
			                         is_well ? RELAY_RCPT_TAKEN : RELAY_RCPT_REFUSED);
		break;
	case SMTP_HOP_DATA:
		relay_delivery_over(d, "refused", buf_slice(&words));
		break;
	case SMTP_HOP_END:
		if (is_well) {
			relay_hop_note_message(d->hop, reply);
			relay_of(d)->counters.messages++;
			d->client->messages++;
		}
		relay_delivery_over(d, is_well ? "ok" : "refused", buf_slice(&words));
		break;
	case SMTP_HOP_RSET:
	case SMTP_HOP_COMMAND_COUNT:
		break;
	}
}

static void on_text(void *owner)
{
	struct relay_delivery *d = owner;
	relay_delivery_turn(d, RELAY_DELIVERY_IN_TEXT);
	if (d->is_waived)
		relay_waiver_go_on(d);
	relay_client_moved(d->client);
}

static void on_room(void *owner)
{
	relay_client_resume(((struct relay_delivery *)owner)->client);
}

/* --- hosts in turn --- */

static const struct relay_target *target_of(const struct relay_delivery *d)
{
	return &d->plan.targets[d->target];
}

static bool is_listed(char *const *patterns, const char *domain)
{
	while (*patterns && !policy_rule_is_for(*patterns, domain))
		patterns++;
	return *patterns != NULL;
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
	if (d->is_waived)
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
	envelope_send(d, 0);
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
	                    for_ms >= d->client->world->plain_after_ms &&
	                    !relay_hop_is_held(&h->memory, &d->rules);
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
	bool is_early =
		d->state <= RELAY_DELIVERY_ENVELOPE && has_open(d) && !relay_delivery_taken(d);
	r->counters.tls_failed += f->end == RELAY_HOP_BAD_TLS || f->end == RELAY_HOP_UNPROVEN;
	d->is_waivable |= is_policy(d, f->end);
	buf_clear(&d->last);
	if (buf_add(&d->last, f->line))
		buf_clear(&d->last);
	if (f->report == POLICY_REPORT_STARTTLS_NOT_SUPPORTED)
		remember(d, POLICY_SEEN_LOST);
	if (d->state == RELAY_DELIVERY_OPENING)
		outcome_count(d, f);
	bool is_again = is_early && d->state == RELAY_DELIVERY_OPENING && is_tried_again(d, f);
	hop_end(d, outcome, f);
	if (!is_early)
		over_last(d, outcome);
	else if (is_again)
		open_next(d);
	else
		next_target(d);
}

static const struct relay_hop_owner hop_owner = {
	.on_ready = on_ready,
	.on_reply = on_reply,
	.on_text = on_text,
	.on_room = on_room,
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

static void open_next(struct relay_delivery *d)
{
	if (d->target >= d->plan.target_count) {
		if (buf_len(&d->last) && relay_waiver_is_possible(d))
			relay_waiver_await(d, buf_slice(&d->last));
		else if (buf_len(&d->last))
			over_last(d, "refused");
		else
			over_own(d, "unreachable", "451 4.4.1", "no host of it could be reached");
		return;
	}
	relay_delivery_turn(d, RELAY_DELIVERY_WAITING);
	late_arm(d, d->client->world->slot_wait_ms);
	if (relay_place_ask(d))
		over_memory(d);
}

void relay_delivery_go(struct relay_delivery *d)
{
	struct relay *r = relay_of(d);
	struct relay_world *w = d->client->world;
	late_arm(d, d->envelope_ms);
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
		over_memory(d);
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
	late_arm(d, d->envelope_ms);
	hop_take(d, hop);
	envelope_send(d, 0);
}

/* One that was kept for the domain. */
static bool hop_is_there(struct relay_delivery *d)
{
	const struct smtp_handoff_mail *m = smtp_handoff_mail(d->client->handoff);
	struct relay_hop *hop =
		relay_idle_take(relay_of(d), d->client->world, d->domain, m->requires_tls);
	if (hop)
		hop_take(d, hop);
	return hop != NULL;
}

/* --- the way --- */

/* r: what making it came to. */
static void plan_follow(struct relay_delivery *d, int r)
{
	d->is_waivable |= d->plan.is_waivable;
	if (r) {
		over_memory(d);
	} else if (!d->plan.target_count && relay_waiver_is_possible(d)) {
		relay_waiver_await(d, buf_slice(&d->plan.refusal));
	} else if (!d->plan.target_count) {
		relay_delivery_over(d, "refused", buf_slice(&d->plan.refusal));
	} else {
		open_next(d);
	}
}

static struct relay_plan_settings plan_settings(const struct relay_delivery *d)
{
	struct relay_plan_settings set = {
		.hostname = d->client->world->hostname,
		.requires_tls = smtp_handoff_mail(d->client->handoff)->requires_tls,
		.is_waived = d->is_waived,
	};
	if (getrandom(&set.chance, sizeof(set.chance), 0) != sizeof(set.chance))
		set.chance = io_loop_now_ms(relay_of(d)->loop);
	return set;
}

static void on_way(struct policy_question *q, const struct policy_way *way,
                   const struct policy_sts_facts *sts)
{
	struct relay_delivery *d =
		(struct relay_delivery *)((char *)q - offsetof(struct relay_delivery, question));
	const struct relay_plan_settings set = plan_settings(d);
	d->is_asking = false;
	int r = d->route ? relay_plan_route(&d->plan, d->domain, d->route, way, &set)
	                 : relay_plan_make(&d->plan, way, sts, &set);
	if (!r && !d->route && !d->is_waived)
		relay_outcome_way(relay_of(d)->asker, &d->plan, way, sts);
	plan_follow(d, r);
}

/* A route to an address asks nobody. */
static void on_begin(struct io_later *later)
{
	struct relay_delivery *d =
		(struct relay_delivery *)((char *)later - offsetof(struct relay_delivery, begin));
	const struct relay_plan_settings set = plan_settings(d);
	plan_follow(d, relay_plan_route(&d->plan, d->domain, d->route, NULL, &set));
}

void relay_delivery_begin(struct relay_delivery *d)
{
	struct relay *r = relay_of(d);
	const struct relay_world *w = d->client->world;
	relay_delivery_turn(d, RELAY_DELIVERY_ASKING);
	for (size_t i = 0; i < w->route_count && !d->route; i++)
		if (policy_rule_is_for(w->routes[i].domain, d->domain))
			d->route = &w->routes[i];
	if (d->route && d->route->is_address) {
		d->begin.fn = on_begin;
		io_soon_add(r->loop, &d->begin);
		return;
	}
	d->is_asking = true;
	d->question.fn = on_way;
	d->question.is_host = d->route != NULL;
	snprintf(d->question.domain, sizeof(d->question.domain), "%s",
	         d->route ? d->route->host : d->domain);
	r->asker->ask(r->asker, &d->question);
}

static void on_late(struct io_deadline *late)
{
	struct relay_delivery *d =
		(struct relay_delivery *)((char *)late - offsetof(struct relay_delivery, late));
	if (!has_open(d))
		return; /* who was taken waits for the text, not for us */
	switch (d->state) {
	case RELAY_DELIVERY_ASKING:
		over_own(d, "timeout", "451 4.4.3", "the resolver did not answer in time");
		break;
	case RELAY_DELIVERY_WAITING:
		over_own(d, "timeout", "451 4.7.1",
		         "too many connections to it already, come back later");
		break;
	case RELAY_DELIVERY_OPENING:
	case RELAY_DELIVERY_ENVELOPE:
		over_own(d, "timeout", "451 4.4.2", "no host of it answered in time");
		break;
	case RELAY_DELIVERY_AT_DATA:
	case RELAY_DELIVERY_IN_TEXT:
	case RELAY_DELIVERY_UNDECIDED:
	case RELAY_DELIVERY_AT_END:
	case RELAY_DELIVERY_OVER:
	case RELAY_DELIVERY_STATE_COUNT:
		break; /* the hop has deadlines of its own */
	}
}

int relay_delivery_new(struct relay_delivery **ret_d, struct relay_client *c, const char *domain)
{
	struct relay_delivery *d = calloc(1, sizeof(*d));
	if (!d)
		return err_raise(-ENOMEM);
	d->client = c;
	d->late.fn = on_late;
	snprintf(d->domain, sizeof(d->domain), "%s", domain);
	d->rules = (struct policy_memory_rules){
		.is_listed = is_listed(c->world->hold, domain),
		.is_refused = is_listed(c->world->refuse, domain),
		.hold_s = c->world->hold_s,
	};
	if (!hop_is_there(d))
		relay_delivery_begin(d);
	*ret_d = d;
	return 0;
}

void relay_delivery_free(struct relay_delivery *d)
{
	if (!d)
		return;
	question_end(d);
	io_deadline_disarm(&d->late);
	hop_end(d, "given-up", NULL);
	relay_place_forget(d);
	relay_plan_deinit(&d->plan);
	buf_deinit(&d->answer);
	buf_deinit(&d->last);
	buf_deinit(&d->held);
	free(d);
}

void relay_delivery_rcpt(struct relay_delivery *d, size_t number)
{
	bool is_first = true; /* of those that wait */
	for (size_t i = 0; i < number; i++)
		is_first = is_first && !relay_delivery_has(d, i, RELAY_RCPT_WAITING);
	if (d->state == RELAY_DELIVERY_OVER) {
		relay_client_answer_rcpt(d->client, number, relay_delivery_answer(d),
		                         RELAY_RCPT_REFUSED);
		return;
	}
	if (d->state == RELAY_DELIVERY_UNDECIDED) {
		relay_waiver_promise(d, number);
		return;
	}
	if (is_first)
		relay_delivery_await(d, ENVELOPE_MS);
	if (d->state == RELAY_DELIVERY_ENVELOPE)
		envelope_send(d, number);
}

void relay_delivery_data(struct relay_delivery *d)
{
	io_deadline_disarm(&d->late);
	if (d->state == RELAY_DELIVERY_OVER || d->state == RELAY_DELIVERY_UNDECIDED)
		return;
	if (!relay_delivery_taken(d)) { /* nobody there wants it: all were refused */
		question_end(d);
		relay_delivery_turn(d, RELAY_DELIVERY_OVER);
		hop_end(d, "refused", NULL);
		relay_place_forget(d);
		return;
	}
	relay_delivery_turn(d, RELAY_DELIVERY_AT_DATA);
	if (smtp_hop_data(relay_hop_smtp(d->hop), 0))
		over_memory(d);
	else
		relay_hop_flush(d->hop);
}

void relay_delivery_text(struct relay_delivery *d, struct slice text)
{
	if (relay_waiver_holds_text(d))
		relay_waiver_text(d, text);
	else if (d->state == RELAY_DELIVERY_IN_TEXT && d->hop)
		relay_hop_text(d->hop, text);
}

void relay_delivery_end(struct relay_delivery *d)
{
	uint64_t now_ms = io_loop_now_ms(relay_of(d)->loop);
	if (!d->ended_ms)
		d->ended_ms = now_ms;
	if (d->state != RELAY_DELIVERY_IN_TEXT || !d->hop)
		return;
	relay_delivery_turn(d, RELAY_DELIVERY_AT_END);
	relay_hop_text_end(d->hop, (uint32_t)(now_ms - d->ended_ms));
}
