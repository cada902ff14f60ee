/* Which TCP sockets of this host listen, and where: the kernel's sock_diag. */
#ifndef CMD_WATCH_SOCKETS_H
#define CMD_WATCH_SOCKETS_H

#include "watch/packet.h"

enum { WATCH_SOCKETS_MAX = 512 };

struct watch_socket {
	struct watch_address address; /* "::" and 0.0.0.0: all */
	bool is_v4;
	uint16_t port;
};

struct watch_sockets {
	struct watch_socket list[WATCH_SOCKETS_MAX];
	size_t count;
	uint64_t left_out;
};

/* 0 or a negative. */
[[nodiscard]] int watch_sockets_read(struct watch_sockets *ret_sockets);

bool watch_socket_is_wild(const struct watch_socket *s);
/* Only this host gets there. */
bool watch_socket_is_loopback(const struct watch_socket *s);

#endif
