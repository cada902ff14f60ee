/* Keys of a catalog: each keys process is fed them, a few at a time; what it says is compared. */
#include "parent/catalog_inside.h"
#include "parent/state.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { FEED_AT_ONCE = 8 }; /* keys that one process is given before it has answered */

static bool key_is_wanted(const struct parent_pair *pair, unsigned slot)
{
	return !pair->is_bad && !((pair->sent_to | pair->loaded_by) & 1u << slot);
}

static void key_give(struct parent *p, struct parent_pair *pair, unsigned slot)
{
	if (parent_keys_load_one(&p->keys[slot], pair->key_id, pair->place.key))
		pair->sent_to |= (uint16_t)(1u << slot);
	else
		parent_pair_leave_out(pair, strerror(errno));
}

/* True: this one has all that there are. */
static bool feed(struct parent *p, unsigned slot)
{
	struct parent_catalog *c = p->plan->catalog;
	while (c->waiting[slot] < FEED_AT_ONCE && c->fed[slot] < c->id_count) {
		struct parent_pair *pair = c->by_id[c->fed[slot]++];
		if (!key_is_wanted(pair, slot))
			continue;
		key_give(p, pair, slot);
		if (pair->is_bad)
			c->is_stale = true;
		else
			c->waiting[slot]++;
	}
	return !c->waiting[slot];
}

/* What was found bad, or whole, is what workers have to know, once all is looked at. */
static void feed_all(struct parent *p)
{
	struct parent_catalog *c = p->plan->catalog;
	bool is_over = !p->is_draining;
	for (unsigned slot = 0; slot < p->keys_count; slot++)
		is_over &= feed(p, slot);
	if (!is_over || !c->is_stale)
		return;
	if (parent_catalog_write(c))
		log_error(NULL, "certificates not handed on", kv_str("where", err_origin()));
	else
		parent_workers_configure(p);
}

void parent_catalog_in_force(struct parent *p)
{
	if (!p->plan->catalog)
		return;
	log_notice(NULL, "certificates of the tree in force",
	           kv_int("pairs", (int64_t)p->plan->catalog->count));
	feed_all(p);
}

void parent_catalog_keys_lost(struct parent *p, unsigned slot)
{
	struct parent_catalog *c = p->plan ? p->plan->catalog : NULL;
	for (size_t i = 0; c && i < c->id_count; i++) {
		c->by_id[i]->sent_to &= (uint16_t) ~(1u << slot);
		c->by_id[i]->loaded_by &= (uint16_t) ~(1u << slot);
	}
	if (!c)
		return;
	c->fed[slot] = c->waiting[slot] = 0;
	feed_all(p);
}

/* NULL: chain and key are whole, and one. */
static const char *pair_fault(const struct parent_pair *pair, struct slice digest)
{
	if (!pair->loaded_by && !tls_chain_is_well(buf_slice(&pair->chain.der)))
		return "a certificate in it does not parse";
	if (digest.len != sizeof(pair->chain.key_sha256) ||
	    memcmp(digest.data, pair->chain.key_sha256, digest.len) != 0)
		return "chain and key do not belong together";
	return NULL;
}

bool parent_catalog_key_said(struct parent_child *keys, uint32_t key_id, struct slice digest,
                             const char *why)
{
	struct parent *p = keys->parent;
	uint16_t by = (uint16_t)(1u << keys->slot);
	struct parent_catalog *c = p->plan ? p->plan->catalog : NULL;
	struct parent_pair *pair = parent_catalog_pair(p->plan, key_id);
	if (!pair)
		return false;
	if (pair->sent_to & by && c->waiting[keys->slot])
		c->waiting[keys->slot]--;
	pair->sent_to &= (uint16_t)~by;
	if (!why)
		why = pair_fault(pair, digest);
	c->is_stale |= (why && !pair->is_bad) || (!why && !pair->loaded_by && pair->before);
	if (why && !pair->is_bad)
		parent_pair_leave_out(pair, why);
	else if (!why)
		pair->loaded_by |= by;
	feed_all(p);
	return true;
}

/* Where a plan has it. False: it has no such key, or not yet. */
static bool key_path(struct parent_plan *plan, uint32_t key_id, char *ret_path, size_t cap)
{
	const struct parent_certificate *c = parent_plan_certificate_of(plan, key_id);
	const struct parent_pair *pair = parent_catalog_pair(plan, key_id);
	bool was_sent = c && buf_len(&c->chain);
	if (was_sent)
		parent_plan_key_path(plan->settings, (size_t)(c - plan->certificates), ret_path,
		                     cap);
	else if (pair)
		snprintf(ret_path, cap, "%s", pair->place.key);
	return was_sent || pair;
}

/* A certificate's own is on its way: to refuse it to who asked too early would take it away. */
void parent_catalog_key_wanted(struct parent_child *keys, uint32_t key_id)
{
	struct parent *p = keys->parent;
	struct parent_plan *const plans[] = { p->plan, p->next, p->retired };
	char path[PATH_MAX];
	bool is_known = false;
	for (size_t i = 0; key_id && !is_known && i < COUNT_OF(plans); i++)
		is_known = key_path(plans[i], key_id, path, sizeof(path));
	if (!is_known || !parent_keys_load_one(keys, key_id, path))
		parent_keys_refuse(keys, key_id);
}

void parent_catalog_forget(struct parent *p, const struct parent_plan *plan)
{
	const struct parent_catalog *c = plan->catalog;
	for (size_t i = 0; c && i < c->id_count; i++)
		if (!parent_catalog_pair(p->plan, c->by_id[i]->key_id) &&
		    !parent_catalog_pair(p->retired, c->by_id[i]->key_id))
			parent_keys_forget(p, c->by_id[i]->key_id);
}
