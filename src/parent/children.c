/* The processes of the daemon: who there has to be, what each is given, and that it is started
 * again when it dies. */
#include "parent/children.h"
#include "parent/acme.h"
#include "parent/alarms.h"
#include "parent/bans.h"
#include "parent/caps.h"
#include "parent/catalog.h"
#include "parent/challenges.h"
#include "parent/ctl.h"
#include "parent/dashboard.h"
#include "parent/drain.h"
#include "parent/guard.h"
#include "parent/health.h"
#include "parent/heir.h"
#include "parent/hosts.h"
#include "parent/ledger.h"
#include "parent/site.h"
#include "parent/state.h"
#include "parent/tables.h"
#include "parent/tunnels.h"
#include "parent/watch.h"
#include "parent/witness.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "proc/box.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { RESTART_MS = 1000 }; /* a process that dies sooner than this waits so long */

static void on_restart(struct io_deadline *d);

static enum proc_msg_type channel_to(enum proc_role servant)
{
	if (servant == PROC_ROLE_KEYS)
		return PROC_MSG_KEYS_CHANNEL;
	return servant == PROC_ROLE_LEDGER ? PROC_MSG_LEDGER_CHANNEL : PROC_MSG_RESOLVER_CHANNEL;
}

static enum proc_msg_type channel_from(enum proc_role asker)
{
	if (asker == PROC_ROLE_SITE)
		return PROC_MSG_SITE_CHANNEL;
	return asker == PROC_ROLE_WATCH ? PROC_MSG_WATCH_CHANNEL : PROC_MSG_WORKER_CHANNEL;
}

void parent_introduce(struct parent_child *servant, struct parent_child *worker)
{
	int pair[2];
	if (!servant->chan || !worker->chan)
		return;
	int r = proc_chan_pair(pair);
	if (r) {
		log_error(NULL, "no channel for a worker",
		          kv_str("to", proc_role_name(servant->role)),
		          kv_str("error", strerror(-r)));
		return;
	}
	parent_send(servant, channel_from(worker->role), (struct slice){}, pair[0]);
	parent_send(worker, channel_to(servant->role), (struct slice){}, pair[1]);
}

/* Of another build it is served by those of its own time; if they are gone it says so. */
static bool is_served(const struct parent_child *servant, const struct parent_child *worker)
{
	return worker->role == PROC_ROLE_WORKER &&
	       (!worker->is_inherited ||
	        (servant->role == PROC_ROLE_LEDGER && worker->wants_ledger));
}

static void introduce_all(struct parent *p, struct parent_child *servant)
{
	for (unsigned i = 0; i < p->worker_count; i++)
		if (p->workers[i])
			parent_introduce(servant, p->workers[i]);
	for (struct parent_child *c = p->leaving; c; c = c->next)
		if (is_served(servant, c))
			parent_introduce(servant, c);
}

/* Ledger says when a hook is to be run. */
static void runner_introduce(struct parent *p)
{
	int pair[2];
	if (!p->runner.chan || !p->ledger.chan)
		return;
	int r = proc_chan_pair(pair);
	if (r) {
		log_error(NULL, "no channel for hooks", kv_str("error", strerror(-r)));
		return;
	}
	parent_send(&p->runner, PROC_MSG_RUNNER_CHANNEL, (struct slice){}, pair[0]);
	parent_send(&p->ledger, PROC_MSG_RUNNER_CHANNEL, (struct slice){}, pair[1]);
}

static int runner_start(struct parent_child *c)
{
	CLEAN(buf_deinit) struct buf hooks = {};
	const struct conf_settings *s = c->parent->plan->settings;
	c->is_replaced = false;
	if (!parent_hooks_pack(s, &hooks))
		return err_raise(-ENOMEM);
	int r = parent_child_start(c, s->user);
	if (r)
		return err_up(r);
	parent_send(c, PROC_MSG_HOOKS, buf_slice(&hooks), -1);
	runner_introduce(c->parent);
	return 0;
}

/* The one folder it may write to. */
int parent_folder_make(const struct conf_settings *s, const char *name)
{
	char path[PATH_MAX];
	const struct passwd *user = geteuid() ? NULL : getpwnam(s->user);
	snprintf(path, sizeof(path), "%s/%s", s->state_dir, name);
	bool is_made = !mkdir(path, 0700) || errno == EEXIST;
	if (is_made && (!user || !chown(path, user->pw_uid, user->pw_gid)))
		return 0;
	int r = -errno;
	log_error(NULL, "cannot make the directory", kv_str("directory", path),
	          kv_str("error", strerror(-r)));
	return err_raise(r);
}

/* A process that all workers ask or tell something, and that has files; or runner. */
static int servant_start(struct parent_child *c)
{
	const struct conf_settings *s = c->parent->plan->settings;
	bool is_ledger = c->role == PROC_ROLE_LEDGER;
	if (c->role == PROC_ROLE_RUNNER)
		return err_up(runner_start(c));
	if (c->role == PROC_ROLE_WITNESS)
		return err_up(parent_witness_start(c));
	if (c->role == PROC_ROLE_SITE)
		return err_up(parent_site_start(c));
	c->is_replaced = false;
	int r = parent_folder_make(s, is_ledger ? CONF_LEDGER_FOLDER : CONF_RESOLVER_FOLDER);
	if (!r && is_ledger && s->dashboard.is_set) /* which shows what may be in there one day */
		r = parent_folder_make(s, CONF_RESOLVER_FOLDER);
	if (!r)
		r = parent_child_start(c, s->user);
	if (r)
		return err_up(r);
	parent_send(c, PROC_MSG_CONFIG, slice_str(s->text), -1);
	if (!is_ledger)
		parent_hosts_send(c->parent); /* before anybody asks */
	introduce_all(c->parent, c);
	if (c->role == PROC_ROLE_RESOLVER)
		parent_introduce(c, &c->parent->site);
	if (!is_ledger)
		return 0;
	parent_dashboard_begin(c->parent);
	parent_alarms_tell_ledger(c->parent);
	runner_introduce(c->parent);
	parent_watches_introduce(c->parent);
	return 0;
}

static bool servant_is_wanted(const struct parent_child *c)
{
	const struct conf_settings *s = c->parent->plan ? c->parent->plan->settings : NULL;
	if (!s)
		return false;
	if (c->role == PROC_ROLE_RUNNER)
		return conf_needs_runner(s);
	if (c->role == PROC_ROLE_WITNESS)
		return conf_needs_witness(s);
	if (c->role == PROC_ROLE_SITE)
		return conf_needs_site(s);
	return c->role == PROC_ROLE_LEDGER ? conf_needs_ledger(s) : conf_needs_resolver(s);
}

static void servant_adjust(struct parent_child *c, bool has_changed)
{
	bool is_wanted = servant_is_wanted(c);
	if (c->pid && (!is_wanted || has_changed)) {
		c->is_replaced = true;
		kill(c->pid, SIGTERM);
	} else if (!c->pid && is_wanted && servant_start(c)) {
		log_error(NULL, "process cannot be started",
		          kv_str("name", proc_role_name(c->role)), kv_str("where", err_origin()));
		c->restart.fn = on_restart;
		io_deadline_arm(c->parent->loop, &c->restart, RESTART_MS);
	}
}

void parent_servants_adjust(struct parent *p, const struct conf_settings *old)
{
	const struct conf_settings *now = p->plan->settings;
	p->resolver.role = PROC_ROLE_RESOLVER;
	p->ledger.role = PROC_ROLE_LEDGER;
	p->runner.role = PROC_ROLE_RUNNER;
	p->witness.role = PROC_ROLE_WITNESS;
	p->site.role = PROC_ROLE_SITE;
	p->resolver.parent = p->ledger.parent = p->runner.parent = p;
	p->witness.parent = p->site.parent = p;
	servant_adjust(&p->resolver, old && conf_resolver_differs(old, now));
	parent_hosts_watch(p); /* it may be wanted only now */
	bool stays = p->ledger.chan && !p->ledger.is_replaced && conf_needs_ledger(now) &&
	             !(old && conf_ledger_differs(old, now));
	servant_adjust(&p->ledger, old && conf_ledger_differs(old, now));
	servant_adjust(&p->runner, old && conf_hooks_differ(old, now));
	servant_adjust(&p->witness, old && conf_witness_differs(old, now));
	parent_site_configure(p); /* one that is there already */
	servant_adjust(&p->site, false);
	parent_site_held_warn(now);
	parent_watches_adjust(p);
	if (!stays)
		return;
	parent_send(&p->ledger, PROC_MSG_CONFIG, slice_str(now->text), -1);
	parent_dashboard_in_force(p);
}

/* Not of a worker. */
static bool is_of_servant(const struct parent_listener *l)
{
	return l->is_service &&
	       (l->service == PROC_SERVICE_DASHBOARD || l->service == PROC_SERVICE_SITE);
}

static void listener_send(struct parent_child *worker, const struct parent_listener *l,
                          unsigned slot)
{
	uint8_t payload[4 + 1 + 1];
	struct proc_packer packer = proc_packer_over(payload, sizeof(payload));
	if (l->fds[slot] < 0)
		return;
	int fd = fcntl(l->fds[slot], F_DUPFD_CLOEXEC, 3);
	if (fd < 0) {
		log_error(NULL, "socket not handed on", kv_str("error", strerror(errno)));
		return;
	}
	if (l->is_service) {
		proc_pack_u8(&packer, (uint8_t)l->service);
		proc_pack_u32(&packer, l->edge);
	} else {
		proc_pack_u32(&packer, l->edge);
		proc_pack_u8(&packer, l->is_tls);
		proc_pack_u8(&packer, (uint8_t)l->sa.ss_family);
	}
	parent_send(worker, l->is_service ? PROC_MSG_SERVICE : PROC_MSG_LISTENER,
	            proc_packed(&packer), fd);
}

/*
 * Its own, and those of seats that are no more (there were more workers once): the kernel goes on
 * giving them clients.
 */
static void listeners_send(struct parent *p, struct parent_child *worker)
{
	for (size_t i = 0; i < p->listener_count; i++)
		for (unsigned slot = worker->slot; slot < PARENT_WORKERS_MAX;
		     slot += p->worker_count)
			if (!is_of_servant(&p->listeners[i]))
				listener_send(worker, &p->listeners[i], slot);
}

void parent_service_listen(struct parent *p, struct parent_child *child, enum proc_service service)
{
	for (size_t i = 0; i < p->listener_count; i++)
		if (p->listeners[i].is_service && p->listeners[i].service == service)
			listener_send(child, &p->listeners[i], 0);
}

void parent_dashboard_listen(struct parent *p, struct parent_child *ledger)
{
	parent_service_listen(p, ledger, PROC_SERVICE_DASHBOARD);
}

void parent_file_send(struct parent_child *child, enum proc_msg_type type, uint32_t number,
                      const char *name, struct slice bytes)
{
	CLEAN(buf_deinit) struct buf payload = {};
	struct proc_packer packer = proc_packer_onto(&payload);
	proc_pack_u32(&packer, number);
	if (name)
		proc_pack_str(&packer, name);
	proc_pack_raw(&packer, bytes);
	if (packer.has_failed)
		log_error(NULL, "no memory for a message");
	else
		parent_send(child, type, proc_packed(&packer), -1);
}

void parent_worker_configure(struct parent *p, struct parent_child *worker)
{
	struct parent_plan *plan = p->plan;
	worker->is_ready = false;
	buf_clear(&worker->loads); /* of other addresses, perhaps */
	parent_send(worker, PROC_MSG_TICKET_KEYS, slice_of(p->ticket_keys, sizeof(p->ticket_keys)),
	            -1);
	parent_bans_send(p, worker);
	parent_witness_introduce(p, worker);
	parent_send(worker, PROC_MSG_CONFIG, slice_str(plan->settings->text), -1);
	for (size_t i = 0; i < plan->certificate_count; i++)
		parent_file_send(worker, PROC_MSG_CHAIN, plan->certificates[i].key_id,
		                 conf_chain_name(plan->settings, i),
		                 buf_slice(&plan->certificates[i].chain));
	parent_catalog_send(p, worker);
	for (size_t i = 0; i < conf_ca_count(plan->settings); i++)
		if (buf_len(&plan->cas[i]))
			parent_file_send(worker, PROC_MSG_CA, (uint32_t)i, NULL,
			                 buf_slice(&plan->cas[i]));
	parent_challenges_send(p, worker);
	parent_tables_send(p, worker);
	listeners_send(p, worker);
	parent_tunnels_send(p, worker);
	/* One of them asks the backends what they offer, the others are told. */
	uint8_t asks = worker->slot == 0;
	parent_send(worker, PROC_MSG_START, slice_of(&asks, 1), -1);
	parent_caps_send(p, worker);
	parent_health_send(p, worker);
}

void parent_workers_configure(struct parent *p)
{
	for (unsigned i = 0; i < p->worker_count; i++)
		if (p->workers[i] && p->workers[i]->chan)
			parent_worker_configure(p, p->workers[i]);
}

int parent_worker_start(struct parent *p, unsigned slot)
{
	struct parent_child *c = p->workers[slot];
	if (!c) {
		c = calloc(1, sizeof(*c));
		if (!c)
			return err_raise(-ENOMEM);
		p->workers[slot] = c;
	}
	c->role = PROC_ROLE_WORKER;
	c->parent = p;
	c->slot = slot;
	int r = parent_child_start(c, p->plan->settings->user);
	if (r)
		return err_up(r);
	parent_keys_introduce(p, c);
	parent_introduce(&p->resolver, c);
	parent_introduce(&p->ledger, c);
	parent_worker_configure(p, c);
	return 0;
}

static void on_restart(struct io_deadline *d)
{
	struct parent_child *c =
		(struct parent_child *)((char *)d - offsetof(struct parent_child, restart));
	struct parent *p = c->parent;
	if (c->pid || (!p->plan && !p->next)) /* a plan was faster, or none needs it */
		return;
	int r = 0;
	if (c->role == PROC_ROLE_KEYS)
		r = parent_keys_start(c);
	else if (c->role == PROC_ROLE_WORKER)
		r = parent_worker_start(p, c->slot);
	else if (servant_is_wanted(c))
		r = servant_start(c);
	if (r) {
		log_error(NULL, "process cannot be started", kv_int("errno", -r),
		          kv_str("where", err_origin()));
		io_deadline_arm(p->loop, d, RESTART_MS);
	}
}

/* It died and must not: at once the first time, after a second when it dies young. */
static void child_restart(struct parent_child *c, int status)
{
	char name[PARENT_CHILD_NAME_CAP];
	parent_child_name(c, name);
	uint64_t lived_ms = io_loop_now_ms(c->parent->loop) - c->started_ms;
	/* A ledger that ends well could not begin, and has said why. */
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	bool is_known = c->is_replaced || code == PROC_EXIT_ANEW ||
	                (c->role == PROC_ROLE_LEDGER && code == 0);
	if (!is_known)
		log_error(NULL, "process died and is started again", kv_str("name", name),
		          kv_int("signal", WIFSIGNALED(status) ? WTERMSIG(status) : 0),
		          kv_int("exit", code > 0 ? code : 0), kv_ms("lived", lived_ms));
	c->parent->deaths[c->role] += !is_known;
	parent_child_detach(c);
	c->pid = 0;
	c->restart.fn = on_restart;
	if (lived_ms < RESTART_MS && !c->is_replaced)
		io_deadline_arm(c->parent->loop, &c->restart, RESTART_MS);
	else
		on_restart(&c->restart);
}

/* While workers drain they still tell it something. */
static void ledger_reaped(struct parent *p, int status)
{
	parent_ctl_forgot_lost(p);
	memset(p->ledger_numbers, 0, sizeof(p->ledger_numbers));
	memset(p->cluster_numbers, 0, sizeof(p->cluster_numbers));
	p->ledger.is_asked = false;
	parent_ctl_status_came(p);
	if (!p->is_draining || p->leaving) {
		child_restart(&p->ledger, status);
		return;
	}
	parent_child_detach(&p->ledger);
	p->ledger.pid = 0;
}

static bool leaving_reap(struct parent *p, pid_t pid)
{
	for (struct parent_child **at = &p->leaving; *at; at = &(*at)->next) {
		struct parent_child *c = *at;
		if (c->pid != pid)
			continue;
		*at = c->next;
		parent_child_detach(c);
		parent_heir_lost(p, c);
		free(c);
		return true;
	}
	return false;
}

void parent_children_reap(struct parent *p)
{
	int status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		bool starts_anew = !p->is_draining;
		if (leaving_reap(p, pid) || parent_upgrade_reaped(p, pid, status) ||
		    parent_watch_reaped(p, pid, status))
			continue;
		int keys = parent_keys_slot(p, pid);
		if (keys == 0)
			parent_requests_lost(p);
		if (p->runner.pid == pid)
			parent_acme_runner_lost(p);
		if (keys >= 0 && starts_anew)
			child_restart(&p->keys[keys], status);
		if (p->resolver.pid == pid && starts_anew)
			child_restart(&p->resolver, status);
		if (p->runner.pid == pid && starts_anew)
			child_restart(&p->runner, status);
		if (p->site.pid == pid && starts_anew)
			child_restart(&p->site, status);
		if (p->witness.pid == pid && starts_anew)
			child_restart(&p->witness, status);
		if (p->ledger.pid == pid)
			ledger_reaped(p, status);
		for (unsigned i = 0; i < p->worker_count && starts_anew; i++)
			if (p->workers[i] && p->workers[i]->pid == pid)
				child_restart(p->workers[i], status);
	}
	parent_old_keys_end(p);
	if (p->is_draining && !p->leaving)
		parent_ledger_end(p);
}
