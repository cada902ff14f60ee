/*
 * What backends offer, as the worker that asks them says: passed on to the others, kept for those
 * that start later, and looked through for what a keeper should mend.
 */
#include "parent/caps.h"
#include "parent/state.h"

#include "base/clean.h"
#include "base/log.h"

#include <jansson.h>
#include <stdlib.h>

struct parent_caps {
	struct buf payload; /* of the message; empty: none came */
	uint8_t flags;
};

/* Of one address, in the order of the settings; NULL: there is none of these numbers. */
static struct parent_caps *caps_at(struct parent_plan *plan, uint32_t backend, uint32_t address)
{
	const struct conf_settings *s = plan->settings;
	size_t count = 0, at = 0;
	for (size_t i = 0; i < s->backend_count; i++) {
		if (i == backend)
			at = count + address;
		count += s->backends[i].address_count;
	}
	if (backend >= s->backend_count || address >= s->backends[backend].address_count)
		return NULL;
	if (!plan->caps)
		plan->caps = calloc(count, sizeof(*plan->caps));
	return plan->caps ? &plan->caps[at] : NULL;
}

void parent_caps_came(struct parent_child *from, struct slice payload)
{
	struct parent *p = from->parent;
	struct proc_unpacker u = proc_unpacker_over(payload);
	uint32_t backend, address;
	uint8_t flags;
	/* Until it is ready it speaks of the configuration before. */
	if (!from->is_ready || from->is_leaving || !proc_unpack_u32(&u, &backend) ||
	    !proc_unpack_u32(&u, &address) || !proc_unpack_u8(&u, &flags))
		return;
	struct parent_caps *caps = caps_at(p->plan, backend, address);
	if (!caps)
		return;
	caps->flags = flags;
	buf_clear(&caps->payload);
	if (buf_add(&caps->payload, payload))
		log_error(NULL, "no memory for a message");
	for (unsigned i = 0; i < p->worker_count; i++)
		if (p->workers[i] && p->workers[i] != from)
			parent_send(p->workers[i], PROC_MSG_CAPS, payload, -1);
}

static size_t caps_count(const struct parent_plan *plan)
{
	size_t count = 0;
	for (size_t i = 0; plan->caps && i < plan->settings->backend_count; i++)
		count += plan->settings->backends[i].address_count;
	return count;
}

void parent_caps_send(struct parent *p, struct parent_child *worker)
{
	for (size_t i = 0; i < caps_count(p->plan); i++)
		if (buf_len(&p->plan->caps[i].payload))
			parent_send(worker, PROC_MSG_CAPS, buf_slice(&p->plan->caps[i].payload),
			            -1);
}

void parent_caps_free(struct parent_plan *plan)
{
	for (size_t i = 0; i < caps_count(plan); i++)
		buf_deinit(&plan->caps[i].payload);
	free(plan->caps);
	plan->caps = NULL;
}

static json_t *warning_of(const struct conf_backend *b, size_t address, uint8_t flags)
{
	const char *warning = "offers mechanisms that bind to its own TLS (SCRAM-*-PLUS)";
	const char *mend = "switch them off at the server, or set channel_binding";
	if (flags & PROC_CAPS_BLIND) {
		warning = "expects no PROXY header and is not used";
		mend = "switch the PROXY protocol on at the server's listener";
	}
	return json_pack("{s:s, s:s, s:s, s:s}", "backend", b->name, "address",
	                 b->addresses[address].text, "warning", warning, "mend", mend);
}

json_t *parent_caps_warnings(const struct parent *p)
{
	json_t *list = json_array();
	const struct parent_caps *at = p->plan ? p->plan->caps : NULL;
	for (size_t i = 0; at && i < p->plan->settings->backend_count; i++) {
		const struct conf_backend *b = &p->plan->settings->backends[i];
		for (size_t k = 0; k < b->address_count; k++, at++)
			if (at->flags)
				json_array_append_new(list, warning_of(b, k, at->flags));
	}
	return list;
}
