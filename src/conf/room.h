/* What max_sessions takes of the host, worked out from the settings alone. Pure. */
#ifndef CONF_ROOM_H
#define CONF_ROOM_H

#include "conf/settings.h"

/* Of one worker: all that it may have open but those of sessions, and the most sessions. */
struct conf_room_descriptors {
	unsigned long long others, sessions; /* a session takes two */
};

struct conf_room_descriptors conf_room_descriptors(const struct conf_settings *s);

/*
 * Of all workers at one backend: sessions that may come, and connections that there can be, for one
 * of this host's addresses has so many ports (ports) to each address of the backend. With "order"
 * all sessions go to the first one.
 */
struct conf_room_ports {
	unsigned long long wanted, most; /* most: ULLONG_MAX where none is counted */
};

struct conf_room_ports conf_room_ports(const struct conf_settings *s, size_t backend,
                                       unsigned workers, unsigned ports);

/*
 * Memory of all workers when each has the most sessions: those of the edge that takes most, before
 * the login, sockets of both sides in it.
 */
struct conf_room_memory {
	unsigned long long sessions, session_bytes, bytes;
	bool is_usual; /* nobody wrote max_sessions */
};

struct conf_room_memory conf_room_memory(const struct conf_settings *s, unsigned workers);

#endif
