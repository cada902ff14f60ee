/*
 * The end of a session: what is left goes out, goodbye is said to both sides, and the client gets
 * the time to read it. A client that reads slowly gets all; one that does not read is not waited
 * for, and the record does not call that well.
 */
#include "edge/session.h"

#include "base/log.h"

enum {
	LINGER_MS = 2000,     /* it has all: for the client to read our last words before a reset */
	STALL_MS = 30 * 1000, /* nothing of what is left was received */
	LONGEST_MS = 5 * 60 * 1000, /* a drip is no reading: bytes of ours are held that long */
};

static void finish(struct edge_session *s)
{
	bool is_lost = !io_stream_is_flushed(&s->client);
	if (is_lost && s->conv->outcome == CONV_OUTCOME_OK)
		s->conv->outcome = CONV_OUTCOME_CLIENT_GONE;
	edge_session_end(s, is_lost ? CONV_OUTCOME_CLIENT_GONE : CONV_OUTCOME_OK);
}

void edge_session_close(struct edge_session *s)
{
	if (s->state == EDGE_STATE_CLOSING)
		return;
	edge_session_enter(s, EDGE_STATE_CLOSING, LINGER_MS);
	if (io_stream_is_open(&s->backend))
		io_stream_end(&s->backend);
	if (s->ask && io_stream_is_open(&s->backend) && !s->backend.is_dead &&
	    !s->backend.has_ended)
		return; /* it answers QUIT and hangs up */
	if (!io_stream_is_open(&s->client) || s->client.is_dead) {
		edge_session_end(s, CONV_OUTCOME_CLIENT_GONE);
		return;
	}
	/* What broke must not look like the server's own end (an unsealed cut is one too). */
	if (s->backend_was_cut)
		io_stream_cut(&s->client);
	else
		io_stream_end(&s->client);
	s->closing_since_ms = s->closing_moved_ms = edge_session_now_ms(s);
	s->closing_left = io_stream_queued(&s->client);
	io_stream_consume(&s->client, io_stream_input(&s->client).len);
	if (s->client.has_ended && io_stream_is_flushed(&s->client))
		finish(s);
	else
		io_stream_resume(&s->client);
}

void edge_closing_event(struct edge_session *s, bool is_client, enum io_stream_event event)
{
	bool is_over = event == IO_STREAM_EOF || event == IO_STREAM_ERROR;
	if (event == IO_STREAM_DATA) {
		struct io_stream *from = is_client ? &s->client : &s->backend;
		io_stream_consume(from, io_stream_input(from).len);
	} else if (s->ask && is_over) {
		edge_session_end(s, CONV_OUTCOME_OK);
	} else if (is_client && (event == IO_STREAM_ERROR ||
	                         (event == IO_STREAM_EOF && io_stream_is_flushed(&s->client)))) {
		finish(s);
	}
}

void edge_closing_late(struct edge_session *s)
{
	uint64_t now_ms = edge_session_now_ms(s);
	size_t left = s->ask ? 0 : io_stream_unreceived(&s->client);
	bool has_moved = left < s->closing_left;
	s->closing_left = left;
	if (has_moved)
		s->closing_moved_ms = now_ms;
	bool is_reading = left && now_ms - s->closing_moved_ms < STALL_MS;
	if ((has_moved || is_reading) && now_ms - s->closing_since_ms < LONGEST_MS &&
	    !(s->client.has_ended && !left))
		io_deadline_arm(s->pool->loop, &s->deadline, LINGER_MS);
	else
		finish(s);
}
