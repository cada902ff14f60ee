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

static int route_take(struct relay_route *to, const struct conf_route *from)
{
	const struct conf_tls *t = &from->tls;
	*to = (struct relay_route){
		.is_address = from->host.kind != CONF_ADDRESS_NAME,
		.port = from->host.port,
		.is_implicit = t->mode == CONF_TLS_IMPLICIT,
		.rule = { .is_plain = t->mode == CONF_TLS_NONE,
		          .proof = t->verify == TLS_VERIFY_PIN    ? POLICY_PROOF_PIN
		                   : t->verify == TLS_VERIFY_NONE ? POLICY_PROOF_NONE
		                                                  : POLICY_PROOF_PKIX,
		          .pin_count = t->pin_count },
	};
	snprintf(to->domain, sizeof(to->domain), "%s", from->domain);
	snprintf(to->host, sizeof(to->host), "%s", from->host.host);
	snprintf(to->name, sizeof(to->name), "%s", t->name ? t->name : from->host.host);
	if (!t->pin_count)
		return 0;
	to->pins = calloc(t->pin_count, sizeof(*to->pins));
	if (!to->pins)
		return err_raise(-ENOMEM);
	memcpy(to->pins, t->pins, t->pin_count * sizeof(*to->pins));
	to->rule.pins = to->pins;
	return 0;
}

static int domains_take(char ***ret_list, char *const *from, size_t count)
{
	*ret_list = calloc(count + 1, sizeof(**ret_list));
	for (size_t i = 0; *ret_list && i < count; i++) {
		(*ret_list)[i] = strdup(from[i]);
		if (!(*ret_list)[i])
			return err_raise(-ENOMEM);
	}
	return *ret_list ? 0 : err_raise(-ENOMEM);
}

static void domains_free(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}

/* With the large hello, then the small one. */
static int hops_make(struct tls_hops **ret_tls, struct tls_hops **ret_small,
                     struct tls_hops_settings set, char *ret_error, size_t error_cap)
{
	int r = tls_hops_new(ret_tls, &set, ret_error, error_cap);
	set.small_hello = true;
	if (!r)
		r = tls_hops_new(ret_small, &set, ret_error, error_cap);
	return r == TLS_PROOF_BAD_CA ? RELAY_WORLD_BAD : err_up(r);
}

/* One that is to prove itself by CAs of its own. */
static int route_cas_take(struct relay_route *route, const struct relay_world_settings *from,
                          size_t number, char *ret_error, size_t error_cap)
{
	size_t whose = conf_ca_of_route(from->settings, number);
	const struct tls_hops_settings set = {
		.ca_pem = buf_slice(&from->materials->cas[whose]),
		.min_version = TLS_1_2,
		.trusts_all = true,
	};
	char why[160];
	if (from->settings->routes[number].tls.verify != TLS_VERIFY_FILE)
		return 0;
	int r = hops_make(&route->tls, &route->tls_small, set, why, sizeof(why));
	if (r == RELAY_WORLD_BAD)
		snprintf(ret_error, error_cap, "route[%zu].tls.ca_file: %s", number, why);
	return r;
}

static int routes_take(struct relay_world *w, const struct relay_world_settings *from,
                       char *ret_error, size_t error_cap)
{
	const struct conf_settings *settings = from->settings;
	w->routes = calloc(settings->route_count + 1, sizeof(*w->routes));
	if (!w->routes)
		return err_raise(-ENOMEM);
	for (size_t i = 0; i < settings->route_count; i++) {
		struct relay_route *route = &w->routes[w->route_count++];
		int r = route_take(route, &settings->routes[i]);
		if (!r)
			r = route_cas_take(route, from, i, ret_error, error_cap);
		if (r)
			return r; /* RELAY_WORLD_BAD, or ours */
	}
	return 0;
}

int relay_world_new(struct relay_world **ret_w, const struct relay_world_settings *from,
                    char *ret_error, size_t error_cap)
{
	const struct conf_settings *settings = from->settings;
	const struct conf_relay *conf = &settings->relays[from->number];
	const struct buf *cas = &from->materials->cas[conf_ca_of_relay(settings, from->number)];
	struct relay_world *w = calloc(1, sizeof(*w));
	if (!w)
		return err_raise(-ENOMEM);
	*w = (struct relay_world){ .refs = 1,
		                   .name = strdup(conf->name),
		                   .port = (uint16_t)conf->port,
		                   .plain_after_ms = conf->plain_after_ms,
		                   .limits = { .domain = conf->concurrency,
		                               .host = conf->host_concurrency,
		                               .mx_operator = conf->operator_concurrency,
		                               .per_minute = conf->operator_rate },
		                   .slot_wait_ms = conf->slot_wait_ms,
		                   .remembers = conf->remembers,
		                   .hold_s = conf->hold_for_ms / 1000,
		                   .rejects_bare = conf->bare_newline == CONV_BARE_REJECT };
	snprintf(w->hostname, sizeof(w->hostname), "%s", conf->hostname);
	struct tls_hops_settings set = { .ca_pem = buf_slice(cas), .min_version = TLS_1_2 };
	int r = w->name ? routes_take(w, from, ret_error, error_cap) : err_raise(-ENOMEM);
	if (!r)
		r = domains_take(&w->hold, conf->hold, conf->hold_count);
	if (!r)
		r = domains_take(&w->refuse, conf->refuse, conf->refuse_count);
	if (!r)
		r = hops_make(&w->tls, &w->tls_small, set, ret_error, error_cap);
	if (!r)
		r = relay_door_make(&w->door, from, ret_error, error_cap);
	if (r) {
		relay_world_unref(w);
		return r > 0 ? RELAY_WORLD_BAD : err_up(r);
	}
	*ret_w = w;
	return 0;
}

void relay_world_unref(struct relay_world *w)
{
	if (!w || --w->refs)
		return;
	tls_hops_unref(w->tls);
	tls_hops_unref(w->tls_small);
	tls_server_unref(w->door);
	for (size_t i = 0; i < w->route_count; i++) {
		tls_hops_unref(w->routes[i].tls);
		tls_hops_unref(w->routes[i].tls_small);
		free(w->routes[i].pins);
	}
	free(w->routes);
	domains_free(w->hold);
	domains_free(w->refuse);
	free(w->name);
	free(w);
}
