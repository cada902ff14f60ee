/* The life of one connection of a link: accepted, the other side opened, bytes both ways, closed.
 */
#include "link/inside.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "identity/trust.h"
#include "io/splice.h"
#include "proxyhdr/proxyhdr.h"
#include "tls/peer.h"
#include "tls/session.h"
#include "tls/word.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	HANDSHAKE_MS = 30 * 1000,
	REFUSED_MS = 5 * 1000,
	STALL_MS = 30 * 1000, /* both have ended, and nothing of what is left was taken */
};

static const char *const state_names[] = {
	[LINK_STATE_HANDSHAKE] = "handshake", [LINK_STATE_DIAL] = "dial",
	[LINK_STATE_TRIAL] = "trial",         [LINK_STATE_SPLICE] = "splice",
	[LINK_STATE_RECEIVE] = "receive",     [LINK_STATE_CLOSING] = "closing",
	[LINK_STATE_REFUSED] = "refused",
};
_Static_assert(COUNT_OF(state_names) == LINK_STATE_COUNT, "every state has its word");

void link_session_enter(struct link_session *s, enum link_state state, uint64_t deadline_ms)
{
	log_debug(s->id, "state", kv_str("from", state_names[s->state]),
	          kv_str("to", state_names[state]));
	s->pool->handshakes += state == LINK_STATE_HANDSHAKE;
	s->pool->handshakes -= s->state == LINK_STATE_HANDSHAKE;
	s->state = state;
	if (deadline_ms)
		io_deadline_arm(s->pool->loop, &s->deadline, deadline_ms);
	else
		io_deadline_disarm(&s->deadline);
}

void link_session_end(struct link_session *s, const char *outcome)
{
	if (!s->outcome)
		s->outcome = outcome;
	io_later_add(s->pool->loop, &s->over);
}

void link_session_break(struct link_session *s, const char *outcome)
{
	io_stream_reset(&s->in);
	io_stream_reset(&s->dial.stream);
	link_session_end(s, outcome);
}

static void record(struct link_session *s)
{
	const struct io_stream *sealed = link_session_sealed(s);
	link_record(&(struct link_record){
		.pool = s->pool,
		.end = s->end,
		.session_id = s->id,
		.address = s->addr,
		.target = s->dial.target ? s->dial.target->text : "",
		.outcome = s->outcome ? s->outcome : "drained",
		.ended_by = s->ended_by,
		.error = s->error[0] ? s->error
	                 : s->was_up ? ""
	                             : s->dial.error,
		.tls = sealed->is_tls_up ? sealed->tls : NULL,
		.began_ms = s->began_ms,
		.bytes_in = s->in.bytes_in,
		.bytes_out = s->in.bytes_out,
		.datagrams = s->datagrams,
	});
}

void link_session_free(struct link_session *s)
{
	struct link_pool *pool = s->pool;
	record(s);
	pool->counters.connections += s->was_up;
	pool->counters.refused += !s->was_up;
	pool->counters.bytes_in += s->in.bytes_in;
	pool->counters.bytes_out += s->in.bytes_out;
	link_session_enter(s, LINK_STATE_CLOSING, 0);
	io_later_remove(pool->loop, &s->over);
	io_stream_deinit(&s->in);
	link_dial_deinit(&s->dial);
	io_udp_close(&s->syslog);
	buf_deinit_secret(&s->kept);
	*s->at = s->next;
	if (s->next)
		s->next->at = s->at;
	s->end->open--;
	link_world_unref(s->world);
	free(s);
	link_pool_left(pool);
}

static void on_over(struct io_later *over)
{
	link_session_free(
		(struct link_session *)((char *)over - offsetof(struct link_session, over)));
}

/* --- bytes both ways --- */

static bool is_flushed(const struct link_session *s)
{
	return io_stream_is_flushed(&s->in) && io_stream_is_flushed(&s->dial.stream);
}

static void closing_go_on(struct link_session *s)
{
	if (is_flushed(s)) {
		link_session_end(s, "ok");
		return;
	}
	io_stream_want_room(&s->in);
	io_stream_want_room(&s->dial.stream);
	io_deadline_arm(s->pool->loop, &s->deadline, STALL_MS);
}

/* A near end is not told before this that the far end does not want it: in TLS 1.3 the server has
 * the last word. */
static void sealed_failed(struct link_session *s)
{
	const struct io_stream *sealed = link_session_sealed(s);
	uint64_t unsaid;
	if (sealed->error != EPROTO)
		return;
	snprintf(s->error, sizeof(s->error), "%s", tls_session_error(sealed->tls));
	if (s->end->is_far || sealed->bytes_in)
		return;
	s->pool->counters.tls_failed++;
	if (log_calm(&s->end->failures, io_loop_now_ms(s->pool->loop), &unsaid))
		log_warn(s->id, "link cannot be made", kv_str("link", s->end->name),
		         kv_str("end", "far"), kv_str("address", s->dial.way->text),
		         kv_str("error", s->error),
		         kv_str("mend", "it does not take this host for one of its peer: its log "
		                        "says why"),
		         kv_int("unsaid", (int64_t)unsaid));
}

static const char *side_name(const struct link_session *s, const struct io_stream *side)
{
	if (side == &s->in)
		return s->end->is_far ? "near" : "client";
	return s->end->is_far ? "service" : "far";
}

void link_session_ended_by(struct link_session *s, const struct io_stream *side)
{
	if (!s->ended_by)
		s->ended_by = side_name(s, side);
}

static void splice_ended(struct link_session *s, struct io_stream *from, struct io_stream *to)
{
	link_session_ended_by(s, from);
	if (io_splice_move(from, to)) {
		link_session_break(s, "no-memory");
		return;
	}
	if (from->is_dead && from == link_session_sealed(s))
		sealed_failed(s);
	switch (io_splice_pass_end(from, to)) {
	case IO_SPLICE_HALF:
		break;
	case IO_SPLICE_OVER:
		link_session_enter(s, LINK_STATE_CLOSING, STALL_MS);
		closing_go_on(s);
		break;
	case IO_SPLICE_CUT:
		if (!s->error[0] && from->error)
			snprintf(s->error, sizeof(s->error), "%s", strerror(from->error));
		link_session_break(s, "cut");
		break;
	}
}

static void idle_follow(struct link_session *s)
{
	if (s->end->idle_timeout_ms)
		io_deadline_arm(s->pool->loop, &s->deadline, s->end->idle_timeout_ms);
}

static void splice_event(struct link_session *s, struct io_stream *from, struct io_stream *to,
                         enum io_stream_event event)
{
	switch (event) {
	case IO_STREAM_DATA:
		idle_follow(s);
		if (io_splice_move(from, to))
			link_session_break(s, "no-memory");
		break;
	case IO_STREAM_ROOM:
		io_stream_resume(to);
		break;
	case IO_STREAM_EOF:
	case IO_STREAM_ERROR:
		splice_ended(s, from, to);
		break;
	case IO_STREAM_CONNECTED:
	case IO_STREAM_TLS_UP:
	case IO_STREAM_TLS_FAILED:
		break;
	}
}

/* An event of either, once both are there. */
static void joined_event(struct link_session *s, struct io_stream *from, enum io_stream_event event)
{
	struct io_stream *to = from == &s->in ? &s->dial.stream : &s->in;
	if (s->state == LINK_STATE_TRIAL)
		link_trial_event(s, from, event);
	else if (s->state == LINK_STATE_SPLICE)
		splice_event(s, from, to, event);
	else if (s->state == LINK_STATE_CLOSING && event == IO_STREAM_ERROR)
		link_session_break(s, "cut");
	else if (s->state == LINK_STATE_CLOSING && event == IO_STREAM_ROOM)
		closing_go_on(s);
}

static void on_out_event(struct io_stream *stream, enum io_stream_event event)
{
	struct link_session *s = stream->owner;
	if (!s->over.is_queued)
		joined_event(s, stream, event);
}

/* --- the other side --- */

static int header_write(struct link_session *s)
{
	const struct tls_session *tls = s->end->is_far ? s->in.tls : NULL;
	const struct tls_facts *t = tls ? tls_session_facts(tls) : NULL;
	CLEAN(buf_deinit) struct buf header = {};
	const struct proxyhdr_facts facts = {
		.is_local = !s->addr[0], /* a unix socket has nothing to say */
		.client_addr = s->addr,
		.client_port = s->port,
		.local_addr = s->wanted_addr,
		.local_port = s->wanted_port,
		.has_tls = tls,
		.tls_version = t ? t->version : NULL,
		.tls_cipher = t ? t->cipher : NULL,
		.client_cn = tls ? tls_session_peer_names(tls) : NULL,
		.unique_id = s->id,
	};
	int r = proxyhdr_build(&header, &facts);
	return r ? err_up(r) : err_up(io_stream_write(&s->dial.stream, buf_slice(&header)));
}

void link_session_splice(struct link_session *s)
{
	s->was_up = true;
	/* Each system call costs as much as some KiB of encryption. */
	s->in.is_bulk = s->dial.stream.is_bulk = true;
	link_session_enter(s, LINK_STATE_SPLICE, s->end->idle_timeout_ms);
	io_stream_resume(&s->in);
}

/* A near end that can be told is told, and leaves: a reset might overtake what it is told. */
static void service_not_reached(struct link_session *s)
{
	struct link_word word = {};
	if (!s->end->is_far || !tls_session_has_word(s->in.tls)) {
		link_session_break(s, "unreachable");
		return;
	}
	snprintf(word.why, sizeof(word.why), "%.*s", LINK_WORD_WHY_CAP - 1, s->dial.error);
	s->outcome = "unreachable";
	if (link_word_say(&s->in, &word)) {
		link_session_break(s, "no-memory");
		return;
	}
	io_stream_end(&s->in);
	link_session_enter(s, LINK_STATE_REFUSED, REFUSED_MS);
	io_stream_resume(&s->in);
}

static void on_dialled(struct link_dial *d, bool is_up)
{
	struct link_session *s = d->owner;
	if (!is_up) {
		service_not_reached(s);
		return;
	}
	d->stream.owner = s;
	d->stream.on_event = on_out_event;
	if ((s->end->is_far && link_word_say(&s->in, &(struct link_word){ .is_reached = true })) ||
	    (s->end->proxy && header_write(s)))
		link_session_break(s, "no-memory");
	else if (!s->end->is_far && tls_session_has_word(d->stream.tls))
		link_trial_begin(s);
	else
		link_session_splice(s);
}

void link_session_wait(struct link_session *s)
{
	io_stream_pause(&s->in);
	link_session_enter(s, LINK_STATE_DIAL, 0);
}

static void dial(struct link_session *s)
{
	link_session_wait(s);
	s->dial.pool = s->pool;
	s->dial.end = s->end;
	s->dial.session_id = s->id;
	s->dial.on_done = on_dialled;
	s->dial.owner = s;
	link_dial_start(&s->dial);
}

/* --- who came --- */

static void refuse(struct link_session *s, const char *why)
{
	const struct tls_session *tls = s->in.tls;
	uint64_t unsaid;
	snprintf(s->error, sizeof(s->error), "%s", why);
	s->pool->counters.tls_failed++;
	link_session_end(s, "tls-failed");
	if (log_calm(&s->end->refusals, io_loop_now_ms(s->pool->loop), &unsaid))
		log_warn(s->id, "link refused", kv_str("link", s->end->name), kv_str("end", "near"),
		         kv_str("client", s->addr), kv_str("names", tls_session_peer_names(tls)),
		         kv_str("peer", s->end->peers), kv_str("error", s->error),
		         kv_str("mend", identity_peer_mend(tls_session_peer_fault(tls))),
		         kv_int("unsaid", (int64_t)unsaid));
}

static void on_handshake(struct link_session *s, enum io_stream_event event)
{
	if (event == IO_STREAM_TLS_UP && link_is_revoked(s->pool, s->end, s->id, s->in.tls)) {
		link_session_break(s, "revoked");
		return;
	}
	if (event == IO_STREAM_TLS_UP)
		link_expiry_say(s->pool, s->end, s->id, s->in.tls);
	if (event == IO_STREAM_TLS_FAILED) {
		refuse(s, tls_session_error(s->in.tls));
	} else if (event == IO_STREAM_EOF || event == IO_STREAM_ERROR) {
		snprintf(s->error, sizeof(s->error), "it left in mid-handshake");
		link_session_end(s, "tls-failed");
	} else if (event == IO_STREAM_TLS_UP && s->end->protocol == CONF_LINK_SYSLOG) {
		link_session_enter(s, LINK_STATE_RECEIVE, s->end->idle_timeout_ms);
		link_receiver_begin(s);
	} else if (event == IO_STREAM_TLS_UP) {
		dial(s);
	}
}

/* What a near end sent before it knew goes nowhere. */
static void refused_event(struct link_session *s, enum io_stream_event event)
{
	io_stream_consume(&s->in, io_stream_input(&s->in).len);
	if (event == IO_STREAM_EOF || event == IO_STREAM_ERROR)
		link_session_end(s, "unreachable");
}

static void on_in_event(struct io_stream *stream, enum io_stream_event event)
{
	struct link_session *s = stream->owner;
	if (s->over.is_queued)
		return;
	switch (s->state) {
	case LINK_STATE_HANDSHAKE:
		on_handshake(s, event);
		break;
	case LINK_STATE_DIAL:
		if (event == IO_STREAM_ERROR)
			link_session_break(s, "cut");
		break;
	case LINK_STATE_RECEIVE:
		idle_follow(s);
		link_receiver_event(s, event);
		break;
	case LINK_STATE_TRIAL:
	case LINK_STATE_SPLICE:
	case LINK_STATE_CLOSING:
		joined_event(s, stream, event);
		break;
	case LINK_STATE_REFUSED:
		refused_event(s, event);
		break;
	case LINK_STATE_COUNT:
		break;
	}
}

static void on_deadline(struct io_deadline *deadline)
{
	struct link_session *s =
		(struct link_session *)((char *)deadline - offsetof(struct link_session, deadline));
	if (s->over.is_queued)
		return;
	if (s->state == LINK_STATE_TRIAL) {
		link_trial_late(s);
		return;
	}
	if (s->state == LINK_STATE_HANDSHAKE)
		snprintf(s->error, sizeof(s->error), "no handshake in time");
	link_session_break(s, "timeout");
}

struct link_session *link_session_new(struct link_pool *pool, struct link_world *w,
                                      struct link_end *end)
{
	struct link_session *s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	*s = (struct link_session){
		.next = pool->sessions,
		.at = &pool->sessions,
		.pool = pool,
		.world = link_world_ref(w),
		.end = end,
		.in = { .fd = -1, .owner = s, .on_event = on_in_event },
		.dial = { .stream = { .fd = -1 } },
		.syslog = { .fd = -1 },
		.deadline = { .fn = on_deadline },
		.over = { .fn = on_over },
		.state = LINK_STATE_CLOSING, /* nothing of it is there yet */
		.began_ms = io_loop_now_ms(pool->loop),
	};
	if (s->next)
		s->next->at = &s->next;
	pool->sessions = s;
	pool->open++;
	end->open++;
	session_id_make(s->id);
	return s;
}

static void handshake(struct link_session *s)
{
	struct tls_session *tls = NULL;
	if (tls_session_accept(&tls, s->end->server, &s->in)) {
		link_session_break(s, "no-memory");
		return;
	}
	link_session_enter(s, LINK_STATE_HANDSHAKE, HANDSHAKE_MS);
	io_stream_start_tls(&s->in, tls);
}

void link_session_begin(struct link_session *s)
{
	if (s->end->is_far)
		handshake(s);
	else
		dial(s);
}
