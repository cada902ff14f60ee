#include "conf/room.h"

#include <limits.h>

/* Of a worker beside sessions and listeners: loop, log, channels. */
enum { WORKER_DESCRIPTORS = 32 };

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
