/*
 * Who asks, and how much he may have looked at: so many runs, which come back over an hour. Pure;
 * the clock comes from outside. For --serve.
 */
#ifndef WEB_VISITOR_H
#define WEB_VISITOR_H

#include <stdbool.h>
#include <stdint.h>

enum { WEB_VISITOR_CAP = 48 };

/* Where the address of a visitor stands. */
enum web_visitor_source {
	WEB_VISITOR_PEER,      /* of the connection */
	WEB_VISITOR_FORWARDED, /* the last of X-Forwarded-For, if the connection is from this host
	                        */
};

/*
 * As limits count him: an IPv4 address, or the /64 of an IPv6 address ("2001:db8::/64"); "local" of
 * a unix socket.
 *
 * peer:      an address; NULL: a unix socket
 * forwarded: a stranger may have written all but its last address; NULL: there is none
 */
void web_visitor_of(enum web_visitor_source source, const char *peer, const char *forwarded,
                    char ret_name[WEB_VISITOR_CAP]);

/* Zeroed is empty. Of more visitors than there is room for, who asked least lately is forgotten. */
enum { WEB_VISITS_MAX = 4096 };
struct web_visit {
	char name[WEB_VISITOR_CAP];
	uint64_t
		spent_ms; /* of his hour, at at_ms: a run takes its share, and time gives it back */
	uint64_t at_ms;
};
struct web_visits {
	unsigned an_hour; /* runs */
	struct web_visit list[WEB_VISITS_MAX];
	unsigned count;
};

/* 0: a run is his. Else how many seconds it takes until he may have one. */
unsigned web_visits_take(struct web_visits *visits, const char *name, uint64_t now_ms);

#endif
