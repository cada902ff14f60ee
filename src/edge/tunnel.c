/* Backends that are reached by a tunnel: which may be used, and what becomes of sessions when one
 * is gone. Who asks the kernel tells it; here nothing is asked. */
#include "edge/session.h"

#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>

enum tunnel_state edge_tunnel_state(const struct edge_session *s, size_t address)
{
	const struct conf_backend *b = s->target->conf;
	struct tunnel_told wanted = { .accepts_unproven = b->accepts_unproven_tunnel };
	if (b->tls.mode != CONF_TLS_TUNNEL)
		return TUNNEL_SEALED;
	snprintf(wanted.interface, sizeof(wanted.interface), "%s",
	         b->tls.interface ? b->tls.interface : "");
	snprintf(wanted.address, sizeof(wanted.address), "%s", b->addresses[address].text);
	return tunnel_told_state(s->pool->tunnels, s->pool->tunnel_count, &wanted);
}

/* The record says the worst that the way was. */
static void session_follow(struct edge_session *s)
{
	enum tunnel_state now = edge_tunnel_state(s, s->address);
	if (now != TUNNEL_GONE) {
		s->tunnel = now < s->tunnel ? now : s->tunnel;
		return;
	}
	struct conv copy;
	log_warn(edge_session_look(s, &copy)->facts.session_id,
	         "session ends, for its tunnel is gone", kv_str("backend", s->target->conf->name),
	         kv_str("address", s->target->addresses[s->address].text));
	edge_backend_lost(s);
}

void edge_pool_tunnels(struct edge_pool *pool, struct tunnel_told *list, size_t count)
{
	free(pool->tunnels);
	pool->tunnels = list;
	pool->tunnel_count = count;
	for (struct edge_session *s = pool->sessions.next; s != &pool->sessions; s = s->next)
		if (io_stream_is_open(&s->backend) && !s->backend_is_left && !s->backend.is_dead &&
		    !s->end.is_queued && s->address < s->address_end)
			session_follow(s);
}
