/*
 * How backends are: what the worker that looks at them says is passed on to the others when it is
 * news, kept for those that start later, and shown, with what each worker has at each address.
 */
#include "parent/health.h"
#include "parent/dashboard.h"
#include "parent/state.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ERROR_CAP = 257 };

struct parent_health {
	const struct conf_backend *backend;
	size_t number, address; /* of the backend, and in it */
	uint8_t flags;          /* PROC_LOOKED_... */
	int64_t since_s;        /* Unix time */
	uint32_t connect_us;
	char error[ERROR_CAP]; /* of the last look */
};

/* What one worker has at one address. */
struct load {
	uint32_t open;
	uint64_t sessions, failures;
};

static size_t places_count(const struct conf_settings *s)
{
	size_t count = 0;
	for (size_t i = 0; i < s->backend_count; i++)
		count += s->backends[i].address_count;
	return count;
}

int parent_health_prepare(struct parent_plan *plan)
{
	const struct conf_settings *s = plan->settings;
	struct parent_health *h = calloc(places_count(s) + 1, sizeof(*h));
	if (!h)
		return err_raise(-ENOMEM);
	plan->health = h;
	for (size_t i = 0; i < s->backend_count; i++)
		for (size_t k = 0; k < s->backends[i].address_count; k++)
			*h++ = (struct parent_health){ .backend = &s->backends[i],
				                       .number = i,
				                       .address = k };
	return 0;
}

void parent_health_free(struct parent_plan *plan)
{
	free(plan->health);
	plan->health = NULL;
}

static const char *text_of(const struct parent_health *h)
{
	return h->backend->addresses[h->address].text;
}

static bool is_same(const struct parent_health *a, const struct parent_health *b)
{
	return !strcmp(a->backend->name, b->backend->name) && !strcmp(text_of(a), text_of(b)) &&
	       a->backend->health_interval_ms && b->backend->health_interval_ms;
}

void parent_health_inherit(struct parent_plan *plan, const struct parent_plan *old)
{
	size_t count = places_count(plan->settings);
	size_t before = old ? places_count(old->settings) : 0;
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < before; k++) {
			struct parent_health *h = &plan->health[i];
			if (!is_same(h, &old->health[k]))
				continue;
			h->flags = old->health[k].flags;
			h->since_s = old->health[k].since_s;
			h->connect_us = old->health[k].connect_us;
			memcpy(h->error, old->health[k].error, sizeof(h->error));
		}
}

/* NULL: there is none of these numbers. */
static struct parent_health *health_at(struct parent_plan *plan, uint32_t backend, uint32_t address)
{
	size_t count = places_count(plan->settings);
	for (size_t i = 0; i < count; i++)
		if (plan->health[i].number == backend && plan->health[i].address == address)
			return &plan->health[i];
	return NULL;
}

static void looked_send(struct parent_child *worker, const struct parent_health *h)
{
	uint8_t payload[4 + 4 + 1 + 4 + ERROR_CAP];
	struct proc_packer p = proc_packer_over(payload, sizeof(payload));
	proc_pack_u32(&p, (uint32_t)h->number);
	proc_pack_u32(&p, (uint32_t)h->address);
	proc_pack_u8(&p, h->flags);
	proc_pack_u32(&p, h->connect_us);
	proc_pack_raw(&p, slice_str(h->error));
	parent_send(worker, PROC_MSG_LOOKED, proc_packed(&p), -1);
}

void parent_health_send(struct parent *p, struct parent_child *worker)
{
	size_t count = places_count(p->plan->settings);
	for (size_t i = 0; i < count; i++)
		if (p->plan->health[i].flags)
			looked_send(worker, &p->plan->health[i]);
}

void parent_health_came(struct parent_child *from, struct slice payload)
{
	struct parent *p = from->parent;
	struct proc_unpacker u = proc_unpacker_over(payload);
	uint32_t backend, address, connect_us;
	struct slice error;
	uint8_t flags;
	/* Until it is ready it speaks of the configuration before. */
	if (!from->is_ready || from->is_leaving || !proc_unpack_u32(&u, &backend) ||
	    !proc_unpack_u32(&u, &address) || !proc_unpack_u8(&u, &flags) ||
	    !proc_unpack_u32(&u, &connect_us) || !proc_unpack_text(&u, &error))
		return;
	struct parent_health *h = health_at(p->plan, backend, address);
	if (!h)
		return;
	bool is_news = h->flags != flags;
	h->flags = flags;
	h->connect_us = connect_us;
	slice_to_text(error, h->error, sizeof(h->error));
	if (!is_news)
		return;
	h->since_s = time(NULL);
	for (unsigned i = 0; i < p->worker_count; i++)
		if (p->workers[i] && p->workers[i] != from)
			looked_send(p->workers[i], h);
	parent_dashboard_state(p);
}

void parent_loads_came(struct parent_child *from, struct slice payload)
{
	if (!from->is_ready)
		return;
	buf_clear(&from->loads);
	if (buf_add(&from->loads, payload))
		buf_deinit(&from->loads); /* the next status shows them again */
}

/* place: as the message has them. False: it did not say yet. */
static bool load_of(const struct parent_child *worker, size_t place, struct load *ret_load)
{
	struct proc_unpacker u = proc_unpacker_over(buf_slice(&worker->loads));
	for (size_t i = 0; i <= place; i++)
		if (!proc_unpack_u32(&u, &ret_load->open) ||
		    !proc_unpack_u64(&u, &ret_load->sessions) ||
		    !proc_unpack_u64(&u, &ret_load->failures))
			return false;
	return true;
}

static const char *state_name(const struct parent_health *h)
{
	if (!h->backend->health_interval_ms)
		return "unchecked";
	if (h->flags & PROC_LOOKED_DOWN)
		return "down";
	return h->flags & PROC_LOOKED_UP ? "up" : "unknown";
}

static json_t *load_json(const struct load *load)
{
	return json_pack("{s:I, s:I, s:I}", "open", (json_int_t)load->open, "sessions",
	                 (json_int_t)load->sessions, "failures", (json_int_t)load->failures);
}

/* Of all workers; list: of each, or NULL. */
static json_t *loads_json(const struct parent *p, size_t place, json_t *list)
{
	struct load sum = {};
	for (unsigned i = 0; i < p->worker_count; i++) {
		struct load one = {};
		if (!p->workers[i] || !load_of(p->workers[i], place, &one))
			continue;
		sum.open += one.open;
		sum.sessions += one.sessions;
		sum.failures += one.failures;
		json_t *item = list ? load_json(&one) : NULL;
		if (item && !json_object_set_new(item, "slot", json_integer(i)))
			json_array_append_new(list, item);
	}
	return load_json(&sum);
}

static json_t *place_json(const struct parent *p, size_t place, bool is_long)
{
	const struct parent_health *h = &p->plan->health[place];
	json_t *workers = is_long ? json_array() : NULL;
	json_t *json = loads_json(p, place, workers);
	json_object_set_new(json, "backend", json_string(h->backend->name));
	json_object_set_new(json, "address", json_string(text_of(h)));
	json_object_set_new(json, "state", json_string(state_name(h)));
	json_object_set_new(json, "since", json_integer((json_int_t)h->since_s));
	json_object_set_new(json, "connect_us", json_integer((json_int_t)h->connect_us));
	json_object_set_new(json, "error", json_string(h->error) ?: json_string("(not UTF-8)"));
	if (workers)
		json_object_set_new(json, "workers", workers);
	return json;
}

json_t *parent_health_json(const struct parent *p, bool is_long)
{
	json_t *list = json_array();
	size_t count = p->plan ? places_count(p->plan->settings) : 0;
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, place_json(p, i, is_long));
	return list;
}
