/*
 * Accepts connections that begin with a PROXY header of version 2, as mailseal's edges and other
 * proxies send it (client_info = "proxy"), reads it, and hands them on with the address that it
 * says. Whoever can connect is believed: it is for a socket that the proxy alone reaches.
 */
#ifndef WEB_FRONT_H
#define WEB_FRONT_H

#include "io/loop.h"

#include <sys/socket.h>

struct web_front;

struct web_front_settings {
	struct io_loop *loop;
	int fd; /* listens; taken in any case */
	void *owner;
	/* fd is now the owner's; peer is borrowed. */
	void (*on_client)(void *owner, int fd, const struct sockaddr *peer, socklen_t len);
};

[[nodiscard]] int web_front_new(struct web_front **ret_front, const struct web_front_settings *set);
/* Those whose header is not there are closed. NULL is fine. */
void web_front_free(struct web_front *front);

#endif
