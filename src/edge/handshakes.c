/*
 * The handshakes of a worker: max_handshakes at a time. Who comes above waits in line unread, the
 * first come first, until handshake_timeout. When the first in line has waited for handshake_wait
 * there are more clients than can be served: whoever connects then is refused, and those who are in
 * line are served before they lose patience, so that no work is done for clients that are gone.
 */
#include "edge/session.h"

#include "base/log.h"

static bool is_in_line(const struct edge_session *s)
{
	return s->line_next;
}

static size_t most_of(const struct edge_session *s)
{
	return s->edge->conf->limits.max_handshakes ?: SIZE_MAX;
}

static void line_leave(struct edge_session *s)
{
	s->line_next->line_prev = s->line_prev;
	s->line_prev->line_next = s->line_next;
	s->line_next = s->line_prev = NULL;
	if (!--s->pool->in_line)
		s->pool->line_most = 0;
}

static void line_join(struct edge_session *s)
{
	struct edge_session *head = &s->pool->line;
	s->line_next = head;
	s->line_prev = head->line_prev;
	head->line_prev->line_next = s;
	head->line_prev = s;
	s->line_since_ms = edge_session_now_ms(s);
	s->pool->in_line++;
	if (most_of(s) > s->pool->line_most)
		s->pool->line_most = most_of(s);
}

static bool has_room(const struct edge_session *s)
{
	return s->pool->handshakes < most_of(s);
}

bool edge_handshakes_are_late(const struct edge_pool *pool, const struct edge *edge)
{
	const struct edge_session *first = pool->line.line_next;
	uint32_t most_ms = edge->conf->limits.handshake_wait_ms;
	return most_ms && pool->in_line && !edge->conf->is_passthrough &&
	       io_loop_now_ms(pool->loop) - first->line_since_ms >= most_ms;
}

/* The old TLS of an exception for whom it covers, the edge's own for all others. */
static struct tls_server *server_of(const struct edge_session *s)
{
	struct tls_server *old = edge_old_tls(s->edge, s->old_version);
	return old ? old : s->edge->tls;
}

static void begin(struct edge_session *s)
{
	struct tls_session *tls = NULL;
	if (tls_session_accept(&tls, server_of(s), &s->client)) {
		edge_session_end(s, CONV_OUTCOME_OVERLOAD);
		return;
	}
	/* Users behind the same address are no such senders. */
	bool is_shy = s->edge->conf->protocol == CONF_SMTP &&
	              edge_shy_is(&s->pool->shy, s->key, edge_session_now_ms(s));
	s->has_ticket = s->edge->conf->tls.tickets && !is_shy;
	if (!s->has_ticket)
		tls_session_withhold_ticket(tls);
	edge_session_enter(s, EDGE_STATE_CLIENT_TLS, s->edge->conf->limits.handshake_timeout_ms);
	io_stream_start_tls(&s->client, tls);
}

void edge_handshake_begin(struct edge_session *s)
{
	s->client_tls_was_begun = true;
	if (has_room(s) && s->pool->line.line_next == &s->pool->line) {
		begin(s);
		return;
	}
	edge_session_enter(s, EDGE_STATE_TLS_WAIT, s->edge->conf->limits.handshake_timeout_ms);
	line_join(s);
	io_stream_pause(&s->client);
	if (has_room(s)) /* behind others, whose turn is first */
		io_later_add(s->pool->loop, &s->pool->line_moves);
}

/* A place is free. Edges may have limits of their own, so whose turn it is not is passed over; when
 * nobody has a turn any more, the rest of a long line is not looked at. */
void edge_handshakes_line_moves(struct io_later *later)
{
	struct edge_pool *pool =
		(struct edge_pool *)((char *)later - offsetof(struct edge_pool, line_moves));
	struct edge_session *s = pool->line.line_next;
	while (s != &pool->line && pool->handshakes < pool->line_most) {
		struct edge_session *next = s->line_next;
		if (has_room(s) && !s->end.is_queued) {
			io_stream_resume(&s->client);
			begin(s);
		}
		s = next;
	}
}

void edge_handshakes_follow(struct edge_session *s, enum edge_state next)
{
	if (is_in_line(s))
		line_leave(s);
	if (next == EDGE_STATE_CLIENT_TLS)
		s->pool->handshakes++;
	if (s->state != EDGE_STATE_CLIENT_TLS)
		return;
	s->pool->handshakes--;
	edge_tidy_note(&s->pool->tidy);
	if (s->pool->line.line_next != &s->pool->line)
		io_later_add(s->pool->loop, &s->pool->line_moves);
}

/* A sender that leaves as soon as TLS is up may not bear its ticket. Users' programs do. */
void edge_handshakes_ticket_end(struct edge_session *s)
{
	struct edge_shy *shy = &s->pool->shy;
	uint64_t now_ms = edge_session_now_ms(s);
	if (!s->client_tls_was_up || !s->has_ticket || s->edge->conf->protocol != CONF_SMTP)
		return;
	if (s->client.bytes_in > s->bytes_before_tls)
		edge_shy_went_on(shy, s->key);
	else if (s->conv->outcome == CONV_OUTCOME_CLIENT_GONE &&
	         edge_shy_hung_up(shy, s->key, now_ms))
		log_notice(s->conv->facts.session_id, "sender gets no tickets for a day",
		           kv_str("edge", s->edge->conf->name),
		           kv_str("client", s->conv->facts.client_addr),
		           kv_str("reason", "it hung up three times when one came"));
}
