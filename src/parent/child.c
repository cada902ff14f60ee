/* One process of the daemon as the parent has it: its channel, what it says, its start. */
#include "parent/acme.h"
#include "parent/alarms.h"
#include "parent/catalog.h"
#include "parent/guard.h"
#include "parent/rollover.h"
#include "parent/state.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "proc/box.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void parent_child_name(const struct parent_child *c, char ret_name[PARENT_CHILD_NAME_CAP])
{
	if (c->role == PROC_ROLE_WATCH)
		snprintf(ret_name, PARENT_CHILD_NAME_CAP, "watch-%s", c->interface);
	else if (c->role == PROC_ROLE_WORKER || (c->role == PROC_ROLE_KEYS && c->slot))
		snprintf(ret_name, PARENT_CHILD_NAME_CAP, "%s-%u", proc_role_name(c->role),
		         c->slot);
	else
		snprintf(ret_name, PARENT_CHILD_NAME_CAP, "%s", proc_role_name(c->role));
}

void parent_child_detach(struct parent_child *c)
{
	io_watch_free(c->watch);
	c->watch = NULL;
	proc_chan_free(c->chan);
	c->chan = NULL;
	buf_deinit(&c->loads);
	c->is_ready = false;
}

bool parent_child_is_quiet(const struct parent_child *c)
{
	return c->chan && proc_chan_is_between_messages(c->chan) && !c->is_asked;
}

static void watch_update(struct parent_child *c)
{
	if (c->watch)
		io_watch_set(c->watch, IO_READ | (proc_chan_wants_write(c->chan) ? IO_WRITE : 0));
}

void parent_send(struct parent_child *c, enum proc_msg_type type, struct slice payload, int fd)
{
	int r = c->chan ? proc_chan_send(c->chan, type, payload, fd) : 0;
	if (r && r != PROC_CLOSED) /* of one that died SIGCHLD tells */
		log_error(NULL, "message not sent", kv_str("message", proc_msg_name(type)),
		          kv_int("pid", c->pid));
	if (fd >= 0)
		close(fd);
	watch_update(c);
}

static void on_status(struct parent_child *c, struct slice payload)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	uint32_t id;
	if (!proc_unpack_u32(&u, &id))
		return;
	/* A worker of another build may have less to tell. */
	for (size_t i = 0; i < PARENT_NUMBERS && u.rest.len; i++)
		if (!proc_unpack_u64(&u, &c->numbers[i]))
			return;
	c->is_asked = false;
	parent_ctl_status_came(c->parent);
}

static void on_child_began(struct parent_child *c)
{
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

static void on_key_message(struct parent_child *c, struct proc_msg *msg)
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

static void on_message(struct parent_child *c, struct proc_msg *msg)
{
	char why[512];
	switch (msg->type) {
	case PROC_MSG_READY:
		on_child_began(c);
		break;
	case PROC_MSG_STATUS:
		on_status(c, msg->payload);
		break;
	case PROC_MSG_CAPS:
		parent_caps_came(c, msg->payload);
		break;
	case PROC_MSG_LOOKED:
		parent_health_came(c, msg->payload);
		break;
	case PROC_MSG_LOADS:
		parent_loads_came(c, msg->payload);
		break;
	case PROC_MSG_REFUSED:
		slice_to_text(msg->payload, why, sizeof(why));
		log_error(NULL, "worker refuses the configuration", kv_str("reason", why));
		if (!c->parent->is_ready && !parent_upgrade_failed(c->parent, why)) {
			c->parent->status = 1;
			io_loop_stop(c->parent->loop);
		}
		break;
	case PROC_MSG_TLSRPT_NUMBERS:
		parent_tlsrpt_came(c->parent, msg->payload);
		break;
	case PROC_MSG_WORKAROUNDS:
		parent_workarounds_came(c->parent, msg->payload);
		break;
	case PROC_MSG_STS_SEEN: /* what strangers wrote is not read here */
		if (c->parent->site.is_ready)
			parent_send(&c->parent->site, PROC_MSG_STS_SEEN, msg->payload, -1);
		break;
	case PROC_MSG_STS_MISMATCH:
		parent_site_mismatch_came(c->parent, msg->payload);
		break;
	case PROC_MSG_SITE_TROUBLE:
		parent_site_trouble_came(c->parent, msg->payload);
		break;
	case PROC_MSG_SITE_POLICIES:
		parent_site_policies_came(c->parent, msg->payload);
		break;
	case PROC_MSG_HOSTS:
		parent_hosts_came(c->parent, msg->payload);
		break;
	case PROC_MSG_RESOLVER_WANTED:
		parent_introduce(&c->parent->resolver, c);
		break;
	case PROC_MSG_LEDGER_WANTED:
		if (c->role == PROC_ROLE_WATCH)
			parent_introduce(&c->parent->ledger, c);
		else
			parent_ledger_wanted(c);
		break;
	case PROC_MSG_WITNESS_SAW:
		parent_witness_saw(c->parent, msg->payload);
		break;
	case PROC_MSG_GUARD_SAID:
		parent_guard_said(c->parent, msg->payload);
		break;
	case PROC_MSG_EVERYWHERE_SAID:
		parent_rollover_said(c->parent, msg->payload);
		break;
	case PROC_MSG_HOOK_ENDED:
		parent_alarms_hook_ended(c->parent, msg->payload);
		break;
	case PROC_MSG_WATCH_STATUS:
	case PROC_MSG_WATCH_FAILED:
		parent_watch_message(c, msg);
		break;
	case PROC_MSG_LEDGER_STATUS:
		parent_ledger_status_came(c->parent, msg->payload);
		break;
	case PROC_MSG_CLUSTER_STATUS:
		parent_cluster_status_came(c->parent, msg->payload);
		break;
	case PROC_MSG_TICKET_KEYS:
		parent_tickets_came(c->parent, msg->payload);
		break;
	case PROC_MSG_BANS:
		parent_bans_came(c->parent, msg->payload);
		break;
	case PROC_MSG_ORDER_TOLD:
		parent_acme_share_came(c->parent, msg->payload);
		break;
	case PROC_MSG_FORGOT:
		parent_ctl_forgot_came(c->parent, msg->payload);
		break;
	case PROC_MSG_KEY_LOADED:
	case PROC_MSG_KEY_BAD:
		on_key_message(c, msg);
		break;
	case PROC_MSG_KEY_WANTED:
		on_key_wanted(c, msg->payload);
		break;
	case PROC_MSG_REQUEST_MADE:
		parent_request_came(c->parent, msg->payload);
		break;
	case PROC_MSG_CHALLENGE_MADE:
		parent_challenge_made(c->parent, msg->payload);
		break;
	case PROC_MSG_TOKENS:
		parent_challenges_heard(c->parent, msg->payload);
		break;
	case PROC_MSG_CHALLENGES_TAKEN:
		if (!c->is_leaving)
			parent_challenges_taken(c->parent, c->slot, msg->payload);
		break;
	case PROC_MSG_PROGRAM_ENDED:
		parent_acme_program_ended(c->parent, msg->payload);
		break;
	case PROC_MSG_SELF_SIGNED:
		parent_plan_self_signed(c->parent, msg->payload);
		break;
	default: /* DRAINED: its end follows, see parent_children_reap() */
		break;
	}
}

static void on_child_ready(void *owner, int events)
{
	struct parent_child *c = owner;
	struct proc_msg msg;
	int r = 0, ended = events & IO_WRITE ? proc_chan_flush(c->chan) : 0;
	if (!ended)
		ended = proc_chan_read(c->chan);
	while (c->chan && (r = proc_chan_next(c->chan, &msg)) == 0) {
		on_message(c, &msg);
	}
	if (c->chan && !ended && r == PROC_MORE)
		watch_update(c);
	else if (c->chan)
		parent_child_detach(c); /* SIGCHLD tells the rest */
}

int parent_child_start(struct parent_child *c, const char *user)
{
	char name[PARENT_CHILD_NAME_CAP];
	int pair[2];
	parent_child_name(c, name);
	int r = proc_chan_pair(pair);
	if (r)
		return err_up(r);
	const struct conf_settings *s =
		c->parent->plan ? c->parent->plan->settings : c->parent->next->settings;
	const char *args[] = {
		name,
		user,
		s->log_format == CONF_LOG_JSON ? "json" : "logfmt",
		s->log_target == CONF_LOG_SYSLOG ? "syslog" : "stderr",
		c->role == PROC_ROLE_WATCH ? c->interface : NULL,
		NULL,
	};
	r = proc_exec_role(proc_role_name(c->role), args, pair[1], &c->pid);
	close(pair[1]);
	if (r)
		close(pair[0]);
	else
		r = proc_chan_new(&c->chan, pair[0], PROC_ROLE_PARENT, c->role);
	if (!r)
		r = io_watch_new(&c->watch, c->parent->loop, pair[0], on_child_ready, c);
	if (r)
		return err_up(r);
	c->started_ms = io_loop_now_ms(c->parent->loop);
	watch_update(c);
	return 0;
}

int parent_child_adopt(struct parent *p, const struct estate_child *from)
{
	CLEAN(closep) int fd = from->fd;
	struct parent_child *c = calloc(1, sizeof(*c));
	if (!c)
		return err_raise(-ENOMEM);
	*c = (struct parent_child){
		.next = p->leaving,
		.parent = p,
		.role = from->role,
		.slot = from->slot,
		.pid = from->pid,
		.started_ms = io_loop_now_ms(p->loop),
		.is_leaving = true,
		.is_inherited = true,
		.is_drained = from->is_drained,
	};
	p->leaving = c;
	int r = proc_chan_new(&c->chan, TAKE_FD(fd), PROC_ROLE_PARENT, c->role);
	if (r)
		return err_up(r);
	proc_chan_set_version(c->chan, from->messages_version);
	r = io_watch_new(&c->watch, p->loop, proc_chan_fd(c->chan), on_child_ready, c);
	if (r)
		return err_up(r);
	watch_update(c);
	return 0;
}
