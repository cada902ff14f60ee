/* A stream's socket: how it is connected, broken off, and what its kernel is asked. */
#include "io/stream.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

int io_stream_connect(struct io_stream *s, struct io_loop *loop, const struct io_way *way)
{
	const int one = 1;
	CLEAN(closep)
	int fd = socket(way->to->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_raise(-errno);
	/* The port is chosen when it is known where to: as many there are, to each far end. */
	if (way->from && (setsockopt(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one)) ||
	                  bind(fd, way->from, way->len)))
		return err_raise(-errno);
	if (way->device && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, way->device,
	                              (socklen_t)strlen(way->device)))
		return err_raise(-errno);
	if (connect(fd, way->to, way->len) && errno != EINPROGRESS)
		return err_raise(-errno);
	s->is_connecting = true;
	int r = io_stream_open(s, loop, fd);
	if (r)
		return err_up(r);
	(void)TAKE_FD(fd);
	return 0;
}

void io_stream_reset(struct io_stream *s)
{
	const struct linger at_once = { .l_onoff = 1 };
	if (!io_stream_is_open(s))
		return;
	setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	s->is_dead = true;
	buf_clear(&s->out);
}

void io_stream_abort(struct io_stream *s)
{
	const struct sockaddr nowhere = { .sa_family = AF_UNSPEC };
	if (!io_stream_is_open(s))
		return;
	io_stream_reset(s);
	(void)!connect(s->fd, &nowhere, sizeof(nowhere));
}

void io_stream_keepalive(struct io_stream *s, unsigned idle_s)
{
	const int on = 1, idle = (int)idle_s, between = (int)(idle_s / 6 + 1);
	setsockopt(s->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(s->fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	setsockopt(s->fd, IPPROTO_TCP, TCP_KEEPINTVL, &between, sizeof(between));
}

size_t io_stream_unreceived(const struct io_stream *s)
{
	int in_kernel = 0;
	if (s->is_dead || ioctl(s->fd, SIOCOUTQ, &in_kernel) || in_kernel < 0)
		in_kernel = 0;
	return io_stream_queued(s) + (size_t)in_kernel;
}
