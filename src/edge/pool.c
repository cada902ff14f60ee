/* All sessions of a worker, and how they end when it drains. */
#include "edge/bans.h"
#include "edge/peer.h"
#include "edge/session.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

enum { QUIET_MS = 5000 }; /* both ways silent: a farewell does no harm (DECISIONS 11) */

static bool is_quiet(const struct edge_session *s)
{
	return edge_session_now_ms(s) - s->moved_ms >= QUIET_MS && s->is_last_crlf;
}

static bool is_in_data(const struct edge_session *s)
{
	return s->conv && s->conv->is_in_data;
}

/* Ends one session politely, at the next point where that is safe. */
static void session_drain(struct edge_session *s)
{
	enum conv_todo todo = CONV_TODO_CLOSE;
	switch (s->state) {
	case EDGE_STATE_TALK: {
		int r = conv_expire(edge_session_conv(s), CONV_EXPIRY_DRAIN, &todo);
		edge_session_act(s, r, todo);
		break;
	}
	case EDGE_STATE_SPLICE:
		if (is_quiet(s) && s->edge->ops->spliced_bye &&
		    io_stream_write(&s->client, slice_str(s->edge->ops->spliced_bye)))
			log_debug(NULL, "farewell not sent");
		edge_splice_end(s, CONV_OUTCOME_DRAINED);
		break;
	case EDGE_STATE_PROXY:
	case EDGE_STATE_GREET_DELAY:
	case EDGE_STATE_HELLO:
	case EDGE_STATE_TLS_WAIT:
	case EDGE_STATE_CLIENT_TLS:
	case EDGE_STATE_HELD:
	case EDGE_STATE_LOOKUP:
	case EDGE_STATE_CONNECT:
	case EDGE_STATE_ASK:
	case EDGE_STATE_BACKEND_TLS:
	case EDGE_STATE_CLOSING:
	case EDGE_STATE_COUNT:
		break; /* on its way; met again at the next tick */
	}
}

/* What a second brings is not kept for the next. */
static void drain_earn(struct edge_pool *pool, uint64_t now_ms)
{
	uint64_t most = 1000 * (uint64_t)pool->drain_per_second;
	pool->drain_credit += (now_ms - pool->drain_paid_ms) * pool->drain_per_second;
	if (pool->drain_credit > most)
		pool->drain_credit = most;
	pool->drain_paid_ms = now_ms;
}

static void on_drain_tick(struct io_deadline *d)
{
	struct edge_pool *pool =
		(struct edge_pool *)((char *)d - offsetof(struct edge_pool, drain_tick));
	uint64_t now_ms = io_loop_now_ms(pool->loop);
	bool is_late = now_ms >= pool->drain_until_ms;
	drain_earn(pool, now_ms);
	struct edge_session *s = pool->sessions.next;
	while (s != &pool->sessions) {
		struct edge_session *next = s->next;
		if (is_late && s->state != EDGE_STATE_TALK && s->state != EDGE_STATE_SPLICE) {
			edge_session_end(s, CONV_OUTCOME_DRAINED);
		} else if (is_late ||
		           (pool->drain_credit >= 1000 && !is_in_data(s) && is_quiet(s))) {
			session_drain(s);
			pool->drain_credit -= is_late ? 0 : 1000;
		}
		s = next;
	}
	io_deadline_arm(pool->loop, &pool->drain_tick, IO_WHEEL_TICK_MS * 2);
}

void edge_pool_drain(struct edge_pool *pool, unsigned per_second, uint32_t deadline_ms,
                     void (*on_empty)(void *owner), void *owner)
{
	pool->is_draining = true;
	pool->drain_per_second = per_second;
	pool->drain_credit = 1000; /* the first goes at once */
	pool->drain_paid_ms = io_loop_now_ms(pool->loop);
	pool->drain_until_ms = pool->drain_paid_ms + deadline_ms;
	pool->on_empty = on_empty;
	pool->on_empty_owner = owner;
	if (!pool->open)
		on_empty(owner);
	else
		io_deadline_arm(pool->loop, &pool->drain_tick, IO_WHEEL_TICK_MS);
}

int edge_pool_new(struct edge_pool **ret_pool, struct io_loop *loop)
{
	CLEAN(freep) struct edge_pool *pool = calloc(1, sizeof(*pool));
	if (!pool)
		return err_raise(-ENOMEM);
	int r = edge_limits_new(&pool->limits);
	if (r)
		return err_up(r);
	r = edge_limits_new(&pool->users);
	if (!r)
		r = edge_throttle_new(&pool->throttle);
	if (!r && !(pool->bans = calloc(1, sizeof(*pool->bans))))
		r = err_raise(-ENOMEM);
	if (r) {
		edge_limits_free(pool->limits);
		edge_limits_free(pool->users);
		return err_up(r);
	}
	if (getrandom(&pool->shy.seed, sizeof(pool->shy.seed), 0) < 0)
		pool->shy.seed = (uintptr_t)pool;
	pool->loop = loop;
	pool->sessions.next = pool->sessions.prev = &pool->sessions;
	pool->line.line_next = pool->line.line_prev = &pool->line;
	pool->line_moves.fn = edge_handshakes_line_moves;
	pool->drain_tick.fn = on_drain_tick;
	edge_tidy_init(&pool->tidy, loop);
	*ret_pool = TAKE(pool);
	return 0;
}

void edge_pool_record_to(struct edge_pool *pool, struct store_recorder *recorder)
{
	pool->recorder = recorder;
}

void edge_pool_guess_to(struct edge_pool *pool, struct edge_guesses *guesses)
{
	pool->guesses = guesses;
}

void edge_pool_guess_heard(struct edge_pool *pool, const struct edge_throttle_pair *pair,
                           unsigned failures)
{
	edge_throttle_heard(pool->throttle, *pair, failures, io_loop_now_ms(pool->loop));
}

static bool is_banned(const struct edge_session *s, int64_t now_s)
{
	const struct edge_bans *bans = s->pool->bans;
	const struct conf_limits *l = &s->edge->conf->limits;
	struct sockaddr_storage client;
	struct conv copy;
	const struct conv *c = edge_session_look(s, &copy);
	if (c->is_logged_in && edge_bans_has_user(bans, c->user, now_s))
		return true;
	edge_peer_parse(c->facts.client_addr, &client);
	return edge_peer_is_banned((struct sockaddr *)&client, bans, now_s) &&
	       !edge_peer_is_in((struct sockaddr *)&client, l->exempt, l->exempt_count);
}

static void banned_tell(const struct edge_session *s)
{
	struct conv copy;
	const struct conv *c = edge_session_look(s, &copy);
	log_notice(c->facts.session_id, "session of the banned ended",
	           kv_str("edge", s->edge->conf->name), kv_str("client", c->facts.client_addr),
	           kv_str("user", c->user));
}

/* The reply to the message is still to go out, or it would be sent twice. */
bool edge_session_leave_if_banned(struct edge_session *s)
{
	if (!s->is_banned || s->conv->is_in_data)
		return false;
	banned_tell(s);
	conv_end(s->conv, CONV_OUTCOME_OVERLOAD);
	edge_session_close(s);
	return true;
}

void edge_pool_ban(struct edge_pool *pool, struct slice text)
{
	int64_t now_s = time(NULL);
	edge_bans_read(pool->bans, text);
	for (struct edge_session *s = pool->sessions.next, *next; s != &pool->sessions; s = next) {
		next = s->next;
		s->is_banned = !s->ask && is_banned(s, now_s);
		if (!s->is_banned || s->end.is_queued || is_in_data(s))
			continue;
		banned_tell(s);
		edge_session_end(s, CONV_OUTCOME_OVERLOAD);
	}
}

void edge_pool_free(struct edge_pool *pool)
{
	if (!pool)
		return;
	while (pool->sessions.next != &pool->sessions) {
		struct edge_session *s = pool->sessions.next;
		if (edge_session_wake(s))
			conv_end(s->conv, CONV_OUTCOME_DRAINED);
		io_later_remove(pool->loop, &s->end);
		edge_session_free(s);
	}
	io_deadline_disarm(&pool->drain_tick);
	edge_tidy_deinit(&pool->tidy);
	io_later_remove(pool->loop, &pool->line_moves);
	edge_limits_free(pool->limits);
	edge_limits_free(pool->users);
	edge_throttle_free(pool->throttle);
	free(pool->bans);
	free(pool->tunnels);
	free(pool);
}

const struct edge_counters *edge_pool_counters(const struct edge_pool *pool)
{
	return &pool->counters;
}

size_t edge_pool_open(const struct edge_pool *pool)
{
	return pool->open;
}

size_t edge_pool_in_line(const struct edge_pool *pool)
{
	return pool->in_line;
}
