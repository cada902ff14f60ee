/* The envelope of a destination on its hop, and what the far end says to it. */
#include "relay/inside.h"

#include "base/clean.h"
#include "relay/words.h"

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
	CLEAN(buf_deinit) struct buf words = {};
	if (relay_words_own(&words, refusals[refusal].code, f->host, f->address,
	                    refusals[refusal].text)) {
		relay_delivery_over_memory(d);
		return;
	}
	relay_delivery_last(d, buf_slice(&words));
	relay_delivery_hop_end(d, "refused", NULL);
	if (relay_delivery_taken(d)) /* the next host would know nothing of them */
		relay_delivery_over_last(d, "refused");
	else
		relay_target_next(d);
}

/* MAIL as soon as there is a recipient, then all that wait. */
void relay_envelope_send(struct relay_delivery *d, size_t from)
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
		if (relay_delivery_is_open(d, i))
			r = smtp_hop_rcpt(hop, buf_slice(&c->rcpts[i].path), (unsigned)i);
	if (r > 0)
		refused_here(d, r);
	else if (r)
		relay_delivery_over_memory(d);
	else
		relay_hop_flush(d->hop);
}

void relay_envelope_reply(void *owner, enum smtp_hop_command of, unsigned number,
                          const struct smtp_reply *reply)
{
	struct relay_delivery *d = owner;
	const struct relay_hop_facts *f = relay_hop_facts(d->hop);
	CLEAN(buf_deinit) struct buf words = {};
	bool is_well = reply->code / 100 == 2;
	if (relay_words_pass(&words, reply, f->host, f->address)) {
		relay_delivery_over_memory(d);
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
			relay_transaction_answer(d->client, number, buf_slice(&words),
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

void relay_envelope_text(void *owner)
{
	struct relay_delivery *d = owner;
	relay_delivery_turn(d, RELAY_DELIVERY_IN_TEXT);
	if (d->is_waived)
		relay_waiver_go_on(d);
	relay_client_moved(d->client);
}

void relay_envelope_room(void *owner)
{
	relay_client_resume(((struct relay_delivery *)owner)->client);
}
