#include "worker/services.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "io/loop.h"
#include "relay/service.h"

#include <errno.h>
#include <sys/socket.h>

enum { ACCEPTS_A_TURN = 16, LISTENERS_MAX = 64 };

struct listener {
	struct worker_services *services;
	struct io_watch *watch;
	int fd;
	enum proc_service service;
};

struct listeners {
	struct listener *items[LISTENERS_MAX];
	size_t count;
};

struct worker_services {
	struct io_loop *loop;
	struct relay_service *policy;
	struct listeners now, next;
};

static void listeners_close(struct listeners *l)
{
	while (l->count) {
		struct listener *one = l->items[--l->count];
		io_watch_free(one->watch);
		close(one->fd);
		free(one);
	}
}

int worker_services_new(struct worker_services **ret_s, struct io_loop *loop,
                        struct policy_asker *asker)
{
	struct worker_services *s = calloc(1, sizeof(*s));
	if (!s)
		return err_raise(-ENOMEM);
	s->loop = loop;
	int r = relay_service_new(&s->policy,
	                          &(struct relay_service_settings){ .loop = loop, .asker = asker });
	if (r) {
		free(s);
		return err_up(r);
	}
	*ret_s = s;
	return 0;
}

void worker_services_free(struct worker_services *s)
{
	if (!s)
		return;
	listeners_close(&s->now);
	listeners_close(&s->next);
	relay_service_free(s->policy);
	free(s);
}

int worker_services_add(struct worker_services *s, struct slice payload, int socket)
{
	CLEAN(closep) int fd = socket;
	struct proc_unpacker u = proc_unpacker_over(payload);
	uint32_t which;
	uint8_t service;
	if (!proc_unpack_u8(&u, &service) || !proc_unpack_u32(&u, &which) ||
	    service >= PROC_SERVICE_COUNT || s->next.count == LISTENERS_MAX)
		return err_raise(-EPROTO);
	struct listener *l = calloc(1, sizeof(*l));
	if (!l)
		return err_raise(-ENOMEM);
	*l = (struct listener){ .services = s,
		                .fd = TAKE_FD(fd),
		                .service = (enum proc_service)service };
	s->next.items[s->next.count++] = l;
	return 0;
}

void worker_services_clear(struct worker_services *s)
{
	if (s)
		listeners_close(&s->next);
}

static void on_ready(void *owner, int events)
{
	struct listener *l = owner;
	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			return;
		relay_service_accept(l->services->policy, fd);
	}
}

int worker_services_start(struct worker_services *s, enum conf_dialect dialect)
{
	listeners_close(&s->now);
	s->now = s->next;
	s->next.count = 0;
	relay_service_set_dialect(s->policy, dialect);
	for (size_t i = 0; i < s->now.count; i++) {
		struct listener *l = s->now.items[i];
		int r = io_watch_new(&l->watch, s->loop, l->fd, on_ready, l);
		if (r)
			return err_up(r);
		io_watch_set(l->watch, IO_READ);
	}
	return 0;
}

void worker_services_stop(struct worker_services *s)
{
	listeners_close(&s->now);
}
