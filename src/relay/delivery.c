/* One destination of a transaction: its way, how long it may take, the answer. */
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
bool relay_delivery_is_open(const struct relay_delivery *d, size_t number)
{
	return relay_delivery_has(d, number, RELAY_RCPT_WAITING) ||
	       relay_delivery_has(d, number, RELAY_RCPT_PROMISED);
}

bool relay_delivery_has_open(const struct relay_delivery *d)
{
	for (size_t i = 0; i < d->client->rcpt_count; i++)
		if (relay_delivery_is_open(d, i))
			return true;
	return false;
}

/* What is left of the time in which RCPT has to be answered, or less. */
void relay_delivery_late_arm(struct relay_delivery *d, uint32_t at_most_ms)
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
	relay_delivery_late_arm(d, envelope_ms);
}

size_t relay_delivery_taken(const struct relay_delivery *d)
{
	size_t count = 0;
	for (size_t i = 0; i < d->client->rcpt_count; i++)
		count += relay_delivery_has(d, i, RELAY_RCPT_TAKEN);
	return count;
}

/* The hop goes: to carry another message, or for good. */
void relay_delivery_hop_end(struct relay_delivery *d, const char *outcome,
                            const struct relay_hop_failure *f)
{
	struct relay_hop *hop = TAKE(d->hop);
	if (!hop)
		return;
	if (!f && relay_hop_is_idle(hop) && !d->is_waived && !d->is_report) {
		relay_idle_keep(relay_of(d), d->client->world, hop);
		return;
	}
	relay_record_hop(hop, &(struct relay_hop_record){ .relay = relay_of(d),
	                                                  .world = d->client->world,
	                                                  .session_id = d->client->session_id,
	                                                  .outcome = outcome,
	                                                  .failure = f });
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
	relay_delivery_hop_end(d, outcome, NULL);
	relay_place_forget(d);
	for (size_t i = 0; i < c->rcpt_count; i++)
		if (relay_delivery_has(d, i, RELAY_RCPT_WAITING))
			relay_transaction_answer(c, i, words, RELAY_RCPT_REFUSED);
	relay_client_moved(c);
}

struct slice relay_delivery_answer(const struct relay_delivery *d)
{
	return buf_len(&d->answer) ? buf_slice(&d->answer) : slice_str(words_memory);
}

void relay_delivery_over_memory(struct relay_delivery *d)
{
	relay_delivery_over(d, "no-memory", slice_str(words_memory));
}

/* Mail is not returned while a host that failed for now may take it later (RFC 5321 5.1). */
void relay_delivery_last(struct relay_delivery *d, struct slice words)
{
	bool is_for_now = buf_len(&d->last) && buf_slice(&d->last).data[0] == '4';
	if ((is_for_now || d->plan.has_left_out) && words.len && words.data[0] == '5') {
		if (!is_for_now && relay_words_own(&d->last, "451 4.4.0", d->domain, NULL,
		                                   "its other hosts cannot be used now"))
			buf_clear(&d->last);
		return;
	}
	buf_clear(&d->last);
	if (buf_add(&d->last, words))
		buf_clear(&d->last);
}

void relay_delivery_over_last(struct relay_delivery *d, const char *outcome)
{
	if (buf_len(&d->last))
		relay_delivery_over(d, outcome, buf_slice(&d->last));
	else
		relay_delivery_over_memory(d);
}

void relay_delivery_over_own(struct relay_delivery *d, const char *outcome, const char *code,
                             const char *text)
{
	CLEAN(buf_deinit) struct buf words = {};
	if (relay_words_own(&words, code, d->domain, NULL, text))
		relay_delivery_over_memory(d);
	else
		relay_delivery_over(d, outcome, buf_slice(&words));
}

/* --- the way --- */

/* r: what making it came to. */
static void plan_follow(struct relay_delivery *d, int r)
{
	d->is_waivable |= d->plan.is_waivable;
	if (r) {
		relay_delivery_over_memory(d);
	} else if (!d->plan.target_count && relay_waiver_is_possible(d)) {
		relay_waiver_await(d, buf_slice(&d->plan.refusal));
	} else if (!d->plan.target_count) {
		relay_delivery_over(d, "refused", buf_slice(&d->plan.refusal));
	} else {
		relay_target_open(d);
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
	if (!r && !d->route && !d->is_waived && !d->is_report)
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
	if (!relay_delivery_has_open(d))
		return; /* who was taken waits for the text, not for us */
	switch (d->state) {
	case RELAY_DELIVERY_ASKING:
		relay_delivery_over_own(d, "timeout", "451 4.4.3",
		                        "the resolver did not answer in time");
		break;
	case RELAY_DELIVERY_WAITING:
		relay_delivery_over_own(d, "timeout", "451 4.7.1",
		                        "too many connections to it already, come back later");
		break;
	case RELAY_DELIVERY_OPENING:
	case RELAY_DELIVERY_ENVELOPE:
		relay_delivery_over_own(d, "timeout", "451 4.4.2",
		                        "no host of it answered in time");
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

static bool is_listed(char *const *patterns, const char *domain)
{
	while (*patterns && !policy_rule_is_for(*patterns, domain))
		patterns++;
	return *patterns != NULL;
}

/* By its sender, who sends nothing else. */
static bool is_report(const struct relay_client *c)
{
	const char *from = c->world->reports_from;
	struct slice path = smtp_handoff_mail(c->handoff)->path; /* within <> */
	return from && path.len > 2 &&
	       slice_equal_nocase(slice_skip(slice_head(path, path.len - 1), 1), slice_str(from));
}

int relay_delivery_new(struct relay_delivery **ret_d, struct relay_client *c, const char *domain)
{
	struct relay_delivery *d = calloc(1, sizeof(*d));
	if (!d)
		return err_raise(-ENOMEM);
	d->client = c;
	d->is_report = is_report(c);
	d->late.fn = on_late;
	snprintf(d->domain, sizeof(d->domain), "%s", domain);
	d->rules = (struct policy_memory_rules){
		.is_listed = is_listed(c->world->hold, domain),
		.is_refused = is_listed(c->world->refuse, domain),
		.hold_s = c->world->hold_s,
	};
	if (!relay_target_is_kept(d))
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
	relay_delivery_hop_end(d, "given-up", NULL);
	relay_place_forget(d);
	relay_plan_deinit(&d->plan);
	buf_deinit(&d->answer);
	buf_deinit(&d->last);
	relay_waiver_drop(d);
	free(d);
}

void relay_delivery_rcpt(struct relay_delivery *d, size_t number)
{
	bool is_first = true; /* of those that wait */
	for (size_t i = 0; i < number; i++)
		is_first = is_first && !relay_delivery_has(d, i, RELAY_RCPT_WAITING);
	if (d->state == RELAY_DELIVERY_OVER) {
		relay_transaction_answer(d->client, number, relay_delivery_answer(d),
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
		relay_envelope_send(d, number);
}

void relay_delivery_data(struct relay_delivery *d)
{
	io_deadline_disarm(&d->late);
	if (d->state == RELAY_DELIVERY_OVER || d->state == RELAY_DELIVERY_UNDECIDED)
		return;
	if (!relay_delivery_taken(d)) { /* nobody there wants it: all were refused */
		question_end(d);
		relay_delivery_turn(d, RELAY_DELIVERY_OVER);
		relay_delivery_hop_end(d, "refused", NULL);
		relay_place_forget(d);
		return;
	}
	relay_delivery_turn(d, RELAY_DELIVERY_AT_DATA);
	if (smtp_hop_data(relay_hop_smtp(d->hop), 0))
		relay_delivery_over_memory(d);
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
