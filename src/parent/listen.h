/* The sockets that clients come to: bound here, handed to workers. */
#ifndef PARENT_LISTEN_H
#define PARENT_LISTEN_H

#include "proc/msg.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

struct conf_settings;
struct parent;

enum { PARENT_WORKERS_MAX = 64 };

/* One address an edge listens on: a socket for every worker (SO_REUSEPORT). */
struct parent_listener {
	char text[128];
	struct sockaddr_storage sa;
	socklen_t sa_len;
	uint32_t edge; /* or which service of its kind */
	bool is_tls;
	bool is_service;
	bool is_wide; /* every address of loopback */
	enum proc_service service;
	mode_t mode;                 /* of a service's unix socket */
	const char *group, *owner;   /* NULL: the daemon's own */
	int fds[PARENT_WORKERS_MAX]; /* by slot; -1 past the last worker */
};

/* 0, or PARENT_LISTEN_BUSY with a line in the log. */
enum { PARENT_LISTEN_BUSY = 1 };
[[nodiscard]] int parent_listen(struct parent *p, const struct conf_settings *settings,
                                unsigned workers);
void parent_listen_close(struct parent *p);
/* Takes fd, a socket of the build before. */
[[nodiscard]] int parent_listen_adopt(struct parent *p, unsigned slot, int fd);
/* Ours of this slot are closed: the kernel gives its clients to the others. */
void parent_listen_drop(struct parent *p, unsigned slot);

#endif
