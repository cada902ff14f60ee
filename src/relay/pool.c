/* All connections of a worker's relay: MTAs, hops that wait for more. */
#include "relay/inside.h"

#include "base/clean.h"
#include "base/err.h"
#include "tls/proof.h"

#include <errno.h>
#include <stdio.h>

enum {
	IDLE_MS = 5 * 1000,
	USES_MAX = 100, /* messages one hop carries */
};

/* --- hops that wait --- */

static struct relay_hop *idle_end(struct relay_idle *i)
{
	struct relay_hop *hop = i->hop;
	i->prev->next = i->next;
	i->next->prev = i->prev;
	i->relay->idle_count--;
	io_deadline_disarm(&i->late);
	relay_world_unref(i->world);
	free(i);
	return hop;
}

static void idle_leave(struct relay_idle *i, const char *outcome, const struct relay_hop_failure *f)
{
	struct relay *r = i->relay;
	struct relay_hop *hop = idle_end(i);
	relay_record_hop(r, NULL, hop, outcome, f);
	if (f)
		relay_hop_free(hop);
	else
		relay_hop_leave(hop);
}

static void on_idle_late(struct io_deadline *d)
{
	idle_leave((struct relay_idle *)((char *)d - offsetof(struct relay_idle, late)), "ok",
	           NULL);
}

static void on_idle_failed(void *owner, const struct relay_hop_failure *f)
{
	idle_leave(owner, "ok", f);
}

/* A far end that says something unasked ends the hop in smtp/hop; the rest cannot come. */
static void on_idle_nothing(void *owner)
{
}

static void on_idle_reply(void *owner, enum smtp_hop_command of, unsigned number,
                          const struct smtp_reply *reply)
{
}

/* A delivery that waits for a place, and may have this hop. */
static struct relay_delivery *taker_find(struct relay *r, const struct relay_world *w,
                                         struct relay_hop *hop)
{
	const struct relay_hop_facts *f = relay_hop_facts(hop);
	for (struct relay_delivery *d = r->waiting; d; d = d->next_waiting)
		if (d->client->world == w && !strcmp(d->domain, f->domain) &&
		    (!smtp_handoff_mail(d->client->handoff)->requires_tls ||
		     f->verdict.is_authenticated))
			return d;
	return NULL;
}

void relay_idle_keep(struct relay *r, struct relay_world *w, struct relay_hop *hop)
{
	struct relay_delivery *taker = taker_find(r, w, hop);
	if (taker && relay_hop_facts(hop)->messages < USES_MAX) {
		relay_delivery_go_by(taker, hop);
		return;
	}
	bool is_worth_it = relay_hop_facts(hop)->messages < USES_MAX && !r->is_draining &&
	                   r->idle_count < RELAY_IDLE_MAX;
	struct relay_idle *i = is_worth_it ? calloc(1, sizeof(*i)) : NULL;
	if (!i) {
		relay_record_hop(r, NULL, hop, "ok", NULL);
		relay_hop_leave(hop);
		return;
	}
	*i = (struct relay_idle){ .next = r->idle.next,
		                  .prev = &r->idle,
		                  .relay = r,
		                  .world = w,
		                  .hop = hop,
		                  .late.fn = on_idle_late };
	w->refs++;
	i->next->prev = i;
	r->idle.next = i;
	r->idle_count++;
	io_deadline_arm(r->loop, &i->late, IDLE_MS);
	relay_hop_give(hop, &(struct relay_hop_owner){ .owner = i,
	                                               .on_ready = on_idle_nothing,
	                                               .on_reply = on_idle_reply,
	                                               .on_text = on_idle_nothing,
	                                               .on_room = on_idle_nothing,
	                                               .on_failed = on_idle_failed });
}

struct relay_hop *relay_idle_take(struct relay *r, const struct relay_world *w, const char *domain,
                                  bool must_be_authenticated)
{
	for (struct relay_idle *i = r->idle.next; i != &r->idle; i = i->next) {
		const struct relay_hop_facts *f = relay_hop_facts(i->hop);
		if (i->world == w && !strcmp(f->domain, domain) && relay_hop_is_idle(i->hop) &&
		    (!must_be_authenticated || f->verdict.is_authenticated))
			return idle_end(i);
	}
	return NULL;
}

/* Somebody else waits for a place that an idle hop has. */
static void on_wanted(void *holder, bool is_domain, const char *name)
{
	struct relay *r = holder;
	struct relay_idle *i = r->idle.next, *next;
	for (; i != &r->idle; i = next) {
		next = i->next;
		if (!strcasecmp(name, is_domain ? relay_hop_facts(i->hop)->domain
		                                : relay_hop_operator(i->hop)))
			idle_leave(i, "ok", NULL);
	}
}

/* --- life --- */

int relay_new(struct relay **ret_r, struct io_loop *loop, struct policy_asker *asker)
{
	struct relay *r = calloc(1, sizeof(*r));
	if (!r)
		return err_raise(-ENOMEM);
	r->loop = loop;
	r->asker = asker;
	asker->on_wanted = on_wanted;
	asker->holder = r;
	r->clients.next = r->clients.prev = &r->clients;
	r->idle.next = r->idle.prev = &r->idle;
	*ret_r = r;
	return 0;
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
	while (r->idle.next != &r->idle)
		idle_leave(r->idle.next, "ok", NULL);
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
	while (r->idle.next != &r->idle)
		relay_hop_free(idle_end(r->idle.next));
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
