/* An MTA's connection: its transactions, and how they are passed on. */
#include "relay/inside.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "base/session_id.h"
#include "conv/line.h"
#include "dns/idn.h"
#include "relay/words.h"
#include "smtp/received.h"
#include "tls/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <time.h>

enum {
	IDLE_MS = 300 * 1000,
	TEXT_MS = 600 * 1000,
	HANDSHAKE_MS = 30 * 1000,
	CLIENTS_MAX = 2000,
};

static const char say_shut[] = "421 4.3.2 The relay is going down, come back later";

static void end(struct relay_client *c, const char *outcome)
{
	if (c->is_ending)
		return;
	c->is_ending = true;
	io_deadline_disarm(&c->late);
	relay_record_client(c, outcome);
	io_later_add(c->relay->loop, &c->end);
}

static void flush(struct relay_client *c)
{
	struct buf *out = smtp_handoff_out(c->handoff);
	if (buf_len(out) && io_stream_write(&c->stream, buf_slice(out)))
		end(c, "no-memory");
	buf_clear(out);
	buf_release(out);
}

static void pump_soon(struct relay_client *c)
{
	io_soon_add(c->relay->loop, &c->pump_later);
}

/* --- the transaction --- */

static void transaction_clear(struct relay_client *c)
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

void relay_client_answer_rcpt(struct relay_client *c, size_t number, struct slice words,
                              enum relay_rcpt_state state)
{
	struct relay_rcpt *r = &c->rcpts[number];
	r->state = state;
	if (state != RELAY_RCPT_PROMISED)
		buf_deinit(&r->path);
	if (smtp_handoff_rcpt_reply(c->handoff, (unsigned)number, words))
		end(c, "no-memory");
	flush(c);
	pump_soon(c);
}

static void refuse_rcpt(struct relay_client *c, size_t number, const char *line)
{
	relay_client_answer_rcpt(c, number, slice_str(line), RELAY_RCPT_REFUSED);
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

/* --- the text --- */

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
		end(c, "no-memory");
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
		end(c, "no-memory");
	transaction_clear(c);
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
		end(c, "no-memory");
}

static void end_moved(struct relay_client *c)
{
	for (struct relay_delivery *d = c->deliveries; d; d = d->next)
		if (d->state == RELAY_DELIVERY_OVER)
			end_answer(c, d);
	if (!smtp_handoff_owes(c->handoff))
		transaction_clear(c);
}

void relay_client_moved(struct relay_client *c)
{
	/* It may be called by a delivery that goes with its transaction: see on_pump(). */
	pump_soon(c);
}

void relay_client_resume(struct relay_client *c)
{
	pump_soon(c);
}

static bool is_blocked(struct relay_client *c)
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

/* --- the conversation --- */

static int todo_do(struct relay_client *c, enum smtp_handoff_todo todo)
{
	switch (todo) {
	case SMTP_HANDOFF_READ:
		return 0;
	case SMTP_HANDOFF_MAIL:
		transaction_clear(c);
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
		transaction_clear(c);
		return 0;
	case SMTP_HANDOFF_CLOSE:
		transaction_clear(c);
		flush(c);
		end(c, "ok");
		return 0;
	}
	return 0;
}

static void transaction_moved(struct relay_client *c)
{
	enum smtp_handoff_state state = smtp_handoff_state(c->handoff);
	if (state == SMTP_HANDOFF_AT_DATA && !c->has_text && c->deliveries)
		data_moved(c);
	else if (state == SMTP_HANDOFF_AT_END)
		end_moved(c);
}

static void deadline_update(struct relay_client *c)
{
	if (c->is_ending)
		return;
	if (c->is_in_handshake)
		io_deadline_arm(c->relay->loop, &c->late, HANDSHAKE_MS);
	else if (smtp_handoff_owes(c->handoff))
		io_deadline_disarm(&c->late); /* what is owed has deadlines of its own */
	else
		io_deadline_arm(c->relay->loop, &c->late, c->has_text ? TEXT_MS : IDLE_MS);
}

static void end_as_left(struct relay_client *c)
{
	end(c, !smtp_handoff_owes(c->handoff) && !c->has_text ? "ok" : "client-gone");
}

/* It ended, and all that it sent is done but for the answer to a message that came whole: Exim ends
 * right behind the final dot and QUIT, and reads on (RFC 9293 3.6). */
static bool has_left(struct relay_client *c)
{
	return c->stream.has_ended && !io_stream_is_full(&c->stream) && !is_blocked(c) &&
	       smtp_handoff_state(c->handoff) != SMTP_HANDOFF_AT_END;
}

static void pump(struct relay_client *c)
{
	size_t used = 1;
	while (used && !c->is_ending) {
		enum smtp_handoff_todo todo;
		transaction_moved(c);
		if (c->has_text && is_blocked(c))
			break;
		flush(c);
		if (io_stream_is_full(&c->stream)) { /* the MTA does not read: nor do we */
			io_stream_want_room(&c->stream);
			break;
		}
		if (smtp_handoff_feed(c->handoff, io_stream_input(&c->stream), &used, &todo)) {
			end(c, "no-memory");
			break;
		}
		int r = todo_do(c, todo);
		io_stream_consume(&c->stream, used);
		if (r)
			end(c, "no-memory");
	}
	if (!c->is_ending)
		flush(c);
	if (c->relay->is_draining)
		relay_client_shut(c);
	if (has_left(c))
		end_as_left(c);
	deadline_update(c);
}

static void on_pump(struct io_later *later)
{
	pump((struct relay_client *)((char *)later - offsetof(struct relay_client, pump_later)));
}

static void talk_begin(struct relay_client *c)
{
	c->is_in_handshake = false;
	if (smtp_handoff_start(c->handoff))
		end(c, "no-memory");
	else
		flush(c);
	deadline_update(c);
}

static void on_handshake(struct relay_client *c, enum io_stream_event event)
{
	if (event == IO_STREAM_TLS_UP) {
		relay_door_passed(c);
		talk_begin(c);
	} else if (event == IO_STREAM_TLS_FAILED) {
		relay_door_refused(c);
		end(c, "tls-failed");
	} else if (event == IO_STREAM_EOF || event == IO_STREAM_ERROR) {
		end(c, "tls-failed");
	}
}

static void on_event(struct io_stream *stream, enum io_stream_event event)
{
	struct relay_client *c = stream->owner;
	if (c->is_ending)
		return;
	if (c->is_in_handshake)
		on_handshake(c, event);
	else if (event == IO_STREAM_ERROR)
		end_as_left(c);
	else if (event == IO_STREAM_DATA || event == IO_STREAM_ROOM || event == IO_STREAM_EOF)
		pump(c);
}

static void on_late(struct io_deadline *d)
{
	struct relay_client *c =
		(struct relay_client *)((char *)d - offsetof(struct relay_client, late));
	if (!c->is_in_handshake &&
	    !smtp_handoff_shut(c->handoff, "421 4.4.2 Nothing was said for too long"))
		flush(c);
	end(c, "timeout");
}

static void on_end(struct io_later *later)
{
	relay_client_free(
		(struct relay_client *)((char *)later - offsetof(struct relay_client, end)));
}

/* --- life --- */

void relay_client_shut(struct relay_client *c)
{
	if (c->is_ending || smtp_handoff_owes(c->handoff) || c->has_text)
		return;
	if (c->is_in_handshake) {
		end(c, "drained");
		return;
	}
	if (smtp_handoff_shut(c->handoff, say_shut) ||
	    smtp_handoff_state(c->handoff) != SMTP_HANDOFF_CLOSED)
		return;
	flush(c);
	end(c, "drained");
}

void relay_client_free(struct relay_client *c)
{
	struct relay *r = c->relay;
	/* What is left for the MTA goes as far as the socket takes it at once. */
	transaction_clear(c);
	c->prev->next = c->next;
	c->next->prev = c->prev;
	io_deadline_disarm(&c->late);
	io_later_remove(r->loop, &c->end);
	io_later_remove(r->loop, &c->pump_later);
	io_stream_deinit(&c->stream);
	smtp_handoff_free(c->handoff);
	relay_world_unref(c->world);
	free(c->rcpts);
	free(c);
	relay_client_gone(r);
}

static void know(struct relay_client *c, const struct sockaddr *peer)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)peer;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)peer;
	session_id_make(c->session_id);
	c->is_v6 = peer->sa_family == AF_INET6;
	if (c->is_v6)
		inet_ntop(AF_INET6, &v6->sin6_addr, c->addr, sizeof(c->addr));
	else if (peer->sa_family == AF_INET)
		inet_ntop(AF_INET, &v4->sin_addr, c->addr, sizeof(c->addr));
}

static int handshake_begin(struct relay_client *c)
{
	struct tls_session *tls = NULL;
	int r = tls_session_accept(&tls, c->world->door, &c->stream);
	if (r)
		return err_up(r);
	c->is_in_handshake = true;
	io_stream_start_tls(&c->stream, tls);
	deadline_update(c);
	return 0;
}

static int client_begin(struct relay_client *c, int fd)
{
	struct relay_world *w = c->world;
	int r = io_stream_open(&c->stream, c->relay->loop, fd);
	if (r)
		return err_up(r);
	c->handoff_set = (struct smtp_handoff_settings){
		.hostname = w->hostname,
		.is_lmtp = c->is_lmtp,
		/* RFC 8689 2: nobody else can have read it. */
		.offers_requiretls = c->is_tls || !c->addr[0],
		.rejects_bare = w->rejects_bare,
	};
	r = smtp_handoff_new(&c->handoff, &c->handoff_set);
	if (r)
		return err_up(r);
	if (c->is_tls)
		return err_up(handshake_begin(c));
	talk_begin(c);
	return 0;
}

void relay_accept(struct relay *r, struct relay_world *w, struct relay_door door, int fd,
                  const struct sockaddr *peer)
{
	bool has_room = r->open < CLIENTS_MAX && (!door.is_tls || relay_door_has_room(r));
	struct relay_client *c = has_room ? calloc(1, sizeof(*c)) : NULL;
	struct relay_rcpt *rcpts = has_room ? calloc(SMTP_HANDOFF_RCPTS_MAX, sizeof(*rcpts)) : NULL;
	if (!c || !rcpts) {
		uint64_t unsaid;
		if (log_calm(&r->no_room, io_loop_now_ms(r->loop), &unsaid))
			log_warn(NULL, "no room for a connection of the relay",
			         kv_int("unsaid", (int64_t)unsaid));
		free(c);
		free(rcpts);
		close(fd);
		return;
	}
	*c = (struct relay_client){
		.next = &r->clients,
		.prev = r->clients.prev,
		.relay = r,
		.world = w,
		.is_lmtp = door.is_lmtp,
		.is_tls = door.is_tls,
		.stream = { .fd = -1, .owner = c, .on_event = on_event },
		.late.fn = on_late,
		.end.fn = on_end,
		.pump_later.fn = on_pump,
		.rcpts = rcpts,
		.began_ms = io_loop_now_ms(r->loop),
	};
	w->refs++;
	c->prev->next = c;
	r->clients.prev = c;
	r->open++;
	r->counters.handoffs++;
	know(c, peer);
	if (client_begin(c, fd)) {
		log_warn(NULL, "no room for a connection of the relay");
		relay_client_free(c);
	}
}
