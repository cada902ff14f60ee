/* The transaction of an MTA: its recipients, its text, and what the far ends answer. */
#include "relay/inside.h"

#include "base/clean.h"
#include "base/err.h"
#include "conv/line.h"
#include "dns/idn.h"
#include "smtp/received.h"

#include <string.h>
#include <time.h>

void relay_transaction_clear(struct relay_client *c)
{
	while (c->deliveries) {
		struct relay_delivery *d = c->deliveries;
		c->deliveries = d->next;
		relay_delivery_free(d);
	}
	for (size_t i = 0; i < c->rcpt_count; i++) {
		buf_deinit(&c->rcpts[i].path);
		buf_deinit(&c->rcpts[i].words);
	}
	c->rcpt_count = 0;
	c->has_text = false;
}

void relay_transaction_answer(struct relay_client *c, size_t number, struct slice words,
                              enum relay_rcpt_state state)
{
	struct relay_rcpt *r = &c->rcpts[number];
	r->state = state;
	if (state != RELAY_RCPT_PROMISED)
		buf_deinit(&r->path);
	if (smtp_handoff_rcpt_reply(c->handoff, (unsigned)number, words))
		relay_client_end(c, "no-memory");
	relay_client_flush(c);
	relay_client_resume(c);
}

static void refuse_rcpt(struct relay_client *c, size_t number, const char *line)
{
	relay_transaction_answer(c, number, slice_str(line), RELAY_RCPT_REFUSED);
}

static struct relay_delivery *delivery_find(const struct relay_client *c, const char *domain)
{
	struct relay_delivery *d = c->deliveries;
	while (d && strcmp(d->domain, domain) != 0)
		d = d->next;
	return d;
}

static int on_rcpt(struct relay_client *c)
{
	const struct smtp_handoff_rcpt *from = smtp_handoff_rcpt(c->handoff);
	struct relay_rcpt *r = &c->rcpts[from->number];
	char domain[POLICY_WAY_NAME_CAP];
	size_t number = from->number;
	*r = (struct relay_rcpt){};
	c->rcpt_count = number + 1;
	int result = buf_add(&r->path, from->path);
	if (result)
		return err_up(result);
	if (!dns_idn_take(from->domain, domain)) {
		refuse_rcpt(c, number, "550 5.1.2 The domain is no name that DNS can have\r\n");
		return 0;
	}
	struct relay_delivery *d = delivery_find(c, domain);
	if (!d && c->deliveries && !c->is_lmtp) {
		refuse_rcpt(c, number,
		            "452 4.5.3 One destination at a time by SMTP, send it again\r\n");
		return 0;
	}
	if (!d) {
		result = relay_delivery_new(&d, c, domain);
		if (result)
			return err_up(result);
		d->next = c->deliveries;
		c->deliveries = d;
	}
	r->delivery = d;
	relay_delivery_rcpt(d, number);
	return 0;
}

static int received_write(struct relay_client *c, struct buf *out)
{
	struct slice rest = smtp_handoff_helo(c->handoff);
	struct slice verb = conv_line_word(&rest);
	const struct tls_facts *t = c->is_tls ? tls_session_facts(c->stream.tls) : NULL;
	const struct smtp_received how = {
		.setting = CONV_RECEIVED_ON,
		.hostname = c->world->hostname,
		.session_id = c->session_id,
		.now_s = time(NULL),
		.helo = rest,
		.is_ehlo = slice_equal_nocase(verb, slice_str("EHLO")),
		.is_lmtp = c->is_lmtp,
		.is_utf8 = smtp_handoff_mail(c->handoff)->is_utf8,
		.client_addr = c->addr,
		.client_is_v6 = c->is_v6,
		.is_tls = c->is_tls,
		.tls_version = t ? t->version : "",
		.tls_cipher = t ? t->cipher : "",
		.tls_group = t ? t->group : "",
	};
	return err_up(smtp_received_write(out, &how));
}

/* Each far end that said 354 gets our field before the text. */
static void text_begin(struct relay_client *c)
{
	CLEAN(buf_deinit) struct buf field = {};
	c->has_text = true;
	if (received_write(c, &field) || smtp_handoff_go_ahead(c->handoff, (struct slice){})) {
		relay_client_end(c, "no-memory");
		return;
	}
	for (struct relay_delivery *d = c->deliveries; d; d = d->next)
		relay_delivery_text(d, buf_slice(&field));
}

/* No far end takes the text. One refusal is the answer; of several, each waits for its turn. */
static void text_refused(struct relay_client *c, const struct relay_delivery *only)
{
	if (!only) {
		text_begin(c);
		return;
	}
	if (smtp_handoff_go_ahead(c->handoff, relay_delivery_answer(only)))
		relay_client_end(c, "no-memory");
	relay_transaction_clear(c);
}

static void data_moved(struct relay_client *c)
{
	const struct relay_delivery *refusing = NULL;
	size_t ready = 0, refused = 0;
	for (const struct relay_delivery *d = c->deliveries; d; d = d->next) {
		if (d->state <= RELAY_DELIVERY_AT_DATA)
			return;
		ready += d->state == RELAY_DELIVERY_IN_TEXT || d->state == RELAY_DELIVERY_UNDECIDED;
		if (d->state == RELAY_DELIVERY_OVER && relay_delivery_taken(d)) {
			refused++;
			refusing = d;
		}
	}
	if (ready)
		text_begin(c);
	else
		text_refused(c, refused == 1 ? refusing : NULL);
}

static void end_answer(struct relay_client *c, struct relay_delivery *d)
{
	int r = 0;
	for (size_t i = 0; !r && i < c->rcpt_count; i++) {
		struct relay_rcpt *rcpt = &c->rcpts[i];
		if (rcpt->delivery != d || rcpt->state == RELAY_RCPT_REFUSED)
			continue;
		r = smtp_handoff_end_reply(c->handoff, c->is_lmtp ? (unsigned)i : 0,
		                           rcpt->state == RELAY_RCPT_REFUSED_LATE
		                                   ? buf_slice(&rcpt->words)
		                                   : relay_delivery_answer(d));
		rcpt->state = RELAY_RCPT_REFUSED;
	}
	if (r)
		relay_client_end(c, "no-memory");
}

static void end_moved(struct relay_client *c)
{
	for (struct relay_delivery *d = c->deliveries; d; d = d->next)
		if (d->state == RELAY_DELIVERY_OVER)
			end_answer(c, d);
	if (!smtp_handoff_owes(c->handoff))
		relay_transaction_clear(c);
}

bool relay_transaction_is_blocked(struct relay_client *c)
{
	bool is_full = false;
	for (struct relay_delivery *d = c->deliveries; d; d = d->next)
		is_full |= d->state == RELAY_DELIVERY_IN_TEXT
		                   ? d->hop && relay_hop_is_full(d->hop)
		                   : d->is_waived && relay_waiver_holds_text(d);
	return is_full;
}

static void text_pass(struct relay_client *c)
{
	struct buf *text = smtp_handoff_text(c->handoff);
	for (struct relay_delivery *d = c->deliveries; d; d = d->next)
		relay_delivery_text(d, buf_slice(text));
	buf_clear(text);
	buf_release(text);
}

int relay_transaction_do(struct relay_client *c, enum smtp_handoff_todo todo)
{
	switch (todo) {
	case SMTP_HANDOFF_READ:
		return 0;
	case SMTP_HANDOFF_MAIL:
		relay_transaction_clear(c);
		return 0;
	case SMTP_HANDOFF_RCPT:
		return err_up(on_rcpt(c));
	case SMTP_HANDOFF_DATA:
		for (struct relay_delivery *d = c->deliveries; d; d = d->next)
			relay_delivery_data(d);
		return 0;
	case SMTP_HANDOFF_TEXT:
		text_pass(c);
		return 0;
	case SMTP_HANDOFF_END:
		text_pass(c);
		for (struct relay_delivery *d = c->deliveries; d; d = d->next)
			relay_delivery_end(d);
		return 0;
	case SMTP_HANDOFF_SPOILT:
	case SMTP_HANDOFF_RESET:
		relay_transaction_clear(c);
		return 0;
	case SMTP_HANDOFF_CLOSE:
		relay_transaction_clear(c);
		relay_client_flush(c);
		relay_client_end(c, "ok");
		return 0;
	}
	return 0;
}

void relay_transaction_moved(struct relay_client *c)
{
	enum smtp_handoff_state state = smtp_handoff_state(c->handoff);
	if (state == SMTP_HANDOFF_AT_DATA && !c->has_text && c->deliveries)
		data_moved(c);
	else if (state == SMTP_HANDOFF_AT_END)
		end_moved(c);
}
