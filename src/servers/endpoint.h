/* Where a setting points to: "inet:10.0.0.5:8891", "unix:/run/x", "lmtp:[mx]:24", "ldaps://ldap".
 * Pure. */
#ifndef SERVERS_ENDPOINT_H
#define SERVERS_ENDPOINT_H

#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum servers_reach {
	SERVERS_REACH_SOCKET,   /* a unix socket: this host */
	SERVERS_REACH_LOOPBACK, /* 127.0.0.0/8, ::1, localhost */
	SERVERS_REACH_ALL,      /* a listener on every address: "*", "0.0.0.0", "::" */
	SERVERS_REACH_REMOTE,   /* anything else: an address or name of the network */
};

struct servers_endpoint {
	enum servers_reach reach;
	char scheme[16]; /* "inet", "unix", "ldaps", "lmtp"; "" if it has none */
	char host[256];  /* without brackets; a path where it is a socket; cut if longer */
	uint16_t port;   /* 0: not said, or by a name */
};

/* text: what one word of a setting says. Whatever it is, something comes out. */
void servers_endpoint_parse(const char *text, size_t len, struct servers_endpoint *ret_endpoint);

/* An address or host name alone. */
enum servers_reach servers_reach_of(const char *host);

#endif
