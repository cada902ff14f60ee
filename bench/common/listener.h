/* IPv4 sockets that listen, as both the backend and the plain proxy have them. */
#ifndef COMMON_LISTENER_H
#define COMMON_LISTENER_H

#include <netinet/in.h>
#include <stdbool.h>

/* A port of 1 to 65535 in decimal, or 0. */
int listener_port(const char *text);

/* ADDRESS:PORT; 0, or -1 if it is none. */
int listener_address(struct sockaddr_in *ret_address, const char *text);

/* Does not block. is_shared: other processes listen there too. Returns the descriptor, or -1 with
 * errno. */
int listener_open(const struct sockaddr_in *at, bool is_shared);

#endif
