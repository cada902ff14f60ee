#include "io/udp.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <unistd.h>

static void on_ready(void *owner, int events)
{
	struct io_udp *u = owner;
	uint8_t *scratch = io_loop_scratch(u->loop);
	ssize_t n = recv(u->fd, scratch, IO_SCRATCH_LEN, 0);
	if (n >= 0)
		u->on_packet(u, slice_of(scratch, (size_t)n), 0);
	else if (errno != EAGAIN && errno != EINTR)
		u->on_packet(u, (struct slice){}, errno);
}

int io_udp_open(struct io_udp *u, struct io_loop *loop, const struct sockaddr *to, socklen_t len)
{
	CLEAN(closep) int fd = socket(to->sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, to, len))
		return err_raise(-errno);
	int r = io_watch_new(&u->watch, loop, fd, on_ready, u);
	if (r)
		return err_up(r);
	io_watch_set(u->watch, IO_READ);
	u->loop = loop;
	u->fd = TAKE_FD(fd);
	return 0;
}

int io_udp_send(struct io_udp *u, struct slice packet)
{
	return send(u->fd, packet.data, packet.len, MSG_NOSIGNAL) < 0 ? err_raise(-errno) : 0;
}

void io_udp_close(struct io_udp *u)
{
	io_watch_free(u->watch);
	u->watch = NULL;
	if (u->fd >= 0)
		close(u->fd);
	u->fd = -1;
}
