/* A session whose bytes go both ways unlooked at, until one side ends. */
#include "edge/session.h"

#include "io/splice.h"

enum {
	HALF_CLOSED_MS = 30000, /* the client ended: silence of the server for so long is its end */
};

static bool splice_to(struct edge_session *s, struct io_stream *from, struct io_stream *to)
{
	struct slice input = io_stream_input(from);
	if (!input.len)
		return true;
	s->moved_ms = edge_session_now_ms(s);
	if (to == &s->client)
		edge_session_note_sent(s, input);
	if (to == &s->client && s->passed)
		edge_passed_feed(s->passed, input);
	if (io_splice_move(from, to)) {
		edge_session_end(s, CONV_OUTCOME_OVERLOAD);
		return false;
	}
	return true;
}

/* One side of a spliced session ended: the other hears of it, and may finish what it says. */
static void splice_ended(struct edge_session *s, struct io_stream *from, struct io_stream *to)
{
	if (!splice_to(s, from, to))
		return;
	if (!edge_session_wake(s)) {
		edge_session_end(s, CONV_OUTCOME_OVERLOAD);
		return;
	}
	/* Mail protocols say themselves when they are through, and many servers then just close. */
	bool is_cut = from->is_dead || (from->was_truncated && s->edge->ops->ends_by_closing);
	if (from == &s->backend && is_cut) {
		s->backend_was_cut = true;
		conv_end(s->conv, CONV_OUTCOME_BACKEND_BROKEN);
	} else if (from->is_dead) {
		conv_end(s->conv, CONV_OUTCOME_CLIENT_GONE);
	}
	if (from == &s->backend || to->has_ended || from->is_dead || to->is_dead) {
		conv_end(s->conv, CONV_OUTCOME_OK);
		edge_session_close(s);
		return;
	}
	io_stream_end(to);
	io_deadline_arm(s->pool->loop, &s->deadline, HALF_CLOSED_MS);
}

void edge_splice_begin(struct edge_session *s)
{
	edge_session_enter(s, EDGE_STATE_SPLICE, s->edge->conf->limits.idle_timeout_ms);
	s->client.is_bulk = s->backend.is_bulk = true;
	edge_learn_seen(s);
	conv_forget_seen(s->conv);
	if (s->is_counted && s->conv->is_logged_in) {
		edge_limits_leave(s->pool->limits, s->key, edge_session_now_ms(s));
		s->is_counted = false;
	}
	if (!splice_to(s, &s->client, &s->backend) || !splice_to(s, &s->backend, &s->client))
		return;
	/* An end that came before the backend was there is not told again. */
	if (s->client.end_is_told)
		splice_ended(s, &s->client, &s->backend);
	if (s->state == EDGE_STATE_SPLICE && !s->end.is_queued)
		edge_session_rest(s);
}

/* For the next byte, either way. */
static void splice_wait(struct edge_session *s)
{
	uint32_t idle_ms = s->edge->conf->limits.idle_timeout_ms;
	if (s->client.has_ended)
		io_deadline_arm(s->pool->loop, &s->deadline, HALF_CLOSED_MS);
	else if (idle_ms)
		io_deadline_arm(s->pool->loop, &s->deadline, idle_ms);
}

void edge_splice_event(struct edge_session *s, struct io_stream *from, enum io_stream_event event)
{
	struct io_stream *to = from == &s->client ? &s->backend : &s->client;
	switch (event) {
	case IO_STREAM_DATA:
		splice_wait(s);
		splice_to(s, from, to);
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

void edge_splice_end(struct edge_session *s, enum conv_outcome outcome)
{
	if (!edge_session_wake(s)) {
		edge_session_end(s, outcome);
		return;
	}
	conv_end(s->conv, outcome);
	edge_session_close(s);
}
