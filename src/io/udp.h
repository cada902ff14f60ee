/* A datagram socket that is connected to one peer. It owns its descriptor. */
#ifndef IO_UDP_H
#define IO_UDP_H

#include "base/slice.h"
#include "io/loop.h"

#include <sys/socket.h>

struct io_udp {
	struct io_loop *loop;
	struct io_watch *watch;
	int fd;
	/* packet is borrowed. error: an errno, and no packet (nobody listens there). It may be
	 * closed or opened anew from inside. */
	void (*on_packet)(struct io_udp *u, struct slice packet, int error);
	void *owner;
};

/* fd is -1, or closed before; on_packet and owner are the caller's to set. 0 or a negative. */
[[nodiscard]] int io_udp_open(struct io_udp *u, struct io_loop *loop, const struct sockaddr *to,
                              socklen_t len);
/* 0 or a negative. What the peer refuses comes as an error later. */
[[nodiscard]] int io_udp_send(struct io_udp *u, struct slice packet);
void io_udp_close(struct io_udp *u);

#endif
