/* What a socket address is to the door: a text, a key of limits, a member of networks. Pure. */
#ifndef EDGE_PEER_H
#define EDGE_PEER_H

#include "conf/settings.h"
#include "edge/limits.h"

#include <sys/socket.h>

/* A unix socket is this host: "127.0.0.1". ret_port may be NULL. */
void edge_peer_text(const struct sockaddr *sa, char *ret_text, size_t cap, uint16_t *ret_port);

/* The other way round, without a port. AF_UNSPEC for what is no address. */
void edge_peer_parse(const char *text, struct sockaddr_storage *ret_sa);

/* IPv4 whole (also mapped into IPv6), IPv6 by /64. */
struct edge_limits_key edge_peer_key(const struct sockaddr *sa);

struct edge_bans;
bool edge_peer_is_banned(const struct sockaddr *sa, const struct edge_bans *bans, int64_t now_s);

bool edge_peer_is_in(const struct sockaddr *sa, const struct conf_network *networks, size_t count);

#endif
