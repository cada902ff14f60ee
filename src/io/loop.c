#include "io/loop.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <uv.h>

enum { WHEEL_SLOTS = 1024, SPARE_KEPT_MAX = 512 * 1024 };

struct io_loop {
	uv_loop_t uv;
	uv_timer_t tick;
	struct io_deadline slots[WHEEL_SLOTS]; /* list heads */
	uint64_t now_tick;                     /* all slots up to here have been looked at */
	struct io_later *later;
	struct io_later **later_end;
	uint8_t *scratch;
	uint8_t *plain_scratch;
	struct buf spare;
};

struct io_watch {
	uv_poll_t poll;
	struct io_loop *loop;
	io_watch_fn *fn;
	void *owner;
	int events;
};

struct io_signal {
	uv_signal_t signal;
	struct io_loop *loop;
	io_signal_fn *fn;
	void *owner;
};

static void later_run(struct io_loop *loop)
{
	while (loop->later) {
		struct io_later *l = loop->later;
		loop->later = l->next;
		if (!loop->later)
			loop->later_end = &loop->later;
		l->is_queued = false;
		l->fn(l);
	}
}

void io_later_add(struct io_loop *loop, struct io_later *l)
{
	if (l->is_queued)
		return;
	l->is_queued = true;
	l->next = NULL;
	*loop->later_end = l;
	loop->later_end = &l->next;
}

void io_later_remove(struct io_loop *loop, struct io_later *l)
{
	if (!l->is_queued)
		return;
	l->is_queued = false;
	struct io_later **at = &loop->later;
	while (*at && *at != l)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = l->next;
	if (!*at)
		loop->later_end = at;
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

int io_loop_new(struct io_loop **ret_loop)
{
	struct io_loop *loop = calloc(1, sizeof(*loop));
	if (!loop)
		return err_raise(-ENOMEM);
	loop->later_end = &loop->later;
	for (size_t i = 0; i < WHEEL_SLOTS; i++)
		loop->slots[i].next = loop->slots[i].prev = &loop->slots[i];
	loop->scratch = malloc(IO_SCRATCH_LEN);
	loop->plain_scratch = malloc(IO_SCRATCH_LEN);
	int r = loop->scratch && loop->plain_scratch ? uv_loop_init(&loop->uv) : -ENOMEM;
	if (r) {
		free(loop->scratch);
		free(loop->plain_scratch);
		free(loop);
		return err_raise(r);
	}
	uv_timer_init(&loop->uv, &loop->tick);
	loop->tick.data = loop;
	loop->now_tick = uv_now(&loop->uv) / IO_WHEEL_TICK_MS;
	uv_timer_start(&loop->tick, on_tick, IO_WHEEL_TICK_MS, IO_WHEEL_TICK_MS);
	*ret_loop = loop;
	return 0;
}

void io_loop_free(struct io_loop *loop)
{
	if (!loop)
		return;
	later_run(loop);
	uv_close((uv_handle_t *)&loop->tick, NULL);
	uv_run(&loop->uv, UV_RUN_NOWAIT);
	uv_loop_close(&loop->uv);
	buf_deinit_secret(&loop->spare);
	explicit_bzero(loop->scratch, IO_SCRATCH_LEN);
	explicit_bzero(loop->plain_scratch, IO_SCRATCH_LEN);
	free(loop->scratch);
	free(loop->plain_scratch);
	free(loop);
}

int io_loop_run(struct io_loop *loop)
{
	int r = uv_run(&loop->uv, UV_RUN_DEFAULT);
	return r < 0 ? err_raise(r) : 0;
}

void io_loop_stop(struct io_loop *loop)
{
	uv_stop(&loop->uv);
}

uint64_t io_loop_now_ms(const struct io_loop *loop)
{
	return uv_now(&loop->uv);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct io_watch *watch = poll->data;
	struct io_loop *loop = watch->loop;
	int ready = 0;
	if (status < 0)
		ready = watch->events;
	else
		ready = (events & UV_READABLE ? IO_READ : 0) |
		        (events & UV_WRITABLE ? IO_WRITE : 0);
	watch->fn(watch->owner, ready);
	later_run(loop);
}

int io_watch_new(struct io_watch **ret_watch, struct io_loop *loop, int fd, io_watch_fn *fn,
                 void *owner)
{
	struct io_watch *watch = calloc(1, sizeof(*watch));
	if (!watch)
		return err_raise(-ENOMEM);
	int r = uv_poll_init(&loop->uv, &watch->poll, fd);
	if (r) {
		free(watch);
		return err_raise(r);
	}
	watch->poll.data = watch;
	watch->loop = loop;
	watch->fn = fn;
	watch->owner = owner;
	*ret_watch = watch;
	return 0;
}

void io_watch_set(struct io_watch *watch, int events)
{
	if (watch->events == events)
		return;
	watch->events = events;
	int uv_events =
		(events & IO_READ ? UV_READABLE : 0) | (events & IO_WRITE ? UV_WRITABLE : 0);
	if (uv_events)
		uv_poll_start(&watch->poll, uv_events, on_poll);
	else
		uv_poll_stop(&watch->poll);
}

static void on_watch_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void io_watch_free(struct io_watch *watch)
{
	if (watch)
		uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
}

static void on_signal(uv_signal_t *signal, int number)
{
	struct io_signal *s = signal->data;
	struct io_loop *loop = s->loop;
	s->fn(s->owner, number);
	later_run(loop);
}

int io_signal_new(struct io_signal **ret_signal, struct io_loop *loop, int number, io_signal_fn *fn,
                  void *owner)
{
	CLEAN(freep) struct io_signal *s = calloc(1, sizeof(*s));
	if (!s)
		return err_raise(-ENOMEM);
	int r = uv_signal_init(&loop->uv, &s->signal);
	if (r)
		return err_raise(r);
	s->signal.data = s;
	s->loop = loop;
	s->fn = fn;
	s->owner = owner;
	r = uv_signal_start(&s->signal, on_signal, number);
	if (r)
		return err_raise(r);
	*ret_signal = TAKE(s);
	return 0;
}

void io_signal_free(struct io_signal *signal)
{
	if (signal)
		uv_close((uv_handle_t *)&signal->signal, on_watch_closed);
}

uint8_t *io_loop_scratch(struct io_loop *loop)
{
	return loop->scratch;
}

uint8_t *io_loop_plain_scratch(struct io_loop *loop)
{
	return loop->plain_scratch;
}

void io_loop_lend(struct io_loop *loop, struct buf *b)
{
	if (b->data)
		return;
	*b = loop->spare;
	buf_clear(b);
	loop->spare = (struct buf){};
}

void io_loop_take_back(struct io_loop *loop, struct buf *b)
{
	if (!b->data || buf_len(b))
		return;
	if (loop->spare.data || b->cap > SPARE_KEPT_MAX) {
		buf_deinit(b);
		return;
	}
	loop->spare = *b;
	buf_clear(&loop->spare);
	*b = (struct buf){};
}
