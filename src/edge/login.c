/* Logins as the edge sees them: how each ended, what of it came in clear, who guesses. */
#include "edge/session.h"

#include "base/log.h"

void edge_login_expose(struct edge_session *s)
{
	const struct conv *c = s->conv;
	if (c->exposure.has_happened && !c->facts.may_login_plain)
		edge_record_exposure(s);
}

/* Both sides rest: nothing is read, so nobody is answered before the deadline. */
static void hold(struct edge_session *s, enum conv_todo todo, uint32_t delay_ms)
{
	log_notice(s->conv->facts.session_id, "login slowed", kv_str("edge", s->edge->conf->name),
	           kv_str("client", s->conv->facts.client_addr), kv_str("user", s->conv->user),
	           kv_ms("seconds", delay_ms));
	s->held_todo = todo;
	edge_session_enter(s, EDGE_STATE_HELD, delay_ms);
	io_stream_pause(&s->client);
	io_stream_pause(&s->backend);
}

bool edge_login_hold(struct edge_session *s, enum conv_todo todo)
{
	struct conv *c = s->conv;
	bool has_failed = c->login_failures != s->login_failures;
	bool got_in = c->is_logged_in && !s->login_was_seen;
	struct edge_throttle_pair pair = { .user = c->user, .address = s->key };
	if (!has_failed && !got_in)
		return false;
	s->login_failures = c->login_failures;
	s->login_was_seen = c->is_logged_in;
	if (c->exposure.has_happened)
		edge_record_exposure(s);
	if (!c->user[0])
		return false;
	if (got_in) {
		edge_throttle_succeeded(s->pool->throttle, pair);
		return false;
	}
	uint32_t delay_ms = edge_throttle_failed(s->pool->throttle, pair,
	                                         s->edge->conf->limits.login_delay_after,
	                                         edge_session_now_ms(s));
	if (delay_ms)
		hold(s, todo, delay_ms);
	return delay_ms;
}

static void end_if_told(struct edge_session *s, const struct io_stream *stream, enum conv_side side)
{
	bool is_over = stream->end_is_told || stream->is_dead;
	if (is_over && s->state == EDGE_STATE_TALK && !s->end.is_queued)
		edge_session_side_ended(s, side);
}

void edge_login_release(struct edge_session *s)
{
	edge_session_enter(s, EDGE_STATE_TALK, 0);
	io_stream_resume(&s->client);
	io_stream_resume(&s->backend);
	edge_session_act(s, 0, s->held_todo);
	edge_session_pump(s);
	/* An end that came with the bytes before the hold is not told again. */
	end_if_told(s, &s->backend, CONV_BACKEND);
	end_if_told(s, &s->client, CONV_CLIENT);
}
