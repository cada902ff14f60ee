/* The end of workers, and of the daemon. */
#include "parent/drain.h"
#include "parent/dashboard.h"
#include "parent/ledger.h"
#include "parent/notify.h"
#include "parent/state.h"
#include "parent/watch.h"
#include "parent/witness.h"

#include "base/log.h"

#include <signal.h>
#include <stdlib.h>

static void drain_send(struct parent_child *c)
{
	uint8_t payload[4];
	struct proc_packer packer = proc_packer_over(payload, sizeof(payload));
	const struct parent *p = c->parent;
	proc_pack_u32(&packer,
	              p->plan ? p->plan->settings->drain_timeout_ms : p->old_drain_timeout_ms);
	c->is_drained = true;
	parent_send(c, PROC_MSG_DRAIN, proc_packed(&packer), -1);
}

bool parent_child_is_serving(const struct parent_child *c)
{
	return c->role == PROC_ROLE_WORKER && c->is_inherited && !c->is_drained && c->chan;
}

void parent_old_workers_drain(struct parent *p)
{
	for (struct parent_child *c = p->leaving; c; c = c->next)
		if (parent_child_is_serving(c))
			drain_send(c);
}

/* They are of use to its workers alone. */
void parent_old_keys_end(struct parent *p)
{
	for (const struct parent_child *c = p->leaving; c; c = c->next)
		if (c->role == PROC_ROLE_WORKER)
			return;
	for (struct parent_child *c = p->leaving; c; c = c->next) {
		parent_child_detach(c);
		kill(c->pid, SIGTERM);
	}
}

/* The worker of this slot drains; its seat is free at once. */
void parent_worker_leave(struct parent *p, unsigned slot)
{
	struct parent_child *c = p->workers[slot];
	p->workers[slot] = NULL;
	if (!c)
		return;
	io_deadline_disarm(&c->restart);
	if (!c->pid) { /* it died, and none comes in its place */
		free(c);
		return;
	}
	c->is_leaving = true;
	c->next = p->leaving;
	p->leaving = c;
	drain_send(c);
}

static void drain_now(struct parent *p)
{
	if (p->is_draining)
		return;
	io_deadline_disarm(&p->notice);
	p->is_draining = true;
	log_notice(NULL, "draining");
	parent_dashboard_state(p);
	for (unsigned i = 0; i < p->worker_count; i++)
		parent_worker_leave(p, i);
	parent_old_workers_drain(p);
	parent_old_keys_end(p);
	parent_witness_end(p);
	parent_watches_end(p); /* ledger ends behind them */
	parent_listen_close(p);
	if (!p->leaving)
		parent_ledger_end(p);
}

static void on_notice(struct io_deadline *d)
{
	drain_now((struct parent *)((char *)d - offsetof(struct parent, notice)));
}

void parent_drain(struct parent *p)
{
	uint32_t notice_ms = p->plan ? p->plan->settings->drain_notice_ms : 0;
	bool is_first = !p->is_announced;
	p->is_announced = true;
	if (is_first)
		parent_notify("STOPPING=1");
	if (!is_first || !notice_ms) {
		drain_now(p);
		return;
	}
	log_notice(NULL, "draining soon", kv_ms("notice", notice_ms));
	parent_dashboard_state(p);
	p->notice.fn = on_notice;
	io_deadline_arm(p->loop, &p->notice, notice_ms);
}
