#include "ask/events.h"

#include "base/err.h"
#include "io/loop.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unbound.h>
/* after unbound.h, which it needs */
#include <unbound-event.h>

struct resolver_events {
	struct ub_event_base base; /* first */
	struct io_loop *loop;
};

/* One descriptor, one timer, or both. A callback may free it. */
struct event {
	struct ub_event base; /* first */
	struct io_loop *loop;
	int fd;
	short bits;
	void (*fn)(int fd, short bits, void *arg);
	void *arg;
	struct io_watch *watch;
	struct io_deadline timer;
	struct io_later soon; /* a timer that is due at once: the wheel would take a tick */
};

static struct event *event_of(struct ub_event *e)
{
	return (struct event *)e;
}

static void event_rest(struct event *e)
{
	io_watch_free(e->watch);
	e->watch = NULL;
	io_deadline_disarm(&e->timer);
	io_later_remove(e->loop, &e->soon);
}

static void on_ready(void *owner, int ready)
{
	struct event *e = owner;
	short bits = 0;
	if (ready & IO_READ)
		bits |= UB_EV_READ;
	if (ready & IO_WRITE)
		bits |= UB_EV_WRITE;
	if (!(e->bits & UB_EV_PERSIST))
		event_rest(e);
	e->fn(e->fd, bits, e->arg);
}

static void timer_fire(struct event *e)
{
	if (!(e->bits & UB_EV_PERSIST))
		event_rest(e);
	e->fn(e->fd, UB_EV_TIMEOUT, e->arg);
}

static void on_timer(struct io_deadline *d)
{
	timer_fire((struct event *)((char *)d - offsetof(struct event, timer)));
}

static void on_soon(struct io_later *later)
{
	timer_fire((struct event *)((char *)later - offsetof(struct event, soon)));
}

static void timer_arm(struct event *e, const struct timeval *in)
{
	uint64_t ms = (uint64_t)in->tv_sec * 1000 + (uint64_t)in->tv_usec / 1000;
	if (ms)
		io_deadline_arm(e->loop, &e->timer, ms);
	else
		io_soon_add(e->loop, &e->soon);
}

static void event_add_bits(struct ub_event *base, short bits)
{
	event_of(base)->bits |= bits;
}

static void event_del_bits(struct ub_event *base, short bits)
{
	event_of(base)->bits &= (short)~bits;
}

static void event_set_fd(struct ub_event *base, int fd)
{
	event_of(base)->fd = fd;
}

static void event_free(struct ub_event *base)
{
	event_rest(event_of(base));
	free(base);
}

static int event_add(struct ub_event *base, struct timeval *in)
{
	struct event *e = event_of(base);
	int wanted = (e->bits & UB_EV_READ ? IO_READ : 0) | (e->bits & UB_EV_WRITE ? IO_WRITE : 0);
	event_rest(e);
	if (e->fd >= 0 && wanted) {
		if (io_watch_new(&e->watch, e->loop, e->fd, on_ready, e))
			return -1;
		io_watch_set(e->watch, wanted);
	}
	if (in)
		timer_arm(e, in);
	return 0;
}

static int event_del(struct ub_event *base)
{
	event_rest(event_of(base));
	return 0;
}

static int event_add_timer(struct ub_event *base, struct ub_event_base *events,
                           void (*fn)(int, short, void *), void *arg, struct timeval *in)
{
	struct event *e = event_of(base);
	e->fn = fn;
	e->arg = arg;
	timer_arm(e, in);
	return 0;
}

static int event_del_timer(struct ub_event *base)
{
	struct event *e = event_of(base);
	io_deadline_disarm(&e->timer);
	io_later_remove(e->loop, &e->soon);
	return 0;
}

static struct ub_event *event_new(struct ub_event_base *base, int fd, short bits,
                                  void (*fn)(int, short, void *), void *arg)
{
	static struct ub_event_vmt vmt = {
		.add_bits = event_add_bits,
		.del_bits = event_del_bits,
		.set_fd = event_set_fd,
		.free = event_free,
		.add = event_add,
		.del = event_del,
		.add_timer = event_add_timer,
		.del_timer = event_del_timer,
	};
	struct event *e = calloc(1, sizeof(*e));
	if (!e)
		return NULL;
	*e = (struct event){
		.base = { .magic = UB_EVENT_MAGIC, .vmt = &vmt },
		.loop = ((struct resolver_events *)base)->loop,
		.fd = fd,
		.bits = bits,
		.fn = fn,
		.arg = arg,
		.timer.fn = on_timer,
		.soon.fn = on_soon,
	};
	return &e->base;
}

/* libunbound frees the base with its context in some versions: ours lives as long as we say. */
static void base_free(struct ub_event_base *base)
{
}

static int base_loopexit(struct ub_event_base *base, struct timeval *in)
{
	return 0; /* the loop is not its own */
}

int resolver_events_new(struct resolver_events **ret_events, struct io_loop *loop)
{
	static struct ub_event_base_vmt vmt = {
		.free = base_free,
		.loopexit = base_loopexit,
		.new_event = event_new,
	};
	struct resolver_events *events = calloc(1, sizeof(*events));
	if (!events)
		return err_raise(-ENOMEM);
	events->base = (struct ub_event_base){ .magic = UB_EVENT_MAGIC, .vmt = &vmt };
	events->loop = loop;
	*ret_events = events;
	return 0;
}

void resolver_events_free(struct resolver_events *events)
{
	free(events);
}

struct ub_event_base *resolver_events_base(struct resolver_events *events)
{
	return &events->base;
}
