/*
 * The kernel asked, and heard. Its answers come at once, from memory: nothing here waits for
 * anybody else.
 */
#ifndef TUNNEL_LOOK_H
#define TUNNEL_LOOK_H

#include "tunnel/tunnel.h"

/*
 * way: its address and port are taken from to
 * uid: who will connect, for routes may depend on it
 */
void tunnel_look(struct tunnel_way *way, const struct sockaddr *to, uint32_t uid,
                 struct tunnel_verdict *ret_verdict);

/* Sockets that can be read when something has changed that a verdict may hang on. WireGuard and
 * MACsec tell nobody of their settings, so a look is due every minute all the same. */
enum { TUNNEL_NEWS_COUNT = 2 };
/* -1: that one cannot be had (the one of IPsec is for root). The caller closes them. */
void tunnel_news_open(int ret_fds[TUNNEL_NEWS_COUNT]);
/* Reads what came; which change it was does not matter. False: nothing came. */
bool tunnel_news_came(int fd);

#endif
