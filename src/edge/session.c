/*
 * The life of one connection: opened (opening.c), talked, spliced, closed. This file does what the
 * conversation asks for and decides nothing about the protocol.
 */
#include "edge/session.h"
#include "edge/lookup.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "base/sparse.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

static const char *const state_names[] = {
	[EDGE_STATE_PROXY] = "proxy",
	[EDGE_STATE_GREET_DELAY] = "greet-delay",
	[EDGE_STATE_HELLO] = "hello",
	[EDGE_STATE_TLS_WAIT] = "tls-wait",
	[EDGE_STATE_CLIENT_TLS] = "tls",
	[EDGE_STATE_TALK] = "talk",
	[EDGE_STATE_HELD] = "held",
	[EDGE_STATE_CONNECT] = "connect",
	[EDGE_STATE_LOOKUP] = "lookup",
	[EDGE_STATE_ASK] = "ask",
	[EDGE_STATE_BACKEND_TLS] = "backend-tls",
	[EDGE_STATE_SPLICE] = "splice",
	[EDGE_STATE_CLOSING] = "closing",
};
_Static_assert(COUNT_OF(state_names) == EDGE_STATE_COUNT, "every state has its word");

/* The one place where a session changes state. deadline_ms 0: none. */
void edge_session_enter(struct edge_session *s, enum edge_state state, uint64_t deadline_ms)
{
	log_debug(s->conv->facts.session_id, "state", kv_str("from", state_names[s->state]),
	          kv_str("to", state_names[state]));
	edge_handshakes_follow(s, state);
	s->state = state;
	if (deadline_ms)
		io_deadline_arm(s->pool->loop, &s->deadline, deadline_ms);
	else
		io_deadline_disarm(&s->deadline);
}

struct conv *edge_session_conv(struct edge_session *s)
{
	s->conv->facts.now_s = time(NULL);
	return s->conv;
}

/* What it was, for all who keep that. */
static void account(struct edge_session *s)
{
	struct conv kept;
	bool is_recalled = edge_session_recall(s, &kept);
	if (s->conv->exposure.has_happened)
		edge_record_exposure(s);
	if (s->ask)
		edge_ask_ended(s);
	else
		edge_record_session(s);
	edge_handshakes_ticket_end(s);
	if (is_recalled)
		s->conv = NULL;
}

void edge_session_free(struct edge_session *s)
{
	struct edge_pool *pool = s->pool;
	account(s);
	edge_handshakes_follow(s, EDGE_STATE_CLOSING);
	edge_lookup_cancel(s);
	edge_backend_leave(s);
	io_deadline_disarm(&s->deadline);
	io_stream_deinit(&s->client);
	io_stream_deinit(&s->backend);
	if (s->is_counted)
		edge_limits_leave(pool->limits, s->key, edge_session_now_ms(s));
	if (s->is_counted_as_user)
		edge_limits_leave(pool->users, s->user_key, edge_session_now_ms(s));
	if (!s->ask) {
		s->next->prev = s->prev;
		s->prev->next = s->next;
		pool->open--;
	}
	conv_free(s->conv);
	sparse_free(s->rest);
	edge_passed_free(s->passed);
	edge_world_unref(s->world);
	free(s);
	edge_tidy_note(&pool->tidy);
	if (!pool->open && pool->is_draining && pool->on_empty)
		pool->on_empty(pool->on_empty_owner);
}

static void on_end(struct io_later *later)
{
	edge_session_free(
		(struct edge_session *)((char *)later - offsetof(struct edge_session, end)));
}

void edge_session_end(struct edge_session *s, enum conv_outcome outcome)
{
	if (edge_session_wake(s))
		conv_end(s->conv, outcome);
	else
		s->unheard = outcome;
	io_later_add(s->pool->loop, &s->end);
}

static void deadline_follow(struct edge_session *s)
{
	struct conv *c = s->conv;
	if (c->progress == s->armed_progress && c->deadline_ms == s->armed_deadline_ms &&
	    (io_deadline_is_armed(&s->deadline) || !c->deadline_ms))
		return;
	s->armed_progress = c->progress;
	s->armed_deadline_ms = c->deadline_ms;
	if (c->deadline_ms)
		io_deadline_arm(s->pool->loop, &s->deadline, c->deadline_ms);
	else
		io_deadline_disarm(&s->deadline);
}

/* While it waits for its client's next command it has no copy of its own. */
static void offer_share(struct edge_session *s)
{
	if (s->conv->is_seen_whole && s->address < s->address_end)
		conv_share_seen(s->conv, &s->target->addresses[s->address].offer);
}

/* Does what the conversation asked for. r: what the call to it returned. */
void edge_session_act(struct edge_session *s, int r, enum conv_todo todo)
{
	if (!r)
		r = edge_out_send(s);
	edge_login_expose(s);
	if (r) {
		log_error(s->conv->facts.session_id, "session given up", kv_int("errno", -r),
		          kv_str("where", err_origin()));
		edge_session_end(s, CONV_OUTCOME_OVERLOAD);
		return;
	}
	switch (todo) {
	case CONV_TODO_READ:
		if (edge_session_leave_if_banned(s))
			break;
		offer_share(s);
		deadline_follow(s);
		break;
	case CONV_TODO_CLIENT_TLS:
		edge_opening_tls(s);
		break;
	case CONV_TODO_CONNECT:
		edge_target_open(s);
		break;
	case CONV_TODO_LEAVE:
		edge_lookup_leave(s);
		deadline_follow(s);
		break;
	case CONV_TODO_BACKEND_TLS:
		edge_backend_starttls(s);
		break;
	case CONV_TODO_SPLICE:
		edge_splice_begin(s);
		break;
	case CONV_TODO_CLOSE:
		edge_session_close(s);
		break;
	}
}

/* Feeds one side what it has; true if the conversation took any of it. */
static bool feed_side(struct edge_session *s, enum conv_side side)
{
	struct io_stream *from = side == CONV_CLIENT ? &s->client : &s->backend;
	struct io_stream *to = side == CONV_CLIENT ? &s->backend : &s->client;
	bool moved = false;
	while (s->state == EDGE_STATE_TALK && !s->end.is_queued) {
		struct slice input = io_stream_input(from);
		if (!input.len)
			break;
		if (io_stream_is_open(to) && io_stream_is_full(to)) {
			io_stream_want_room(to);
			io_stream_pause(from);
			break;
		}
		size_t used = 0;
		enum conv_todo todo = CONV_TODO_CLOSE;
		edge_out_lend(s);
		int r = conv_feed(edge_session_conv(s), side, input, &used, &todo);
		io_stream_consume(from, used);
		if (used)
			s->moved_ms = edge_session_now_ms(s);
		if (!r && edge_login_follow(s, todo))
			break;
		s->client.is_bulk = s->conv->is_in_data;
		edge_session_act(s, r, todo);
		if (!used)
			break;
		moved = true;
	}
	return moved;
}

void edge_session_pump(struct edge_session *s)
{
	bool moved = true;
	while (moved && s->state == EDGE_STATE_TALK && !s->end.is_queued) {
		moved = io_stream_is_open(&s->backend) && !s->backend_is_left &&
		        feed_side(s, CONV_BACKEND);
		moved |= feed_side(s, CONV_CLIENT);
	}
}

bool edge_session_is_visit(const struct edge_session *s)
{
	return s->client.tls && tls_session_is_visitor(s->client.tls);
}

const struct tls_facts *edge_session_tls(const struct edge_session *s)
{
	if (s->passed)
		return &s->passed->facts;
	return s->client_tls_was_up ? tls_session_facts(s->client.tls) : NULL;
}

void edge_session_talk(struct edge_session *s)
{
	enum conv_todo todo = CONV_TODO_CLOSE;
	edge_session_enter(s, EDGE_STATE_TALK, 0);
	int r = s->edge->ops->greets_for_backend && edge_backend_is_down(s)
	                ? conv_failed(edge_session_conv(s), CONV_FAILURE_CONNECT, &todo)
	                : conv_start(edge_session_conv(s), &todo);
	edge_session_act(s, r, todo);
	edge_session_pump(s);
}

void edge_session_side_ended(struct edge_session *s, enum conv_side side)
{
	enum conv_todo todo = CONV_TODO_CLOSE;
	int r = conv_eof(edge_session_conv(s), side, &todo);
	edge_session_act(s, r, todo);
	if (s->state == EDGE_STATE_TALK && !s->end.is_queued)
		edge_session_pump(s);
}

static void talk_event(struct edge_session *s, enum conv_side side, enum io_stream_event event)
{
	struct io_stream *other = side == CONV_CLIENT ? &s->backend : &s->client;
	switch (event) {
	case IO_STREAM_DATA:
		edge_session_pump(s);
		break;
	case IO_STREAM_ROOM:
		if (io_stream_is_open(other))
			io_stream_resume(other);
		edge_session_pump(s);
		break;
	case IO_STREAM_EOF:
	case IO_STREAM_ERROR:
		edge_session_pump(s);
		if (s->state == EDGE_STATE_TALK && !s->end.is_queued)
			edge_session_side_ended(s, side);
		break;
	case IO_STREAM_CONNECTED:
	case IO_STREAM_TLS_UP:
	case IO_STREAM_TLS_FAILED:
		break;
	}
}

static void on_client_event(struct io_stream *stream, enum io_stream_event event)
{
	struct edge_session *s = stream->owner;
	if (s->end.is_queued)
		return;
	switch (s->state) {
	case EDGE_STATE_PROXY:
	case EDGE_STATE_GREET_DELAY:
		edge_opening_event(s, event);
		break;
	case EDGE_STATE_HELLO:
		edge_passthrough_event(s, event);
		break;
	case EDGE_STATE_TLS_WAIT:
	case EDGE_STATE_HELD:
		break; /* unread, until it goes on */
	case EDGE_STATE_CLIENT_TLS:
		edge_opening_tls_event(s, event);
		break;
	case EDGE_STATE_TALK:
		talk_event(s, CONV_CLIENT, event);
		break;
	case EDGE_STATE_LOOKUP:
	case EDGE_STATE_CONNECT:
	case EDGE_STATE_ASK:
	case EDGE_STATE_BACKEND_TLS:
		if (event == IO_STREAM_ERROR ||
		    (event == IO_STREAM_EOF && !s->edge->ops->ends_by_closing))
			edge_session_end(s, CONV_OUTCOME_CLIENT_GONE);
		break;
	case EDGE_STATE_SPLICE:
		edge_splice_event(s, &s->client, event);
		break;
	case EDGE_STATE_CLOSING:
		edge_closing_event(s, true, event);
		break;
	case EDGE_STATE_COUNT:
		break;
	}
}

/* The backend's side: while it is being opened, backend.c; then here. */
void edge_session_backend_event(struct edge_session *s, enum io_stream_event event)
{
	if (s->end.is_queued)
		return;
	if (s->state == EDGE_STATE_TALK)
		talk_event(s, CONV_BACKEND, event);
	else if (s->state == EDGE_STATE_SPLICE)
		edge_splice_event(s, &s->backend, event);
	else if (s->state == EDGE_STATE_CLOSING)
		edge_closing_event(s, false, event);
	else if (s->state == EDGE_STATE_HELD)
		return;
	else
		edge_backend_event(s, event);
}

static void talk_expire(struct edge_session *s)
{
	enum conv_todo todo = CONV_TODO_CLOSE;
	int r = conv_expire(edge_session_conv(s), CONV_EXPIRY_IDLE, &todo);
	edge_session_act(s, r, todo);
}

static void handshake_expire(struct edge_session *s)
{
	s->tls_error = s->state == EDGE_STATE_TLS_WAIT ? "no turn for a handshake in time"
	                                               : "no handshake in time";
	edge_session_end(s, CONV_OUTCOME_TIMEOUT);
}

static void on_deadline(struct io_deadline *d)
{
	struct edge_session *s =
		(struct edge_session *)((char *)d - offsetof(struct edge_session, deadline));
	if (s->end.is_queued)
		return;
	switch (s->state) {
	case EDGE_STATE_GREET_DELAY:
		edge_session_talk(s);
		break;
	case EDGE_STATE_LOOKUP:
		edge_lookup_late(s);
		break;
	case EDGE_STATE_ASK:
		edge_backend_asked(s);
		break;
	case EDGE_STATE_CONNECT:
	case EDGE_STATE_BACKEND_TLS:
		edge_backend_late(s);
		break;
	case EDGE_STATE_TALK:
		talk_expire(s);
		break;
	case EDGE_STATE_HELD:
		edge_login_release(s);
		break;
	case EDGE_STATE_HELLO:
	case EDGE_STATE_TLS_WAIT:
	case EDGE_STATE_CLIENT_TLS:
		handshake_expire(s);
		break;
	case EDGE_STATE_PROXY:
		edge_session_end(s, CONV_OUTCOME_TIMEOUT);
		break;
	case EDGE_STATE_CLOSING:
		edge_closing_late(s);
		break;
	case EDGE_STATE_SPLICE:
		edge_splice_end(s, CONV_OUTCOME_TIMEOUT);
		break;
	case EDGE_STATE_COUNT:
		break;
	}
}

int edge_session_new_ask(struct edge_session **ret_s, struct edge_pool *pool,
                         struct edge_world *world, struct edge *edge)
{
	CLEAN(freep) struct edge_session *s = calloc(1, sizeof(*s));
	if (!s)
		return err_raise(-ENOMEM);
	int r = conv_new(&s->conv, edge->ops, &edge->set, &edge->learnt);
	if (r)
		return err_up(r);
	s->pool = pool;
	s->world = edge_world_ref(world);
	s->edge = edge;
	s->deadline.fn = on_deadline;
	s->end.fn = on_end;
	s->client = (struct io_stream){ .fd = -1, .owner = s, .on_event = on_client_event };
	s->backend = (struct io_stream){ .fd = -1, .owner = s };
	s->target = edge->backend;
	s->address_end = s->target->address_count;
	s->began_ms = s->moved_ms = io_loop_now_ms(pool->loop);
	*ret_s = TAKE(s);
	return 0;
}

int edge_session_new(struct edge_session **ret_s, struct edge_pool *pool, struct edge_world *world,
                     struct edge *edge)
{
	struct edge_session *s = NULL;
	int r = edge_session_new_ask(&s, pool, world, edge);
	if (r)
		return err_up(r);
	s->next = &pool->sessions;
	s->prev = pool->sessions.prev;
	s->prev->next = s;
	pool->sessions.prev = s;
	pool->open++;
	*ret_s = s;
	return 0;
}
