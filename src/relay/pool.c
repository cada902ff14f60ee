/* All connections of a worker's relay: from the first to the last. */
#include "relay/inside.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>

int relay_new(struct relay **ret_r, struct io_loop *loop, struct policy_asker *asker)
{
	struct relay *r = calloc(1, sizeof(*r));
	if (!r)
		return err_raise(-ENOMEM);
	r->loop = loop;
	r->asker = asker;
	asker->on_wanted = relay_idle_wanted;
	asker->holder = r;
	r->clients.next = r->clients.prev = &r->clients;
	r->idle.next = r->idle.prev = &r->idle;
	*ret_r = r;
	return 0;
}

void relay_record_to(struct relay *r, struct store_recorder *recorder)
{
	r->recorder = recorder;
}

static void empty_tell(struct relay *r)
{
	void (*tell)(void *owner) = r->on_empty;
	if (!r->is_draining || r->open || !tell)
		return;
	r->on_empty = NULL;
	io_deadline_disarm(&r->drain_late);
	tell(r->on_empty_owner);
}

void relay_client_gone(struct relay *r)
{
	r->open--;
	empty_tell(r);
}

static void clients_free(struct relay *r)
{
	while (r->clients.next != &r->clients)
		relay_client_free(r->clients.next);
}

static void on_drain_late(struct io_deadline *d)
{
	clients_free((struct relay *)((char *)d - offsetof(struct relay, drain_late)));
}

void relay_drain(struct relay *r, uint32_t deadline_ms, void (*on_empty)(void *owner), void *owner)
{
	r->is_draining = true;
	r->on_empty = on_empty;
	r->on_empty_owner = owner;
	r->drain_late.fn = on_drain_late;
	io_deadline_arm(r->loop, &r->drain_late, deadline_ms);
	for (struct relay_client *c = r->clients.next, *next; c != &r->clients; c = next) {
		next = c->next;
		relay_client_shut(c);
	}
	relay_idle_leave_all(r);
	empty_tell(r);
}

void relay_free(struct relay *r)
{
	if (!r)
		return;
	r->is_draining = true; /* hops are not kept */
	r->on_empty = NULL;
	io_deadline_disarm(&r->drain_late);
	clients_free(r);
	relay_idle_free_all(r);
	free(r);
}

const struct relay_counters *relay_counters(const struct relay *r)
{
	return &r->counters;
}

size_t relay_open(const struct relay *r)
{
	return r->open;
}
