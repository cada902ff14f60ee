/*
 * The door: who connects, whether there is room for him, what is known of him, and his session.
 */
#include "edge/session.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum { PROXY_HEADER_MS = 5000 };

static void address_text(const struct sockaddr *sa, char *ret_text, size_t cap, uint16_t *ret_port)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)sa;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)sa;
	bool is_v6 = sa->sa_family == AF_INET6;
	*ret_port = ntohs(is_v6 ? v6->sin6_port : v4->sin_port);
	if (sa->sa_family == AF_INET || is_v6)
		inet_ntop(sa->sa_family, is_v6 ? (const void *)&v6->sin6_addr : &v4->sin_addr,
		          ret_text, (socklen_t)cap);
	else
		snprintf(ret_text, cap, "127.0.0.1"); /* a unix socket is this host */
}

static struct edge_limits_key key_of(const struct sockaddr *sa)
{
	struct edge_limits_key key = {};
	if (sa->sa_family == AF_INET6) {
		memcpy(key.bytes, &((const struct sockaddr_in6 *)sa)->sin6_addr, 8);
	} else if (sa->sa_family == AF_INET) {
		key.bytes[10] = key.bytes[11] = 0xff;
		memcpy(key.bytes + 12, &((const struct sockaddr_in *)sa)->sin_addr, 4);
	}
	return key;
}

static bool is_in_networks(const struct sockaddr *sa, const struct conf_network *networks,
                           size_t count)
{
	uint8_t addr[16] = {};
	bool is_v6 = sa->sa_family == AF_INET6;
	if (is_v6)
		memcpy(addr, &((const struct sockaddr_in6 *)sa)->sin6_addr, 16);
	else if (sa->sa_family == AF_INET)
		memcpy(addr, &((const struct sockaddr_in *)sa)->sin_addr, 4);
	for (size_t i = 0; i < count; i++)
		if (conf_network_contains(&networks[i], addr, is_v6))
			return true;
	return false;
}

/* Dated exceptions that cover this client at this edge, today. */
static bool has_exception(const struct edge_world *w, const struct edge *edge,
                          const struct sockaddr *peer, int64_t now_s)
{
	for (size_t i = 0; i < w->settings->exception_count; i++) {
		const struct conf_exception *e = &w->settings->exceptions[i];
		if (e->allow_plain_login && !strcmp(e->edge, edge->conf->name) &&
		    e->until_s > now_s &&
		    (e->any_from || is_in_networks(peer, e->from, e->from_count)))
			return true;
	}
	return false;
}

static void facts_fill(struct edge_session *s, const struct sockaddr *peer)
{
	struct conv_facts *f = &s->conv->facts;
	struct sockaddr_storage local = {};
	socklen_t len = sizeof(local);
	uint64_t id = 0;
	if (getrandom(&id, sizeof(id), 0) != sizeof(id))
		id = (uintptr_t)s ^ edge_session_now_ms(s);
	snprintf(f->session_id, sizeof(f->session_id), "%016llx", (unsigned long long)id);
	getsockname(s->client.fd, (struct sockaddr *)&local, &len);
	address_text(peer, f->client_addr, sizeof(f->client_addr), &f->client_port);
	address_text((struct sockaddr *)&local, f->local_addr, sizeof(f->local_addr),
	             &f->local_port);
	f->client_is_v6 = peer->sa_family == AF_INET6;
	f->is_implicit = s->is_implicit;
	f->now_s = time(NULL);
	f->may_login_plain = has_exception(s->world, s->edge, peer, f->now_s);
	f->must_have_tls = is_in_networks(peer, s->edge->conf->require_tls_from,
	                                  s->edge->conf->require_tls_from_count);
}

/* Over a limit: one line in clear where that is possible, and gone. */
static void turn_away(struct edge_pool *pool, struct edge *edge, bool is_implicit, int fd,
                      const struct sockaddr *peer, const char *why)
{
	char text[64];
	char addr[48];
	uint16_t port;
	address_text(peer, addr, sizeof(addr), &port);
	pool->counters.refused++;
	log_notice(NULL, "connection refused", kv_str("edge", edge->conf->name),
	           kv_str("client", addr), kv_str("reason", why));
	if (!is_implicit) {
		snprintf(text, sizeof(text), "%s\r\n", edge->ops->overload_line());
		(void)!send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	close(fd);
}

/* NULL: come in. Else the reason of the log. */
static const char *limit_hit(struct edge_pool *pool, const struct edge *edge,
                             const struct sockaddr *peer, struct edge_limits_key key,
                             bool *ret_is_counted)
{
	const struct conf_limits *l = &edge->conf->limits;
	*ret_is_counted = false;
	if (pool->is_draining)
		return "draining";
	if (l->max_sessions && pool->open >= l->max_sessions)
		return "max_sessions";
	if (l->max_handshakes && pool->handshakes >= l->max_handshakes)
		return "max_handshakes";
	if (is_in_networks(peer, l->exempt, l->exempt_count))
		return NULL;
	switch (edge_limits_enter(pool->limits, key, l->connections_per_address,
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

void edge_session_start(struct edge_pool *pool, struct edge_world *world, struct edge *edge,
                        bool is_implicit, int fd, const struct sockaddr *peer)
{
	struct edge_limits_key key = key_of(peer);
	bool is_counted;
	const char *why = limit_hit(pool, edge, peer, key, &is_counted);
	if (why) {
		turn_away(pool, edge, is_implicit, fd, peer, why);
		return;
	}
	struct edge_session *s = NULL;
	if (edge_session_new(&s, pool, world, edge)) {
		if (is_counted)
			edge_limits_leave(pool->limits, key, io_loop_now_ms(pool->loop));
		turn_away(pool, edge, is_implicit, fd, peer, "memory");
		return;
	}
	s->key = key;
	s->is_counted = is_counted;
	s->is_implicit = is_implicit;
	pool->counters.sessions++;
	if (io_stream_open(&s->client, pool->loop, fd)) {
		close(fd);
		edge_session_end(s, CONV_OUTCOME_OVERLOAD);
		return;
	}
	facts_fill(s, peer);
	if (is_in_networks(peer, edge->conf->proxy_from, edge->conf->proxy_from_count))
		edge_session_enter(s, EDGE_STATE_PROXY, PROXY_HEADER_MS);
	else
		edge_session_greet(s);
}
