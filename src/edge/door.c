/*
 * The door: who connects, whether there is room for him, what is known of him, and his session.
 */
#include "edge/exception.h"
#include "edge/peer.h"
#include "edge/session.h"

#include "base/log.h"
#include "base/session_id.h"
#include "proxyhdr/proxyhdr.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PROXY_HEADER_MS = 5000, REFUSALS_EVERY_MS = 1000 };

/* What depends on who the client is: what he may, and what he must. */
static void know(struct edge_session *s, const struct sockaddr *client)
{
	struct conv_facts *f = &s->conv->facts;
	const struct conf_edge *conf = s->edge->conf;
	f->now_s = time(NULL);
	struct edge_allowance allowed =
		edge_exceptions_for(s->world->settings, conf->name, client, f->now_s);
	f->may_login_plain = allowed.plain_login;
	s->old_version = allowed.version;
	f->client_is_v6 = client->sa_family == AF_INET6;
	f->must_have_tls =
		edge_peer_is_in(client, conf->require_tls_from, conf->require_tls_from_count);
	s->key = edge_peer_key(client);
}

static void facts_fill(struct edge_session *s, const struct sockaddr *peer)
{
	struct conv_facts *f = &s->conv->facts;
	struct sockaddr_storage local = {};
	socklen_t len = sizeof(local);
	session_id_make(f->session_id);
	getsockname(s->client.fd, (struct sockaddr *)&local, &len);
	edge_peer_text(peer, f->client_addr, sizeof(f->client_addr), &f->client_port);
	edge_peer_text((struct sockaddr *)&local, f->local_addr, sizeof(f->local_addr),
	               &f->local_port);
	f->is_implicit = s->is_implicit;
	know(s, peer);
}

static void refused(struct edge_pool *pool, const struct edge *edge, const struct sockaddr *peer,
                    const char *why)
{
	char client[48];
	pool->counters.refused++;
	edge_peer_text(peer, client, sizeof(client), NULL);
	log_notice(NULL, "connection refused", kv_str("edge", edge->conf->name),
	           kv_str("client", client), kv_str("reason", why));
}

/* Whoever it is. There may be thousands a second: the log has one of each second. */
static void refused_any(struct edge_pool *pool, const struct edge *edge,
                        const struct sockaddr *peer, const char *why)
{
	char client[48];
	uint64_t now_ms = io_loop_now_ms(pool->loop);
	pool->counters.refused++;
	if (pool->refusals_told_ms && now_ms - pool->refusals_told_ms < REFUSALS_EVERY_MS) {
		pool->refusals_untold++;
		return;
	}
	edge_peer_text(peer, client, sizeof(client), NULL);
	log_notice(NULL, "connection refused", kv_str("edge", edge->conf->name),
	           kv_str("client", client), kv_str("reason", why),
	           kv_int("others", pool->refusals_untold));
	pool->refusals_told_ms = now_ms;
	pool->refusals_untold = 0;
}

/* One line in clear where that is possible, and gone. */
static void turn_away(const struct edge *edge, bool is_implicit, int fd)
{
	char text[64];
	if (!is_implicit) {
		snprintf(text, sizeof(text), "%s\r\n", edge->ops->overload_line());
		(void)!send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	close(fd);
}

/* NULL: there is room. Else the reason of the log. */
static const char *pool_limit_hit(struct edge_pool *pool, const struct edge *edge)
{
	unsigned most = edge->conf->limits.max_sessions;
	if (pool->is_draining)
		return "draining";
	if (most && pool->open >= most)
		return "max_sessions";
	if (!edge_handshakes_are_late(pool, edge))
		return NULL;
	pool->counters.refused_busy++;
	return "handshake_wait";
}

/* The same for what one address may take. */
static const char *address_limit_hit(struct edge_pool *pool, const struct edge *edge,
                                     const struct sockaddr *client, bool *ret_is_counted)
{
	const struct conf_limits *l = &edge->conf->limits;
	*ret_is_counted = false;
	if (edge_peer_is_in(client, l->exempt, l->exempt_count))
		return NULL;
	if (edge_peer_is_banned(client, pool->bans, time(NULL)))
		return "banned";
	switch (edge_limits_enter(pool->limits, edge_peer_key(client), l->connections_per_address,
	                          l->handshakes_per_second, io_loop_now_ms(pool->loop))) {
	case 0:
		*ret_is_counted = true;
		return NULL;
	case EDGE_LIMITS_CONNECTIONS:
		return "connections_per_address";
	case EDGE_LIMITS_RATE:
		return "handshakes_per_second";
	default:
		return "memory";
	}
}

bool edge_door_introduced(struct edge_session *s, const struct proxyhdr_result *header)
{
	struct conv_facts *f = &s->conv->facts;
	struct sockaddr_storage client;
	char text[64];
	snprintf(f->client_addr, sizeof(f->client_addr), "%s", header->client_addr);
	snprintf(f->local_addr, sizeof(f->local_addr), "%s", header->local_addr);
	f->client_port = header->client_port;
	f->local_port = header->local_port;
	edge_peer_parse(f->client_addr, &client);
	know(s, (struct sockaddr *)&client);
	bool is_counted;
	const char *why =
		address_limit_hit(s->pool, s->edge, (struct sockaddr *)&client, &is_counted);
	s->is_counted = is_counted;
	if (!why)
		return true;
	refused(s->pool, s->edge, (struct sockaddr *)&client, why);
	snprintf(text, sizeof(text), "%s\r\n", s->edge->ops->overload_line());
	if (!s->is_implicit && io_stream_write(&s->client, slice_str(text)))
		log_debug(f->session_id, "farewell not sent");
	conv_end(s->conv, CONV_OUTCOME_OVERLOAD);
	edge_session_close(s);
	return false;
}

/* A balancer is no client: whom it brings is counted when that is known. */
static bool is_balancer(const struct edge *edge, const struct sockaddr *peer)
{
	return edge_peer_is_in(peer, edge->conf->proxy_from, edge->conf->proxy_from_count);
}

/* NULL: he is not, which was said. */
static struct edge_session *let_in(struct edge_pool *pool, struct edge_world *world,
                                   struct edge *edge, const struct sockaddr *peer)
{
	bool is_counted = false;
	struct edge_session *s = NULL;
	const char *why = pool_limit_hit(pool, edge);
	if (why) {
		refused_any(pool, edge, peer, why);
		return NULL;
	}
	if (!is_balancer(edge, peer))
		why = address_limit_hit(pool, edge, peer, &is_counted);
	if (!why && edge_session_new(&s, pool, world, edge)) {
		why = "memory";
		if (is_counted)
			edge_limits_leave(pool->limits, edge_peer_key(peer),
			                  io_loop_now_ms(pool->loop));
	}
	if (why) {
		refused(pool, edge, peer, why);
		return NULL;
	}
	s->is_counted = is_counted;
	s->key = edge_peer_key(peer);
	return s;
}

void edge_session_start(struct edge_pool *pool, struct edge_world *world, struct edge *edge,
                        bool is_implicit, int fd, const struct sockaddr *peer)
{
	struct edge_session *s = let_in(pool, world, edge, peer);
	if (!s) {
		turn_away(edge, is_implicit, fd);
		return;
	}
	s->is_implicit = is_implicit;
	pool->counters.sessions++;
	s->client.is_prompt = true;
	if (io_stream_open(&s->client, pool->loop, fd)) {
		close(fd);
		edge_session_end(s, CONV_OUTCOME_OVERLOAD);
		return;
	}
	facts_fill(s, peer);
	if (is_balancer(edge, peer))
		edge_session_enter(s, EDGE_STATE_PROXY, PROXY_HEADER_MS);
	else
		edge_session_greet(s);
}
