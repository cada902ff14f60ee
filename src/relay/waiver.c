/*
 * A destination whose policy failed is told so at RCPT, unless the message's header may still waive
 * TLS (RFC 8689 4.2.2): then RCPT is answered with 250, which promises nothing (the answer that
 * counts is the one behind the text), the text is held until its header has ended, and what that
 * says is done. Text that came meanwhile goes out as soon as a far end takes it; no more is read
 * until then.
 */
#include "relay/inside.h"

#include "base/log.h"

static const char words_promise[] = "250 2.1.5 The header of the message decides\r\n";
static const char words_again[] =
	"452 4.5.3 The header of the message decides for one recipient, send it again\r\n";

bool relay_waiver_is_possible(const struct relay_delivery *d)
{
	return d->is_waivable && !d->is_waived && !d->route &&
	       !smtp_handoff_mail(d->client->handoff)->requires_tls; /* RFC 8689 4.1 */
}

/* All that comes before the text, less than the MTA waits for room in it. */
enum { WAIVED_ENVELOPE_MS = 60 * 1000 };
/* Bytes that a worker holds, of all messages together. */
enum { HELD_MAX = 32 * 1024 * 1024 };

static bool has(const struct relay_delivery *d, enum relay_rcpt_state state)
{
	for (size_t i = 0; i < d->client->rcpt_count; i++)
		if (relay_delivery_has(d, i, state))
			return true;
	return false;
}

void relay_waiver_promise(struct relay_delivery *d, size_t number)
{
	/* By SMTP there is one answer behind the text, and each recipient may need one. */
	if (!d->client->is_lmtp && has(d, RELAY_RCPT_PROMISED))
		relay_transaction_answer(d->client, number, slice_str(words_again),
		                         RELAY_RCPT_REFUSED);
	else
		relay_transaction_answer(d->client, number, slice_str(words_promise),
		                         RELAY_RCPT_PROMISED);
}

void relay_waiver_await(struct relay_delivery *d, struct slice words)
{
	struct relay_client *c = d->client;
	io_deadline_disarm(&d->late);
	relay_place_forget(d);
	if (buf_add(&d->answer, words))
		buf_clear(&d->answer);
	relay_delivery_turn(d, RELAY_DELIVERY_UNDECIDED);
	for (size_t i = 0; i < c->rcpt_count; i++)
		if (relay_delivery_has(d, i, RELAY_RCPT_WAITING))
			relay_waiver_promise(d, i);
	relay_client_moved(c);
}

bool relay_waiver_holds_text(const struct relay_delivery *d)
{
	return d->state == RELAY_DELIVERY_UNDECIDED ||
	       (d->is_waived && d->state < RELAY_DELIVERY_IN_TEXT);
}

static void waive(struct relay_delivery *d)
{
	log_notice(d->client->session_id, "TLS waived by the sender", kv_str("domain", d->domain));
	d->is_waived = true;
	d->rules = (struct policy_memory_rules){ .is_refused = d->rules.is_refused };
	d->target = 0;
	d->has_mail = d->skips_tls = d->is_small = d->has_anothers = false;
	buf_clear(&d->last); /* it was about what does not count any more */
	relay_plan_deinit(&d->plan);
	relay_delivery_await(d, WAIVED_ENVELOPE_MS);
	relay_delivery_begin(d);
}

void relay_waiver_drop(struct relay_delivery *d)
{
	relay_of(d)->held -= buf_len(&d->held);
	buf_deinit(&d->held);
}

void relay_waiver_text(struct relay_delivery *d, struct slice text)
{
	struct relay *r = relay_of(d);
	if (r->held + text.len > HELD_MAX || buf_add(&d->held, text)) {
		relay_waiver_drop(d);
		relay_delivery_over(d, "no-memory", slice_str("451 4.3.0 out of memory\r\n"));
		return;
	}
	r->held += text.len;
	if (d->is_waived)
		return;
	switch (smtp_waiver_read(&d->waiver, buf_slice(&d->held))) {
	case SMTP_WAIVER_MORE:
		break;
	case SMTP_WAIVER_GIVEN:
		waive(d);
		break;
	case SMTP_WAIVER_NONE:
		relay_waiver_drop(d);
		relay_delivery_turn(d, RELAY_DELIVERY_OVER);
		break;
	}
}

void relay_waiver_rcpt(struct relay_delivery *d, size_t number, struct slice words, bool is_taken)
{
	struct relay_rcpt *r = &d->client->rcpts[number];
	r->state = is_taken ? RELAY_RCPT_TAKEN : RELAY_RCPT_REFUSED_LATE;
	if (!is_taken && buf_add(&r->words, words))
		buf_clear(&r->words);
	if (has(d, RELAY_RCPT_PROMISED))
		return;
	if (has(d, RELAY_RCPT_TAKEN))
		relay_delivery_data(d);
	else
		relay_delivery_over(d, "refused", words);
}

void relay_waiver_go_on(struct relay_delivery *d)
{
	relay_delivery_text(d, buf_slice(&d->held));
	relay_waiver_drop(d);
	if (d->ended_ms)
		relay_delivery_end(d);
}
