/* The backend: bringing it up for this client, and what becomes of its replies. */
#include "base/err.h"
#include "conv/line.h"
#include "smtp/ehlo.h"
#include "smtp/parts.h"
#include "smtp/xclient.h"

#include <stdio.h>

void smtp_backend_want(struct smtp_edge *e, enum smtp_want want)
{
	struct smtp_wants *w = &e->wants;
	w->ring[(w->first + w->count) % SMTP_WANTS_MAX] = (uint8_t)want;
	w->count++;
}

static enum smtp_want want_take(struct smtp_edge *e)
{
	struct smtp_wants *w = &e->wants;
	enum smtp_want want = w->ring[w->first];
	w->first = (w->first + 1) % SMTP_WANTS_MAX;
	w->count--;
	if (!w->count)
		e->is_held = false;
	return want;
}

bool smtp_backend_offers(const struct smtp_edge *e, const char *keyword)
{
	struct slice params;
	return e->backend == SMTP_BACKEND_READY && smtp_ehlo_find(e->conv.seen, keyword, &params);
}

bool smtp_backend_has_room(const struct smtp_edge *e)
{
	/* RFC 2920: several at once only to a server that said so. */
	unsigned most = smtp_backend_offers(e, "PIPELINING") ? SMTP_WANTS_MAX : 1;
	return e->wants.count < most;
}

int smtp_backend_need(struct smtp_edge *e, enum conv_todo *ret_todo)
{
	if (e->backend == SMTP_BACKEND_READY)
		return 0;
	if (e->backend == SMTP_BACKEND_NONE) {
		e->backend = SMTP_BACKEND_OPENING;
		*ret_todo = CONV_TODO_CONNECT;
	}
	return SMTP_EDGE_LATER;
}

int smtp_backend_send(struct smtp_edge *e, struct slice line, enum smtp_want want)
{
	struct buf *out = &e->conv.out[CONV_BACKEND];
	int r = buf_add(out, line);
	if (!r)
		r = buf_add_str(out, "\r\n");
	if (r)
		return err_up(r);
	smtp_backend_want(e, want);
	return 0;
}

int smtp_backend_pass(struct smtp_edge *e)
{
	return err_up(buf_add(&e->conv.out[CONV_CLIENT], buf_slice(&e->reply.text)));
}

int smtp_backend_lost(struct smtp_edge *e, enum conv_outcome outcome, enum conv_todo *ret_todo)
{
	char line[320];
	e->backend = SMTP_BACKEND_GONE;
	e->wants.count = 0;
	if (e->state != SMTP_EDGE_DATA && e->state != SMTP_EDGE_CHUNK)
		return err_up(
			smtp_edge_421(e, outcome, "4.3.2", "service not available", ret_todo));
	snprintf(line, sizeof(line), "421 4.3.2 %.255s service not available\r\n",
	         e->conv.set->hostname);
	return err_up(smtp_message_drop(e, slice_str(line), outcome, ret_todo));
}

/* A refusal is the answer to the command that opened the backend. */
static int refused(struct smtp_edge *e, enum conv_todo *ret_todo)
{
	int r = smtp_backend_pass(e);
	return r ? err_up(r) : err_up(smtp_edge_end(e, CONV_OUTCOME_BACKEND_REFUSED, ret_todo));
}

static int unsealed(struct smtp_edge *e, enum conv_todo *ret_todo)
{
	return err_up(smtp_edge_quit(e, CONV_OUTCOME_BACKEND_UNSEALED,
	                             "451 4.7.5 No secure way to the mail server", ret_todo));
}

static int blind(struct smtp_edge *e, enum conv_todo *ret_todo)
{
	return err_up(smtp_edge_421(e, CONV_OUTCOME_BACKEND_BLIND, "4.3.2", "service not available",
	                            ret_todo));
}

static bool wants_tls(const struct smtp_edge *e)
{
	return e->conv.set->backend_starttls && !e->backend_is_tls;
}

static bool wants_xclient(const struct smtp_edge *e)
{
	return e->conv.set->client_info == CONV_INFO_XCLIENT && !e->backend_is_told &&
	       !e->conv.is_learning;
}

static struct slice hello_argument(const struct smtp_edge *e, bool *ret_is_ehlo)
{
	struct slice rest = buf_slice(&e->hello);
	struct slice verb = conv_line_word(&rest);
	*ret_is_ehlo = !slice_equal_nocase(verb, slice_str("HELO"));
	return rest;
}

/* The client's own line if nothing is to be learnt from the reply; else EHLO for HELO too. */
static int send_hello(struct smtp_edge *e)
{
	struct buf *out = &e->conv.out[CONV_BACKEND];
	bool is_ehlo;
	struct slice argument = hello_argument(e, &is_ehlo);
	if (!wants_tls(e) && !wants_xclient(e))
		return err_up(smtp_backend_send(e, buf_slice(&e->hello), SMTP_WANT_LAST_HELLO));
	int r = buf_add_str(out, e->conv.set->is_lmtp ? "LHLO " : "EHLO ");
	return r ? err_up(r) : err_up(smtp_backend_send(e, argument, SMTP_WANT_HELLO));
}

static int on_greeting(struct smtp_edge *e, enum conv_todo *ret_todo)
{
	if (e->reply.code != 220)
		return refused(e, ret_todo);
	return err_up(send_hello(e));
}

static int send_xclient(struct smtp_edge *e, struct slice offered, enum conv_todo *ret_todo)
{
	struct smtp_xclient x = { .facts = &e->conv.facts, .offered = offered };
	x.helo = hello_argument(e, &x.is_ehlo);
	int r = smtp_xclient_write(&e->conv.out[CONV_BACKEND], &x);
	if (r == SMTP_XCLIENT_BLIND)
		return blind(e, ret_todo);
	if (r)
		return err_up(r);
	return err_up(smtp_backend_send(e, slice_str(""), SMTP_WANT_XCLIENT));
}

static int on_hello(struct smtp_edge *e, enum conv_todo *ret_todo)
{
	struct conv_caps caps;
	struct slice params;
	if (e->reply.code / 100 != 2)
		return refused(e, ret_todo);
	smtp_ehlo_learn(&e->reply, &caps);
	if (wants_tls(e)) {
		if (!smtp_ehlo_find(&caps, "STARTTLS", &params))
			return unsealed(e, ret_todo);
		return err_up(smtp_backend_send(e, slice_str("STARTTLS"), SMTP_WANT_STARTTLS));
	}
	if (!smtp_ehlo_find(&caps, "XCLIENT", &params))
		return blind(e, ret_todo);
	return err_up(send_xclient(e, params, ret_todo));
}

/* That nothing is behind the 220 was seen before (RFC 3207 5, response injection). */
static int on_starttls(struct smtp_edge *e, enum conv_todo *ret_todo)
{
	if (e->reply.code != 220)
		return unsealed(e, ret_todo);
	*ret_todo = CONV_TODO_BACKEND_TLS;
	return 0;
}

int smtp_backend_tls_up(struct smtp_edge *e)
{
	e->backend_is_tls = true;
	return err_up(send_hello(e));
}

static int on_xclient(struct smtp_edge *e, enum conv_todo *ret_todo)
{
	if (e->reply.code != 220)
		return blind(e, ret_todo);
	e->backend_is_told = true;
	return err_up(send_hello(e));
}

static int on_last_hello(struct smtp_edge *e, enum conv_todo *ret_todo)
{
	bool is_ehlo;
	if (e->reply.code / 100 != 2)
		return refused(e, ret_todo);
	hello_argument(e, &is_ehlo);
	if (is_ehlo)
		smtp_ehlo_learn(&e->reply, e->conv.seen);
	e->backend = SMTP_BACKEND_READY;
	if (e->conv.is_learning)
		return err_up(smtp_edge_end(e, CONV_OUTCOME_OK, ret_todo));
	if (buf_len(&e->credential))
		return err_up(smtp_credential_replay(e));
	if (!e->hello_is_opener)
		return 0; /* the command that opened it is fed again */
	e->hello_is_opener = false;
	return err_up(smtp_edge_offer(e, e->conv.seen));
}

static int on_pass(struct smtp_edge *e, enum conv_todo *)
{
	return err_up(smtp_backend_pass(e));
}

/* EHLO or HELO again: RFC 5321 4.1.4, the transaction is forgotten. */
static int on_ehlo(struct smtp_edge *e, enum conv_todo *)
{
	bool is_ehlo;
	if (e->reply.code / 100 != 2)
		return err_up(smtp_backend_pass(e));
	smtp_edge_forget_mail(e);
	hello_argument(e, &is_ehlo);
	e->conv.seen->text[0] = '\0';
	if (!is_ehlo)
		return err_up(
			buf_printf(&e->conv.out[CONV_CLIENT], "250 %s\r\n", e->conv.set->hostname));
	smtp_ehlo_learn(&e->reply, e->conv.seen);
	return err_up(smtp_edge_offer(e, e->conv.seen));
}

static int on_mail(struct smtp_edge *e, enum conv_todo *)
{
	e->mail_is_asked = false;
	if (e->reply.code / 100 == 2) {
		smtp_edge_forget_mail(e);
		e->has_mail = true;
		e->is_binary = e->asks_binary;
		e->is_utf8 = e->asks_utf8;
		e->requires_tls = e->asks_tls;
	}
	return err_up(smtp_backend_pass(e));
}

static int on_rcpt(struct smtp_edge *e, enum conv_todo *)
{
	e->rcpts += e->reply.code / 100 == 2;
	return err_up(smtp_backend_pass(e));
}

static int on_rset(struct smtp_edge *e, enum conv_todo *)
{
	if (e->reply.code / 100 == 2)
		smtp_edge_forget_mail(e);
	return err_up(smtp_backend_pass(e));
}

static int on_data(struct smtp_edge *e, enum conv_todo *ret_todo)
{
	bool is_go = e->reply.code / 100 == 3;
	/* RFC 2033 4.2: text for nobody would have no reply. */
	if (is_go && e->conv.set->is_lmtp && !e->rcpts)
		return err_up(smtp_backend_lost(e, CONV_OUTCOME_BACKEND_BROKEN, ret_todo));
	int r = smtp_backend_pass(e);
	if (r || !is_go)
		return err_up(r);
	return err_up(smtp_message_begin(e));
}

static int (*const on_reply[])(struct smtp_edge *e, enum conv_todo *ret_todo) = {
	[SMTP_WANT_GREETING] = on_greeting,
	[SMTP_WANT_HELLO] = on_hello,
	[SMTP_WANT_STARTTLS] = on_starttls,
	[SMTP_WANT_XCLIENT] = on_xclient,
	[SMTP_WANT_LAST_HELLO] = on_last_hello,
	[SMTP_WANT_PASS] = on_pass,
	[SMTP_WANT_EHLO] = on_ehlo,
	[SMTP_WANT_MAIL] = on_mail,
	[SMTP_WANT_RCPT] = on_rcpt,
	[SMTP_WANT_RSET] = on_rset,
	[SMTP_WANT_AUTH] = smtp_auth_reply,
	[SMTP_WANT_DATA] = on_data,
	[SMTP_WANT_END] = smtp_message_end_reply,
	[SMTP_WANT_PIECE] = smtp_message_piece_reply,
	[SMTP_WANT_CHUNK] = smtp_message_chunk_reply,
};
_Static_assert(sizeof(on_reply) / sizeof(on_reply[0]) == SMTP_WANT_COUNT,
               "every reply has its handler");

/* 3yz goes on with AUTH and DATA, where 2yz would be a DATA without text. */
static bool class_fits(enum smtp_want want, unsigned class)
{
	if (class == 3)
		return want == SMTP_WANT_AUTH || want == SMTP_WANT_DATA;
	return class != 2 || want != SMTP_WANT_DATA;
}

/* A reply that nobody asked for: an early end in the middle of text, or a farewell. */
static int unasked(struct smtp_edge *e, enum conv_todo *ret_todo)
{
	unsigned class = e->reply.code / 100;
	bool is_text = e->state == SMTP_EDGE_DATA || e->state == SMTP_EDGE_CHUNK;
	if (class < 4 || (!is_text && e->reply.code != 421))
		return err_up(smtp_backend_lost(e, CONV_OUTCOME_BACKEND_BROKEN, ret_todo));
	e->backend = SMTP_BACKEND_GONE;
	if (!is_text)
		return refused(e, ret_todo);
	return err_up(smtp_message_drop(e, buf_slice(&e->reply.text), CONV_OUTCOME_BACKEND_REFUSED,
	                                ret_todo));
}

static int whole_reply(struct smtp_edge *e, bool has_more, enum conv_todo *ret_todo)
{
	if (!e->wants.count)
		return unasked(e, ret_todo);
	enum smtp_want want = want_take(e);
	if (!class_fits(want, e->reply.code / 100))
		return err_up(smtp_backend_lost(e, CONV_OUTCOME_BACKEND_BROKEN, ret_todo));
	if (want == SMTP_WANT_STARTTLS && has_more)
		return unsealed(e, ret_todo);
	/* RFC 5321 3.8: behind a 421 the server closes; LMTP may have one for each recipient. */
	bool is_last = want != SMTP_WANT_END || e->ends_left <= 1;
	if (e->reply.code == 421 && want >= SMTP_WANT_PASS && e->state != SMTP_EDGE_CHUNK &&
	    is_last) {
		e->backend = SMTP_BACKEND_GONE;
		return refused(e, ret_todo);
	}
	return err_up(on_reply[want](e, ret_todo));
}

int smtp_backend_feed(struct smtp_edge *e, struct slice input, size_t *ret_used,
                      enum conv_todo *ret_todo)
{
	if (e->backend == SMTP_BACKEND_GONE) {
		*ret_used = input.len;
		return 0;
	}
	/* Before connected() nothing can come; the worker's TLS takes what comes in a handshake. */
	if (e->backend == SMTP_BACKEND_NONE)
		return err_up(smtp_backend_lost(e, CONV_OUTCOME_BACKEND_BROKEN, ret_todo));
	int r = smtp_reply_take(&e->reply, input, ret_used);
	if (r == SMTP_REPLY_MORE)
		return 0;
	if (r == SMTP_REPLY_BROKEN) {
		*ret_used = input.len;
		return err_up(smtp_backend_lost(e, CONV_OUTCOME_BACKEND_BROKEN, ret_todo));
	}
	if (!r)
		r = whole_reply(e, *ret_used < input.len, ret_todo);
	smtp_reply_clear(&e->reply);
	return err_up(r);
}
