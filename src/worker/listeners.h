/*
 * Sockets that a worker accepts from, and those for datagrams. What they are for is the owner's: a
 * kind and a number each. Without descriptors left they rest for a second: the connection stays in
 * the queue.
 */
#ifndef WORKER_LISTENERS_H
#define WORKER_LISTENERS_H

#include "io/loop.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum { WORKER_LISTENERS_MAX = 256 };

/* Takes fd: a connection that came. Of a socket for datagrams: that itself, to be read, without
 * peer; it stays the list's. */
typedef void worker_accept_fn(void *owner, uint8_t kind, uint32_t number, int fd,
                              const struct sockaddr *peer);

struct worker_listener;

/* All zero is the start; it may be moved. */
struct worker_listeners {
	struct worker_listener *items[WORKER_LISTENERS_MAX];
	size_t count;
};

/* Takes fd, also where it fails: -EPROTO (too many) or -ENOMEM. */
[[nodiscard]] int worker_listeners_add(struct worker_listeners *l, uint8_t kind, uint32_t number,
                                       int fd);

/* *next takes the place of *now, and accepts from now on. 0 or -ENOMEM. */
[[nodiscard]] int worker_listeners_start(struct worker_listeners *now,
                                         struct worker_listeners *next, struct io_loop *loop,
                                         worker_accept_fn *fn, void *owner);

void worker_listeners_close(struct worker_listeners *l);

#endif
