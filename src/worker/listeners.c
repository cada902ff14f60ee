#include "worker/listeners.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"

#include <errno.h>

enum { ACCEPTS_A_TURN = 64, REST_MS = 1000 };

struct worker_listener {
	worker_accept_fn *fn;
	void *owner;
	struct io_loop *loop;
	struct io_watch *watch;
	struct io_deadline rest;
	int fd;
	uint32_t number;
	uint8_t kind;
	bool is_datagram;
};

void worker_listeners_close(struct worker_listeners *l)
{
	while (l->count) {
		struct worker_listener *one = l->items[--l->count];
		io_deadline_disarm(&one->rest);
		io_watch_free(one->watch);
		close(one->fd);
		free(one);
	}
}

int worker_listeners_add(struct worker_listeners *l, uint8_t kind, uint32_t number, int fd)
{
	CLEAN(closep) int taken = fd;
	if (l->count == WORKER_LISTENERS_MAX)
		return err_raise(-EPROTO);
	struct worker_listener *one = calloc(1, sizeof(*one));
	if (!one)
		return err_raise(-ENOMEM);
	int type = SOCK_STREAM;
	socklen_t len = sizeof(type);
	(void)!getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len);
	*one = (struct worker_listener){ .fd = TAKE_FD(taken),
		                         .number = number,
		                         .kind = kind,
		                         .is_datagram = type == SOCK_DGRAM };
	l->items[l->count++] = one;
	return 0;
}

static void on_rested(struct io_deadline *d)
{
	struct worker_listener *one = (void *)((char *)d - offsetof(struct worker_listener, rest));
	io_watch_set(one->watch, IO_READ);
}

/* The connection stays in the queue, and would be told of again and again. */
static void rest(struct worker_listener *one)
{
	log_error(NULL, "no descriptor left for a connection",
	          kv_str("mend", "raise LimitNOFILE or lower max_sessions"));
	one->rest.fn = on_rested;
	io_watch_set(one->watch, 0);
	io_deadline_arm(one->loop, &one->rest, REST_MS);
}

static void on_ready(void *owner, int events)
{
	struct worker_listener *one = owner;
	(void)events;
	if (one->is_datagram) {
		one->fn(one->owner, one->kind, one->number, one->fd, NULL);
		return;
	}
	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		struct sockaddr_storage peer = {};
		socklen_t len = sizeof(peer);
		int fd = accept4(one->fd, (struct sockaddr *)&peer, &len,
		                 SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE)
				rest(one);
			return;
		}
		one->fn(one->owner, one->kind, one->number, fd, (struct sockaddr *)&peer);
	}
}

int worker_listeners_start(struct worker_listeners *now, struct worker_listeners *next,
                           struct io_loop *loop, worker_accept_fn *fn, void *owner)
{
	worker_listeners_close(now);
	*now = *next;
	next->count = 0;
	for (size_t i = 0; i < now->count; i++) {
		struct worker_listener *one = now->items[i];
		one->fn = fn;
		one->owner = owner;
		one->loop = loop;
		int r = io_watch_new(&one->watch, loop, one->fd, on_ready, one);
		if (r)
			return err_up(r);
		io_watch_set(one->watch, IO_READ);
	}
	return 0;
}
