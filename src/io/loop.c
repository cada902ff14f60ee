#include "io/loop.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"

#include <errno.h>
#include <sys/epoll.h>
#include <uv.h>

enum { WHEEL_SLOTS = 1024, SPARES = 2, SPARE_KEPT_MAX = 512 * 1024, EVENTS_A_TURN = 256 };

struct later_list {
	struct io_later *first;
	struct io_later **end;
};

struct io_loop {
	uv_loop_t uv;
	uv_timer_t tick;
	struct io_deadline slots[WHEEL_SLOTS]; /* list heads */
	uint64_t now_tick;                     /* all slots up to here have been looked at */
	struct later_list later;
	struct later_list turn; /* at the end of this turn */
	struct later_list soon; /* in the next one, which does not wait */
	/* All our watches, and libuv's own set: libuv's would cost five calls a descriptor. */
	int epoll_fd;
	bool is_stopped;
	/* Of this turn, still to be met. */
	struct epoll_event *ready;
	int ready_count;
	uint8_t *scratch;
	uint8_t *plain_scratch;
	struct buf spares[SPARES]; /* of a text its plain and its sealed form are there at once */
};

struct io_watch {
	struct io_edge edge; /* what the set knows of it */
	struct io_loop *loop;
	io_watch_fn *fn;
	void *owner;
	int fd;
	int events;
};

struct io_signal {
	uv_signal_t signal;
	struct io_loop *loop;
	io_signal_fn *fn;
	void *owner;
};

static struct io_later *list_take(struct later_list *list)
{
	struct io_later *l = list->first;
	if (!l)
		return NULL;
	list->first = l->next;
	if (!list->first)
		list->end = &list->first;
	l->is_queued = false;
	return l;
}

static void list_add(struct later_list *list, struct io_later *l)
{
	l->is_queued = true;
	l->next = NULL;
	*list->end = l;
	list->end = &l->next;
}

static void list_remove(struct later_list *list, struct io_later *l)
{
	struct io_later **at = &list->first;
	while (*at && *at != l)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = l->next;
	if (!*at)
		list->end = at;
}

static void later_run(struct io_loop *loop)
{
	struct io_later *l;
	while ((l = list_take(&loop->later)))
		l->fn(l);
}

static void turn_end(struct io_loop *loop)
{
	struct io_later *l;
	later_run(loop);
	while ((l = list_take(&loop->turn))) {
		l->fn(l);
		later_run(loop);
	}
}

void io_later_add(struct io_loop *loop, struct io_later *l)
{
	if (!l->is_queued)
		list_add(&loop->later, l);
}

void io_later_remove(struct io_loop *loop, struct io_later *l)
{
	if (!l->is_queued)
		return;
	l->is_queued = false;
	list_remove(&loop->later, l);
	list_remove(&loop->turn, l);
	list_remove(&loop->soon, l);
}

void io_turn_add(struct io_loop *loop, struct io_later *l)
{
	if (!l->is_queued)
		list_add(&loop->turn, l);
}

void io_soon_add(struct io_loop *loop, struct io_later *l)
{
	if (!l->is_queued)
		list_add(&loop->soon, l);
}

/* Those that were there at the start of the turn; what they add waits for the next. */
static void soon_run(struct io_loop *loop)
{
	if (!loop->soon.first)
		return;
	/* By way of later, where each may still be removed. */
	*loop->later.end = loop->soon.first;
	loop->later.end = loop->soon.end;
	loop->soon.first = NULL;
	loop->soon.end = &loop->soon.first;
	later_run(loop);
}

static void slot_run(struct io_loop *loop, struct io_deadline *head)
{
	struct io_deadline *d = head->next;
	while (d != head) {
		struct io_deadline *next = d->next;
		if (d->due_tick <= loop->now_tick) {
			io_deadline_disarm(d);
			d->fn(d);
			/* The callback may have disarmed any other: begin again, all that fired are
			 * gone. */
			next = head->next;
		}
		d = next;
	}
}

static void on_tick(uv_timer_t *timer)
{
	struct io_loop *loop = timer->data;
	uint64_t tick = uv_now(&loop->uv) / IO_WHEEL_TICK_MS;
	/* After a long stop every slot is looked at once, not once for every tick missed. */
	if (tick - loop->now_tick > WHEEL_SLOTS)
		loop->now_tick = tick - WHEEL_SLOTS;
	while (loop->now_tick < tick) {
		loop->now_tick++;
		slot_run(loop, &loop->slots[loop->now_tick % WHEEL_SLOTS]);
	}
	later_run(loop);
}

void io_deadline_arm(struct io_loop *loop, struct io_deadline *d, uint64_t in_ms)
{
	io_deadline_disarm(d);
	uint64_t due_ms = uv_now(&loop->uv) + in_ms;
	d->due_tick = due_ms / IO_WHEEL_TICK_MS + 1;
	struct io_deadline *head = &loop->slots[d->due_tick % WHEEL_SLOTS];
	d->next = head;
	d->prev = head->prev;
	head->prev->next = d;
	head->prev = d;
}

void io_deadline_disarm(struct io_deadline *d)
{
	if (!d->next)
		return;
	d->next->prev = d->prev;
	d->prev->next = d->next;
	d->next = d->prev = NULL;
}

static int ready_of(uint32_t events)
{
	int ready = 0;
	if (events & (EPOLLIN | EPOLLERR | EPOLLHUP | EPOLLRDHUP))
		ready |= IO_READ;
	if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
		ready |= IO_WRITE;
	if (events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP))
		ready |= IO_END;
	return ready;
}

/* What is not of a watch of ours is libuv's: a signal, or a timer that is due. */
static void ready_run(struct io_loop *loop, struct epoll_event *ready, int count)
{
	bool is_libuv = false;
	loop->ready = ready;
	loop->ready_count = count;
	while (loop->ready_count > 0) {
		struct epoll_event event = *loop->ready++;
		struct io_edge *edge = event.data.ptr;
		loop->ready_count--;
		is_libuv |= !edge;
		if (edge && event.events)
			edge->fn(edge, ready_of(event.events));
		later_run(loop);
	}
	if (is_libuv || !uv_backend_timeout(&loop->uv))
		uv_run(&loop->uv, UV_RUN_NOWAIT);
}

static int turn_run(struct io_loop *loop)
{
	struct epoll_event ready[EVENTS_A_TURN];
	soon_run(loop);
	turn_end(loop);
	log_flush();
	int wait_ms = loop->soon.first ? 0 : uv_backend_timeout(&loop->uv);
	int n = epoll_wait(loop->epoll_fd, ready, EVENTS_A_TURN, wait_ms);
	if (n < 0 && errno != EINTR)
		return err_raise(-errno);
	uv_update_time(&loop->uv);
	ready_run(loop, ready, n);
	turn_end(loop);
	return 0;
}

static int epoll_start(struct io_loop *loop)
{
	struct epoll_event event = { .events = EPOLLIN };
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0)
		return err_raise(-errno);
	if (!epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, uv_backend_fd(&loop->uv), &event))
		return 0;
	int r = err_raise(-errno);
	close(loop->epoll_fd);
	return r;
}

static int loop_start(struct io_loop *loop)
{
	int r = uv_loop_init(&loop->uv);
	if (r)
		return err_raise(r);
	r = epoll_start(loop);
	if (r) {
		uv_loop_close(&loop->uv);
		return err_up(r);
	}
	uv_timer_init(&loop->uv, &loop->tick);
	loop->tick.data = loop;
	loop->now_tick = uv_now(&loop->uv) / IO_WHEEL_TICK_MS;
	uv_timer_start(&loop->tick, on_tick, IO_WHEEL_TICK_MS, IO_WHEEL_TICK_MS);
	return 0;
}

int io_loop_new(struct io_loop **ret_loop)
{
	struct io_loop *loop = calloc(1, sizeof(*loop));
	if (!loop)
		return err_raise(-ENOMEM);
	loop->later.end = &loop->later.first;
	loop->turn.end = &loop->turn.first;
	loop->soon.end = &loop->soon.first;
	for (size_t i = 0; i < WHEEL_SLOTS; i++)
		loop->slots[i].next = loop->slots[i].prev = &loop->slots[i];
	loop->scratch = malloc(IO_SCRATCH_LEN);
	loop->plain_scratch = malloc(IO_SCRATCH_LEN);
	int r = loop->scratch && loop->plain_scratch ? loop_start(loop) : err_raise(-ENOMEM);
	if (r) {
		free(loop->scratch);
		free(loop->plain_scratch);
		free(loop);
		return err_up(r);
	}
	*ret_loop = loop;
	return 0;
}

void io_loop_free(struct io_loop *loop)
{
	if (!loop)
		return;
	turn_end(loop);
	uv_close((uv_handle_t *)&loop->tick, NULL);
	uv_run(&loop->uv, UV_RUN_NOWAIT);
	uv_loop_close(&loop->uv);
	close(loop->epoll_fd);
	for (int i = 0; i < SPARES; i++)
		buf_deinit_secret(&loop->spares[i]);
	explicit_bzero(loop->scratch, IO_SCRATCH_LEN);
	explicit_bzero(loop->plain_scratch, IO_SCRATCH_LEN);
	free(loop->scratch);
	free(loop->plain_scratch);
	free(loop);
}

int io_loop_run(struct io_loop *loop)
{
	loop->is_stopped = false;
	uv_run(&loop->uv, UV_RUN_NOWAIT); /* puts what it watches into its set */
	while (!loop->is_stopped) {
		int r = turn_run(loop);
		if (r)
			return err_up(r);
	}
	log_flush();
	return 0;
}

void io_loop_stop(struct io_loop *loop)
{
	loop->is_stopped = true;
}

uint64_t io_loop_now_ms(const struct io_loop *loop)
{
	return uv_now(&loop->uv);
}

int io_edge_add(struct io_loop *loop, struct io_edge *edge, int fd)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
		                     .data.ptr = edge };
	return epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? err_raise(-errno) : 0;
}

/* It goes out of the set with its descriptor, which nobody else has; but what is still to be met of
 * this turn may name it. */
void io_edge_remove(struct io_loop *loop, const struct io_edge *edge)
{
	for (int i = 0; i < loop->ready_count; i++)
		if (loop->ready[i].data.ptr == edge)
			loop->ready[i].events = 0;
}

static void on_watch_ready(struct io_edge *edge, int events)
{
	struct io_watch *watch = (struct io_watch *)edge;
	watch->fn(watch->owner, events);
}

int io_watch_new(struct io_watch **ret_watch, struct io_loop *loop, int fd, io_watch_fn *fn,
                 void *owner)
{
	struct io_watch *watch = calloc(1, sizeof(*watch));
	if (!watch)
		return err_raise(-ENOMEM);
	watch->edge.fn = on_watch_ready;
	watch->fn = fn;
	watch->owner = owner;
	watch->fd = fd;
	watch->loop = loop;
	*ret_watch = watch;
	return 0;
}

/* At rest it is not in the set: errors would be told again and again. */
void io_watch_set(struct io_watch *watch, int events)
{
	if (watch->events == events)
		return;
	int op = !watch->events ? EPOLL_CTL_ADD : !events ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
	struct epoll_event event = { .data.ptr = &watch->edge };
	event.events = (events & IO_READ ? EPOLLIN : 0) | (events & IO_WRITE ? EPOLLOUT : 0);
	if (epoll_ctl(watch->loop->epoll_fd, op, watch->fd, &event))
		log_error(NULL, "descriptor cannot be watched", kv_int("errno", errno));
	else
		watch->events = events;
}

void io_watch_free(struct io_watch *watch)
{
	if (!watch)
		return;
	io_watch_set(watch, 0);
	io_edge_remove(watch->loop, &watch->edge);
	free(watch);
}

static void on_signal(uv_signal_t *signal, int number)
{
	struct io_signal *s = signal->data;
	struct io_loop *loop = s->loop;
	s->fn(s->owner, number);
	later_run(loop);
}

static void on_signal_closed(uv_handle_t *handle)
{
	free(handle->data);
}

int io_signal_new(struct io_signal **ret_signal, struct io_loop *loop, int number, io_signal_fn *fn,
                  void *owner)
{
	struct io_signal *s = calloc(1, sizeof(*s));
	if (!s)
		return err_raise(-ENOMEM);
	int r = uv_signal_init(&loop->uv, &s->signal);
	if (r) {
		free(s);
		return err_raise(r);
	}
	s->signal.data = s;
	s->loop = loop;
	s->fn = fn;
	s->owner = owner;
	r = uv_signal_start(&s->signal, on_signal, number);
	if (r) {
		io_signal_free(s);
		return err_raise(r);
	}
	*ret_signal = s;
	return 0;
}

void io_signal_free(struct io_signal *signal)
{
	if (signal)
		uv_close((uv_handle_t *)&signal->signal, on_signal_closed);
}

uint8_t *io_loop_scratch(struct io_loop *loop)
{
	return loop->scratch;
}

uint8_t *io_loop_plain_scratch(struct io_loop *loop)
{
	return loop->plain_scratch;
}

/* The place of spare memory that is there, or that is free. */
static struct buf *spare_find(struct io_loop *loop, bool is_there)
{
	for (int i = 0; i < SPARES; i++)
		if (!loop->spares[i].data == !is_there)
			return &loop->spares[i];
	return NULL;
}

void io_loop_lend(struct io_loop *loop, struct buf *b)
{
	struct buf *spare = b->data ? NULL : spare_find(loop, true);
	if (!spare)
		return;
	*b = *spare;
	*spare = (struct buf){};
}

void io_loop_take_back(struct io_loop *loop, struct buf *b)
{
	if (!b->data || buf_len(b))
		return;
	struct buf *place = b->cap <= SPARE_KEPT_MAX ? spare_find(loop, false) : NULL;
	if (!place) {
		buf_deinit(b);
		return;
	}
	*place = *b;
	buf_clear(place);
	*b = (struct buf){};
}
