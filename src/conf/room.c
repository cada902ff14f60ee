#include "conf/room.h"

#include <limits.h>

/* Of a worker beside sessions and listeners: loop, log, channels. */
enum { WORKER_DESCRIPTORS = 32 };

/* Bytes, as measured: bench/RESULTS.md, "Idle sessions"; tests/test_idle_memory.py bounds them. */
enum {
	SESSION_BYTES = 19000,     /* TLS with the client, before its login */
	SESSION_TLS_BYTES = 36000, /* and with the backend */
	SESSION_COMPACT_BYTES = 5300,
	SOCKETS_BYTES = 18600, /* of the kernel, for both */
	DAEMON_BYTES = 11 * 1024 * 1024,
	SESSIONS_USUAL = 8000, /* the default of max_sessions */
};

/* Each worker has a socket per listener (two for "*"), and two descriptors a session. */
static size_t listeners_count(const struct conf_settings *s)
{
	size_t count = 0;
	for (size_t i = 0; i < s->edge_count; i++) {
		const struct conf_edge *e = &s->edges[i];
		for (size_t j = 0; j < e->listen_count; j++)
			count += e->listen[j].kind == CONF_ADDRESS_ANY ? 2 : 1;
		for (size_t j = 0; j < e->listen_tls_count; j++)
			count += e->listen_tls[j].kind == CONF_ADDRESS_ANY ? 2 : 1;
	}
	return count;
}

/* Their listeners, and two for each connection. */
static unsigned long long links_count(const struct conf_settings *s)
{
	unsigned long long count = 0;
	for (size_t i = 0; i < s->link_count; i++) {
		const struct conf_link *link = &s->links[i];
		count += 2 * (link->listen_count + link->listen_tls_count);
		count += 2ULL * (link->protocol == CONF_LINK_SYSLOG ? 1 : link->connections);
	}
	return count;
}

struct conf_room_descriptors conf_room_descriptors(const struct conf_settings *s)
{
	struct conf_room_descriptors room = {};
	for (size_t i = 0; i < s->edge_count; i++)
		if (s->edges[i].limits.max_sessions > room.sessions)
			room.sessions = s->edges[i].limits.max_sessions;
	room.others = listeners_count(s) + links_count(s) + WORKER_DESCRIPTORS;
	return room;
}

static bool has_sealed_backend(const struct conf_settings *s, const struct conf_edge *e)
{
	for (size_t i = 0; i < s->backend_count; i++)
		if (conf_edge_has_backend(e, i) && conf_tls_is_ours(&s->backends[i].tls))
			return true;
	return false;
}

static unsigned session_bytes(const struct conf_settings *s, const struct conf_edge *e)
{
	if (e->tls.compact)
		return SESSION_COMPACT_BYTES;
	return has_sealed_backend(s, e) ? SESSION_TLS_BYTES : SESSION_BYTES;
}

struct conf_room_memory conf_room_memory(const struct conf_settings *s, unsigned workers)
{
	struct conf_room_memory room = { .is_usual = true };
	for (size_t i = 0; i < s->edge_count; i++) {
		const struct conf_edge *e = &s->edges[i];
		unsigned long long most = (unsigned long long)workers * e->limits.max_sessions;
		unsigned each = session_bytes(s, e) + SOCKETS_BYTES;
		room.is_usual &= e->limits.max_sessions == SESSIONS_USUAL;
		if (most * each <= room.bytes)
			continue;
		room = (struct conf_room_memory){ most, each, most * each, room.is_usual };
	}
	room.bytes += DAEMON_BYTES;
	return room;
}

/* From how many of this host's addresses it may be reached. */
static size_t sources_to(const struct conf_backend *b, const struct conf_address *a)
{
	size_t count = 0;
	for (size_t i = 0; i < b->source_count; i++)
		count += b->sources[i].is_v6 == (a->kind == CONF_ADDRESS_INET6);
	return count ? count : 1;
}

struct conf_room_ports conf_room_ports(const struct conf_settings *s, size_t backend,
                                       unsigned workers, unsigned ports)
{
	const struct conf_backend *b = &s->backends[backend];
	size_t used = b->balance == CONF_BALANCE_ORDER ? 1 : b->address_count;
	struct conf_room_ports room = {};
	for (size_t i = 0; i < s->edge_count; i++)
		if (conf_edge_has_backend(&s->edges[i], backend) &&
		    s->edges[i].limits.max_sessions > room.wanted)
			room.wanted = s->edges[i].limits.max_sessions;
	room.wanted *= workers;
	for (size_t i = 0; i < used; i++) {
		if (b->addresses[i].kind == CONF_ADDRESS_UNIX)
			return (struct conf_room_ports){ room.wanted, ULLONG_MAX };
		room.most += (unsigned long long)sources_to(b, &b->addresses[i]) * ports;
	}
	return room;
}
