/* An MTA's connection: TLS, the conversation, its end. */
#include "relay/inside.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "base/session_id.h"
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

void relay_client_end(struct relay_client *c, const char *outcome)
{
	if (c->is_ending)
		return;
	c->is_ending = true;
	io_deadline_disarm(&c->late);
	relay_record_client(c, outcome);
	io_later_add(c->relay->loop, &c->end);
}

void relay_client_flush(struct relay_client *c)
{
	struct buf *out = smtp_handoff_out(c->handoff);
	if (buf_len(out) && io_stream_write(&c->stream, buf_slice(out)))
		relay_client_end(c, "no-memory");
	buf_clear(out);
	buf_release(out);
}

void relay_client_resume(struct relay_client *c)
{
	io_soon_add(c->relay->loop, &c->pump_later);
}

void relay_client_moved(struct relay_client *c)
{
	/* It may be called by a delivery that goes with its transaction: see on_pump(). */
	relay_client_resume(c);
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
	relay_client_end(c, !smtp_handoff_owes(c->handoff) && !c->has_text ? "ok" : "client-gone");
}

/* It ended, and all that it sent is done but for the answer to a message that came whole: Exim ends
 * right behind the final dot and QUIT, and reads on (RFC 9293 3.6). */
static bool has_left(struct relay_client *c)
{
	return c->stream.has_ended && !io_stream_is_full(&c->stream) &&
	       !relay_transaction_is_blocked(c) &&
	       smtp_handoff_state(c->handoff) != SMTP_HANDOFF_AT_END;
}

static void pump(struct relay_client *c)
{
	size_t used = 1;
	while (used && !c->is_ending) {
		enum smtp_handoff_todo todo;
		relay_transaction_moved(c);
		if (c->has_text && relay_transaction_is_blocked(c))
			break;
		relay_client_flush(c);
		if (io_stream_is_full(&c->stream)) { /* the MTA does not read: nor do we */
			io_stream_want_room(&c->stream);
			break;
		}
		if (smtp_handoff_feed(c->handoff, io_stream_input(&c->stream), &used, &todo)) {
			relay_client_end(c, "no-memory");
			break;
		}
		int r = relay_transaction_do(c, todo);
		io_stream_consume(&c->stream, used);
		if (r)
			relay_client_end(c, "no-memory");
	}
	if (!c->is_ending)
		relay_client_flush(c);
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
		relay_client_end(c, "no-memory");
	else
		relay_client_flush(c);
	deadline_update(c);
}

static void on_handshake(struct relay_client *c, enum io_stream_event event)
{
	if (event == IO_STREAM_TLS_UP) {
		relay_door_passed(c);
		talk_begin(c);
	} else if (event == IO_STREAM_TLS_FAILED) {
		relay_door_refused(c);
		relay_client_end(c, "tls-failed");
	} else if (event == IO_STREAM_EOF || event == IO_STREAM_ERROR) {
		relay_client_end(c, "tls-failed");
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
		relay_client_flush(c);
	relay_client_end(c, "timeout");
}

static void on_end(struct io_later *later)
{
	relay_client_free(
		(struct relay_client *)((char *)later - offsetof(struct relay_client, end)));
}

void relay_client_shut(struct relay_client *c)
{
	if (c->is_ending || smtp_handoff_owes(c->handoff) || c->has_text)
		return;
	if (c->is_in_handshake) {
		relay_client_end(c, "drained");
		return;
	}
	if (smtp_handoff_shut(c->handoff, say_shut) ||
	    smtp_handoff_state(c->handoff) != SMTP_HANDOFF_CLOSED)
		return;
	relay_client_flush(c);
	relay_client_end(c, "drained");
}

void relay_client_free(struct relay_client *c)
{
	struct relay *r = c->relay;
	/* What is left for the MTA goes as far as the socket takes it at once. */
	relay_transaction_clear(c);
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

static void no_room_say(struct relay *r)
{
	uint64_t unsaid;
	if (log_calm(&r->no_room, io_loop_now_ms(r->loop), &unsaid))
		log_warn(NULL, "no room for a connection of the relay",
		         kv_int("unsaid", (int64_t)unsaid));
}

void relay_accept(struct relay *r, struct relay_world *w, struct relay_door door, int fd,
                  const struct sockaddr *peer)
{
	bool has_room = r->open < CLIENTS_MAX && (!door.is_tls || relay_door_has_room(r));
	struct relay_client *c = has_room ? calloc(1, sizeof(*c)) : NULL;
	struct relay_rcpt *rcpts = has_room ? calloc(SMTP_HANDOFF_RCPTS_MAX, sizeof(*rcpts)) : NULL;
	if (!c || !rcpts) {
		no_room_say(r);
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
