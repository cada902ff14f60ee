/*
 * What the dated exceptions allow a client (DESIGN 4). Asked anew for every session, so that an
 * exception ends by itself. Pure: the caller gives the time.
 */
#ifndef EDGE_EXCEPTION_H
#define EDGE_EXCEPTION_H

#include "conf/settings.h"

#include <sys/socket.h>

struct edge_allowance {
	bool plain_login;
	enum tls_version version; /* the lowest of those allowed; 0: none */
};

struct edge_allowance edge_exceptions_for(const struct conf_settings *settings, const char *edge,
                                          const struct sockaddr *peer, int64_t now_s);

#endif
