/* Hops that wait for another message to the same domain. */
#include "relay/inside.h"

#include "base/clean.h"

enum {
	IDLE_MS = 5 * 1000,
	USES_MAX = 100, /* messages one hop carries */
};

static void idle_record(struct relay *r, const struct relay_world *w, struct relay_hop *hop,
                        const struct relay_hop_failure *f)
{
	relay_record_hop(hop, &(struct relay_hop_record){
				      .relay = r, .world = w, .outcome = "ok", .failure = f });
}

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

/* f: NULL unless it failed meanwhile. */
static void idle_leave(struct relay_idle *i, const struct relay_hop_failure *f)
{
	idle_record(i->relay, i->world, i->hop, f);
	struct relay_hop *hop = idle_end(i);
	if (f)
		relay_hop_free(hop);
	else
		relay_hop_leave(hop);
}

static void on_idle_late(struct io_deadline *d)
{
	idle_leave((struct relay_idle *)((char *)d - offsetof(struct relay_idle, late)), NULL);
}

static void on_idle_failed(void *owner, const struct relay_hop_failure *f)
{
	idle_leave(owner, f);
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
		idle_record(r, w, hop, NULL);
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
void relay_idle_wanted(void *holder, bool is_domain, const char *name)
{
	struct relay *r = holder;
	struct relay_idle *i = r->idle.next, *next;
	for (; i != &r->idle; i = next) {
		next = i->next;
		if (!strcasecmp(name, is_domain ? relay_hop_facts(i->hop)->domain
		                                : relay_hop_operator(i->hop)))
			idle_leave(i, NULL);
	}
}

void relay_idle_leave_all(struct relay *r)
{
	while (r->idle.next != &r->idle)
		idle_leave(r->idle.next, NULL);
}

void relay_idle_free_all(struct relay *r)
{
	while (r->idle.next != &r->idle)
		relay_hop_free(idle_end(r->idle.next));
}
