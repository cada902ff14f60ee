/* Logins as the edge sees them: how each ended, what of it came in clear, who guesses. */
#include "edge/bans.h"
#include "edge/lookup.h"
#include "edge/peer.h"
#include "edge/session.h"

#include "base/log.h"

#include <time.h>

/* All of an address whose mechanism shows no name, or who hide it: they guess as one user. */
#define NAMELESS "-"

void edge_login_expose(struct edge_session *s)
{
	const struct conv *c = s->conv;
	if (c->exposure.has_happened && !c->facts.may_login_plain)
		edge_record_exposure(s);
}

/* Both sides rest: nothing is read, so nobody is answered before the deadline. */
static void hold(struct edge_session *s, uint32_t delay_ms)
{
	edge_session_enter(s, EDGE_STATE_HELD, delay_ms);
	io_stream_pause(&s->client);
	io_stream_pause(&s->backend);
}

static void slow(struct edge_session *s, uint32_t delay_ms)
{
	log_notice(s->conv->facts.session_id, "login slowed", kv_str("edge", s->edge->conf->name),
	           kv_str("client", s->conv->facts.client_addr), kv_str("user", s->conv->user),
	           kv_ms("seconds", delay_ms));
	s->pool->counters.logins_slowed++;
	hold(s, delay_ms);
}

/* NULL: there is room for one more of this user. Else the reason of the log. */
static const char *user_limit_hit(struct edge_session *s)
{
	const struct conf_limits *l = &s->edge->conf->limits;
	struct sockaddr_storage client;
	if (!s->conv->user[0])
		return NULL;
	if (edge_bans_has_user(s->pool->bans, s->conv->user, time(NULL)))
		return "banned";
	if (s->is_counted_as_user || !l->connections_per_user)
		return NULL;
	edge_peer_parse(s->conv->facts.client_addr, &client);
	if (edge_peer_is_in((struct sockaddr *)&client, l->exempt, l->exempt_count))
		return NULL;
	s->user_key = edge_limits_user_key(s->conv->user, s->key);
	int r = edge_limits_enter(s->pool->users, s->user_key, l->connections_per_user, 0,
	                          edge_session_now_ms(s));
	s->is_counted_as_user = !r;
	return !r ? NULL : r == EDGE_LIMITS_CONNECTIONS ? "connections_per_user" : "memory";
}

/* The backend's answer he never sees, if it was asked. */
static void turn_away(struct edge_session *s, const char *why, enum conv_outcome outcome)
{
	struct conv *c = s->conv;
	log_notice(c->facts.session_id, "login refused", kv_str("edge", s->edge->conf->name),
	           kv_str("client", c->facts.client_addr), kv_str("user", c->user),
	           kv_str("reason", why));
	buf_clear(&c->out[CONV_CLIENT]);
	buf_deinit_secret(&c->out[CONV_BACKEND]);
	int r = buf_printf(&c->out[CONV_CLIENT], "%s\r\n", c->ops->overload_line());
	edge_session_act(s, r, conv_end(c, outcome));
}

static bool is_exempt(const struct edge_session *s)
{
	const struct conf_limits *l = &s->edge->conf->limits;
	struct sockaddr_storage client;
	if (!l->login_exempt_count)
		return false;
	edge_peer_parse(s->conv->facts.client_addr, &client);
	return edge_peer_is_in((struct sockaddr *)&client, l->login_exempt, l->login_exempt_count);
}

static struct edge_throttle_pair pair_of(const struct edge_session *s)
{
	return (struct edge_throttle_pair){ .user = s->conv->user[0] ? s->conv->user : NAMELESS,
		                            .address = s->key };
}

/* He failed too often from here. */
static bool is_refused(const struct edge_session *s)
{
	const struct conv *c = s->conv;
	const struct conf_limits *l = &s->edge->conf->limits;
	return c->user[0] && !c->is_logged_in && !s->ask &&
	       edge_throttle_refuses(s->pool->throttle, pair_of(s), l->login_refuse_after,
	                             l->login_refuse_for_ms, edge_session_now_ms(s)) &&
	       !is_exempt(s);
}

static bool refuse(struct edge_session *s)
{
	s->pool->counters.logins_refused++;
	turn_away(s, "failed logins", CONV_OUTCOME_LOGIN_FAILED);
	return true;
}

bool edge_login_turns_away(struct edge_session *s)
{
	return is_refused(s) && refuse(s);
}

/* He is in at the backend; but not here, if he has too many sessions, or is banned. */
static bool got_in_follow(struct edge_session *s, struct edge_throttle_pair pair)
{
	edge_throttle_succeeded(s->pool->throttle, pair);
	const char *why = user_limit_hit(s);
	if (!why)
		return false;
	s->pool->counters.refused++;
	turn_away(s, why, CONV_OUTCOME_OVERLOAD);
	return true;
}

static bool failed_follow(struct edge_session *s, struct edge_throttle_pair pair,
                          enum conv_todo todo)
{
	uint32_t waits_ms = edge_lookup_refusal_waits_ms(s), delay_ms = 0;
	if (!is_exempt(s))
		delay_ms = edge_throttle_failed(s->pool->throttle, pair,
		                                s->edge->conf->limits.login_delay_after,
		                                edge_session_now_ms(s));
	s->held_todo = todo;
	s->held_more_ms = waits_ms ? delay_ms : 0;
	if (waits_ms)
		hold(s, waits_ms);
	else if (delay_ms)
		slow(s, delay_ms);
	return waits_ms || delay_ms;
}

bool edge_login_follow(struct edge_session *s, enum conv_todo todo)
{
	struct conv *c = s->conv;
	bool has_failed = c->login_failures != s->login_failures;
	bool got_in = c->is_logged_in && !s->login_was_seen;
	struct edge_throttle_pair pair = pair_of(s);
	/* What he says now would reach the backend. */
	if (!has_failed && !got_in)
		return buf_len(&c->out[CONV_BACKEND]) && edge_login_turns_away(s);
	s->login_failures = c->login_failures;
	s->login_was_seen = c->is_logged_in;
	if (c->exposure.has_happened)
		edge_record_exposure(s);
	if (s->pool->guesses)
		s->pool->guesses->tell(s->pool->guesses, pair, !got_in);
	if (got_in)
		return got_in_follow(s, pair);
	return failed_follow(s, pair, todo);
}

static void end_if_told(struct edge_session *s, const struct io_stream *stream, enum conv_side side)
{
	bool is_over = stream->end_is_told || stream->is_dead;
	if (is_over && s->state == EDGE_STATE_TALK && !s->end.is_queued)
		edge_session_side_ended(s, side);
}

void edge_login_release(struct edge_session *s)
{
	uint32_t more_ms = s->held_more_ms;
	s->held_more_ms = 0;
	if (more_ms) {
		slow(s, more_ms);
		return;
	}
	edge_session_enter(s, EDGE_STATE_TALK, 0);
	io_stream_resume(&s->client);
	io_stream_resume(&s->backend);
	edge_session_act(s, 0, s->held_todo);
	edge_session_pump(s);
	/* An end that came with the bytes before the hold is not told again. */
	end_if_told(s, &s->backend, CONV_BACKEND);
	end_if_told(s, &s->client, CONV_CLIENT);
}
