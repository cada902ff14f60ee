/* What processes of ours say, and who in the parent listens. */
#include "parent/acme.h"
#include "parent/alarms.h"
#include "parent/bans.h"
#include "parent/caps.h"
#include "parent/catalog.h"
#include "parent/children.h"
#include "parent/ctl.h"
#include "parent/guard.h"
#include "parent/health.h"
#include "parent/heir.h"
#include "parent/hosts.h"
#include "parent/ledger.h"
#include "parent/rollover.h"
#include "parent/site.h"
#include "parent/state.h"
#include "parent/tickets.h"
#include "parent/watch.h"
#include "parent/witness.h"
#include "parent/workarounds.h"

#include "base/clean.h"
#include "base/log.h"

static void on_status(struct parent_child *c, struct slice payload)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	uint32_t id;
	if (!proc_unpack_u32(&u, &id))
		return;
	/* A worker of another build may have less to tell. */
	for (size_t i = 0; i < PROC_WORKER_NUMBER_COUNT && u.rest.len; i++)
		if (!proc_unpack_u64(&u, &c->numbers[i]))
			return;
	c->is_asked = false;
	parent_ctl_status_came(c->parent);
}

static void on_ready(struct parent_child *c, struct slice payload)
{
	(void)payload;
	struct parent *p = c->parent;
	c->is_ready = true;
	if (c->role == PROC_ROLE_WATCH)
		parent_watch_began(c);
	if (c->role == PROC_ROLE_WITNESS)
		parent_witness_look(p);
	if (c->role == PROC_ROLE_RUNNER)
		parent_alarms_hooks_begin(p);
	if (c->role == PROC_ROLE_RUNNER)
		parent_acme_tick(p);
	if (c->role == PROC_ROLE_LEDGER)
		parent_challenges_tell(p);
	if (c->is_leaving || c->role != PROC_ROLE_WORKER)
		return;
	for (unsigned i = 0; i < p->worker_count; i++)
		if (!p->workers[i] || !p->workers[i]->is_ready)
			return;
	parent_all_ready(p);
}

static void on_refused(struct parent_child *c, struct slice payload)
{
	struct parent *p = c->parent;
	char why[512];
	slice_to_text(payload, why, sizeof(why));
	log_error(NULL, "worker refuses the configuration", kv_str("reason", why));
	if (!p->is_ready && !parent_upgrade_failed(p, why)) {
		p->status = 1;
		io_loop_stop(p->loop);
	}
}

/* What strangers wrote is not read here. */
static void on_sts_seen(struct parent *p, struct slice payload)
{
	if (p->site.is_ready)
		parent_send(&p->site, PROC_MSG_STS_SEEN, payload, -1);
}

static void on_resolver_wanted(struct parent_child *c, struct slice payload)
{
	(void)payload;
	parent_introduce(&c->parent->resolver, c);
}

static void on_ledger_wanted(struct parent_child *c, struct slice payload)
{
	(void)payload;
	if (c->role == PROC_ROLE_WATCH)
		parent_introduce(&c->parent->ledger, c);
	else
		parent_ledger_wanted(c);
}

static void on_challenges_taken(struct parent_child *c, struct slice payload)
{
	if (!c->is_leaving)
		parent_challenges_taken(c->parent, c->slot, payload);
}

static void on_key_message(struct parent_child *c, const struct proc_msg *msg)
{
	struct proc_unpacker u = proc_unpacker_over(msg->payload);
	uint32_t key_id;
	struct slice bytes;
	char why[256];
	if (!proc_unpack_u32(&u, &key_id) || !proc_unpack_text(&u, &bytes))
		return;
	slice_to_text(bytes, why, sizeof(why));
	bool is_loaded = msg->type == PROC_MSG_KEY_LOADED;
	if (parent_catalog_key_said(c, key_id, bytes, is_loaded ? NULL : why))
		return;
	if (msg->type == PROC_MSG_KEY_LOADED)
		parent_plan_key_loaded(c, key_id, bytes);
	else
		parent_plan_key_bad(c->parent, key_id, why);
}

static void on_key_wanted(struct parent_child *c, struct slice payload)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	uint32_t key_id;
	if (!c->is_leaving && proc_unpack_u32(&u, &key_id))
		parent_catalog_key_wanted(c, key_id);
}

/* By type; what is not here needs no answer (DRAINED: parent_children_reap() sees the end). */
static const struct {
	/* One of the three: who said it matters, or does not; or the message's type does. */
	void (*by_child)(struct parent_child *c, struct slice payload);
	void (*by_parent)(struct parent *p, struct slice payload);
	void (*whole)(struct parent_child *c, const struct proc_msg *msg);
} heard[PROC_MSG_COUNT] = {
	[PROC_MSG_READY] = { .by_child = on_ready },
	[PROC_MSG_STATUS] = { .by_child = on_status },
	[PROC_MSG_CAPS] = { .by_child = parent_caps_came },
	[PROC_MSG_LOOKED] = { .by_child = parent_health_came },
	[PROC_MSG_LOADS] = { .by_child = parent_loads_came },
	[PROC_MSG_REFUSED] = { .by_child = on_refused },
	[PROC_MSG_TLSRPT_NUMBERS] = { .by_parent = parent_tlsrpt_came },
	[PROC_MSG_WORKAROUNDS] = { .by_parent = parent_workarounds_came },
	[PROC_MSG_STS_SEEN] = { .by_parent = on_sts_seen },
	[PROC_MSG_STS_MISMATCH] = { .by_parent = parent_site_mismatch_came },
	[PROC_MSG_SITE_TROUBLE] = { .by_parent = parent_site_trouble_came },
	[PROC_MSG_SITE_POLICIES] = { .by_parent = parent_site_policies_came },
	[PROC_MSG_HOSTS] = { .by_parent = parent_hosts_came },
	[PROC_MSG_RESOLVER_WANTED] = { .by_child = on_resolver_wanted },
	[PROC_MSG_LEDGER_WANTED] = { .by_child = on_ledger_wanted },
	[PROC_MSG_WITNESS_SAW] = { .by_parent = parent_witness_saw },
	[PROC_MSG_GUARD_SAID] = { .by_parent = parent_guard_said },
	[PROC_MSG_EVERYWHERE_SAID] = { .by_parent = parent_rollover_said },
	[PROC_MSG_HOOK_ENDED] = { .by_parent = parent_alarms_hook_ended },
	[PROC_MSG_WATCH_STATUS] = { .whole = parent_watch_message },
	[PROC_MSG_WATCH_FAILED] = { .whole = parent_watch_message },
	[PROC_MSG_LEDGER_STATUS] = { .by_parent = parent_ledger_status_came },
	[PROC_MSG_CLUSTER_STATUS] = { .by_parent = parent_cluster_status_came },
	[PROC_MSG_TICKET_KEYS] = { .by_parent = parent_tickets_came },
	[PROC_MSG_BANS] = { .by_parent = parent_bans_came },
	[PROC_MSG_ORDER_TOLD] = { .by_parent = parent_acme_share_came },
	[PROC_MSG_FORGOT] = { .by_parent = parent_ctl_forgot_came },
	[PROC_MSG_KEY_LOADED] = { .whole = on_key_message },
	[PROC_MSG_KEY_BAD] = { .whole = on_key_message },
	[PROC_MSG_KEY_WANTED] = { .by_child = on_key_wanted },
	[PROC_MSG_REQUEST_MADE] = { .by_parent = parent_request_came },
	[PROC_MSG_CHALLENGE_MADE] = { .by_parent = parent_challenge_made },
	[PROC_MSG_TOKENS] = { .by_parent = parent_challenges_heard },
	[PROC_MSG_CHALLENGES_TAKEN] = { .by_child = on_challenges_taken },
	[PROC_MSG_PROGRAM_ENDED] = { .by_parent = parent_acme_program_ended },
	[PROC_MSG_SELF_SIGNED] = { .by_parent = parent_plan_self_signed },
};

void parent_child_heard(struct parent_child *c, const struct proc_msg *msg)
{
	if ((size_t)msg->type >= COUNT_OF(heard))
		return;
	if (heard[msg->type].by_child)
		heard[msg->type].by_child(c, msg->payload);
	else if (heard[msg->type].by_parent)
		heard[msg->type].by_parent(c->parent, msg->payload);
	else if (heard[msg->type].whole)
		heard[msg->type].whole(c, msg);
}
