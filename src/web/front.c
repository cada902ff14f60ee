#include "web/front.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "io/address.h"
#include "proxyhdr/proxyhdr.h"

#include <errno.h>
#include <stddef.h>

enum {
	CLIENTS_MAX = 256, /* whose header is not there yet */
	HEADER_MS = 10000,
	FIRST = 16, /* bytes that say how many follow */
};

struct client {
	struct client *next, *prev;
	struct web_front *front;
	int fd;
	struct io_watch *watch;
	struct io_deadline late;
	struct sockaddr_storage peer; /* of the socket */
	socklen_t peer_len;
	uint8_t header[PROXYHDR_V2_MAX];
	size_t len, wanted;
};

struct web_front {
	struct web_front_settings set;
	struct io_watch *watch;
	struct client clients; /* a ring, this is its head */
	unsigned count;
};

static void client_free(struct client *c)
{
	c->next->prev = c->prev;
	c->prev->next = c->next;
	c->front->count--;
	io_deadline_disarm(&c->late);
	io_watch_free(c->watch);
	if (c->fd >= 0)
		close(c->fd);
	free(c);
}

static void on_late(struct io_deadline *d)
{
	client_free((struct client *)((char *)d - offsetof(struct client, late)));
}

/* The header is whole: who it is goes on. A connection of the proxy's own is its own. */
static void client_give(struct client *c, const struct proxyhdr_result *said)
{
	struct web_front *front = c->front;
	struct sockaddr_storage peer = c->peer;
	socklen_t len = c->peer_len;
	int fd = TAKE_FD(c->fd);
	if (said->has_addresses)
		len = io_address_take(said->client_addr, said->client_port, &peer);
	client_free(c);
	front->set.on_client(front->set.owner, fd, (const struct sockaddr *)&peer, len);
}

/* No byte behind the header is read. 0: more is to come; 1: all is there; -1: it is none. */
static int header_read(struct client *c)
{
	ssize_t n = recv(c->fd, c->header + c->len, c->wanted - c->len, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return -1;
	c->len += (size_t)n;
	if (c->len < c->wanted)
		return 0;
	if (c->wanted == FIRST)
		c->wanted += (size_t)c->header[14] << 8 | c->header[15];
	return c->wanted > sizeof(c->header) ? -1 : c->len == c->wanted;
}

static void on_readable(void *owner, int events)
{
	struct client *c = owner;
	struct proxyhdr_result said;
	size_t used;
	(void)events;
	int r = header_read(c);
	if (!r)
		return;
	if (r > 0 && !proxyhdr_parse(slice_of(c->header, c->len), &said, &used) && used == c->len) {
		client_give(c, &said);
		return;
	}
	if (c->len) /* who says nothing at all only asks whether we are there */
		log_notice(NULL, "a connection without a PROXY header is closed");
	client_free(c);
}

static void client_begin(struct web_front *front, int fd, const struct sockaddr_storage *peer,
                         socklen_t len)
{
	struct client *c = calloc(1, sizeof(*c));
	if (!c) {
		close(fd);
		return;
	}
	*c = (struct client){ .front = front,
		              .fd = fd,
		              .peer = *peer,
		              .peer_len = len,
		              .wanted = FIRST,
		              .late.fn = on_late };
	c->next = &front->clients;
	c->prev = front->clients.prev;
	c->prev->next = front->clients.prev = c;
	front->count++;
	if (io_watch_new(&c->watch, front->set.loop, fd, on_readable, c)) {
		client_free(c);
		return;
	}
	io_deadline_arm(front->set.loop, &c->late, HEADER_MS);
	io_watch_set(c->watch, IO_READ);
}

static void on_connect(void *owner, int events)
{
	struct web_front *front = owner;
	struct sockaddr_storage peer = {};
	socklen_t len = sizeof(peer);
	(void)events;
	int fd = accept4(front->set.fd, (struct sockaddr *)&peer, &len,
	                 SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	if (front->count >= CLIENTS_MAX)
		client_free(front->clients.next); /* who took longest */
	client_begin(front, fd, &peer, len);
}

int web_front_new(struct web_front **ret_front, const struct web_front_settings *set)
{
	struct web_front *front = calloc(1, sizeof(*front));
	if (!front) {
		close(set->fd);
		return err_raise(-ENOMEM);
	}
	front->set = *set;
	front->clients.next = front->clients.prev = &front->clients;
	int r = io_watch_new(&front->watch, set->loop, set->fd, on_connect, front);
	if (r) {
		web_front_free(front);
		return err_up(r);
	}
	io_watch_set(front->watch, IO_READ);
	*ret_front = front;
	return 0;
}

void web_front_free(struct web_front *front)
{
	if (!front)
		return;
	while (front->count)
		client_free(front->clients.next);
	io_watch_free(front->watch);
	close(front->set.fd);
	free(front);
}
