#include "parent/parent.h"
#include "parent/bans.h"
#include "parent/challenges.h"
#include "parent/children.h"
#include "parent/ctl.h"
#include "parent/dashboard.h"
#include "parent/drain.h"
#include "parent/exceptions.h"
#include "parent/heir.h"
#include "parent/hosts.h"
#include "parent/notify.h"
#include "parent/tickets.h"
#include "parent/tunnels.h"
#include "parent/watch.h"
#include "parent/witness.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "parent/acme.h"
#include "parent/alarms.h"
#include "parent/guard.h"
#include "parent/rollover.h"
#include "parent/state.h"
#include "parent/truth.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

enum { FILE_TICK_MS = 10000 };

unsigned parent_workers_wanted(const struct conf_settings *settings)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned wanted = settings->workers ? settings->workers : (unsigned)(cores > 0 ? cores : 1);
	return wanted > PARENT_WORKERS_MAX ? PARENT_WORKERS_MAX : wanted;
}

/* Every worker took the configuration. */
void parent_all_ready(struct parent *p)
{
	parent_notify(p->has_upgrade_failed ? "READY=1\nSTATUS=" : "READY=1");
	if (p->is_reloading)
		log_notice(NULL, "configuration reloaded",
		           kv_int("edges", (int64_t)p->plan->settings->edge_count),
		           kv_int("links", (int64_t)p->plan->settings->link_count),
		           kv_int("workers", p->worker_count));
	p->is_reloading = false;
	if (p->is_ready) {
		parent_witness_look(p);
		return;
	}
	p->is_ready = true;
	parent_witness_look(p);
	p->has_upgrade_failed = false;
	parent_acme_tick(p);
	parent_dashboard_state(p);
	io_deadline_disarm(&p->heir_late);
	log_notice(NULL, "ready", kv_str("version", MAILSEAL_VERSION),
	           kv_int("workers", p->worker_count));
	if (!p->old_version[0])
		return;
	log_notice(NULL, "upgraded", kv_str("from", p->old_version),
	           kv_str("to", MAILSEAL_VERSION));
	parent_old_workers_drain(p);
}

static void on_signal(void *owner, int number)
{
	struct parent *p = owner;
	switch (number) {
	case SIGHUP:
		parent_reload(p);
		break;
	case SIGCHLD:
		parent_children_reap(p);
		break;
	default:
		if (p->is_draining) /* asked once more: now */
			io_loop_stop(p->loop);
		else if (p->plan || p->leaving)
			parent_drain(p);
		else
			io_loop_stop(p->loop);
		break;
	}
}

static int signals_open(struct parent *p)
{
	static const int numbers[] = { SIGHUP, SIGTERM, SIGINT, SIGCHLD };
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		int r = io_signal_new(&p->signals[i], p->loop, numbers[i], on_signal, p);
		if (r)
			return err_up(r);
	}
	return 0;
}

static void on_file_tick(struct io_deadline *d)
{
	struct parent *p = (struct parent *)((char *)d - offsetof(struct parent, file_tick));
	parent_plan_watch_files(p);
	parent_hosts_watch(p);
	parent_plan_node_alarm(p);
	parent_exceptions_tell(p);
	parent_bans_tick(p);
	parent_acme_tick(p);
	io_deadline_arm(p->loop, d, FILE_TICK_MS);
}

/* A directory of ours, made if it is not there. */
static int directory_open(const char *path, mode_t mode)
{
	if (mkdir(path, mode) && errno != EEXIST) {
		int r = -errno;
		log_error(
			NULL, "cannot make the directory", kv_str("directory", path),
			kv_str("error", strerror(-r)),
			kv_str("mend", "set state_dir and run_dir to places this user may write"));
		return err_raise(r);
	}
	return 0;
}

/* One daemon per run_dir: a second would take half of the clients silently. */
static int lock_take(struct parent *p, const char *run_dir)
{
	char path[512];
	snprintf(path, sizeof(path), "%s/mailseal.lock", run_dir);
	p->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (p->lock_fd < 0 || flock(p->lock_fd, LOCK_EX | LOCK_NB)) {
		int error = errno;
		log_error(NULL, "cannot take the lock", kv_str("file", path),
		          kv_str("error", error == EWOULDBLOCK
		                                  ? "another mailseal runs with this run_dir"
		                                  : strerror(error)));
		return err_raise(-error);
	}
	return 0;
}

void parent_users_check(const struct parent *p, struct conf_settings *s)
{
	bool is_first = !p->plan && !p->next;
	if (geteuid() != 0)
		return;
	if (!getpwnam(s->user)) {
		if (is_first)
			log_warn(NULL, "no such user: processes run as nobody",
			         kv_str("user", s->user),
			         kv_str("mend", "make install, or: useradd --system mailseal"));
		char *other = strdup("nobody");
		if (other) {
			free(s->user);
			s->user = other;
		}
	}
	if (!getpwnam(s->keys_user)) {
		if (is_first)
			log_warn(NULL, "no such user: keys runs as the workers do",
			         kv_str("user", s->keys_user));
		char *other = strdup(s->user);
		if (other) {
			free(s->keys_user);
			s->keys_user = other;
		}
	}
}

/* What a daemon that begins needs from the machine. */
static int places_take(struct parent *p, const struct conf_settings *settings)
{
	clock_gettime(CLOCK_MONOTONIC, &p->began);
	int r = directory_open(settings->state_dir, 0711); /* to what each process has in it */
	if (!r)
		r = directory_open(settings->run_dir, 0755);
	if (!r)
		r = lock_take(p, settings->run_dir);
	if (!r)
		r = parent_ctl_open(p, settings->run_dir);
	if (!r)
		parent_tickets_rotate(p);
	return err_up(r);
}

/* An heir stays, whatever its own beginning comes to: its old workers serve. */
static int begin(struct parent *p, struct conf_settings *settings)
{
	if (!settings)
		return parent_upgrade_failed(p, "the configuration cannot be read, see the log")
		               ? 0
		               : err_raise(-EINVAL);
	int r = parent_plan_begin(p, settings);
	if (r && parent_upgrade_failed(p, "the plan cannot be made"))
		return 0;
	return err_up(r);
}

static int parent_init(struct parent *p, struct conf_settings *settings, int inherit_fd)
{
	int r = io_loop_new(&p->loop);
	if (!r)
		r = inherit_fd >= 0 ? parent_inherit(p, inherit_fd) : places_take(p, settings);
	if (!r)
		r = parent_bans_begin(p, settings ? settings->state_dir : NULL);
	if (!r)
		r = parent_acme_begin(p);
	if (!r)
		r = signals_open(p);
	if (r) {
		conf_settings_free(settings);
		return err_up(r);
	}
	parent_signals_hold(false); /* those that came while another build executed this one */
	r = begin(p, settings);
	p->file_tick.fn = on_file_tick;
	io_deadline_arm(p->loop, &p->file_tick, FILE_TICK_MS);
	parent_children_reap(p); /* who ended meanwhile */
	return err_up(r);
}

static void children_end(struct parent *p)
{
	parent_keys_end(p);
	if (p->resolver.pid)
		kill(p->resolver.pid, SIGTERM);
	if (p->ledger.pid)
		kill(p->ledger.pid, SIGTERM);
	if (p->runner.pid)
		kill(p->runner.pid, SIGTERM);
	if (p->site.pid)
		kill(p->site.pid, SIGTERM);
	parent_witness_end(p);
	parent_watches_end(p);
	for (unsigned i = 0; i < p->worker_count; i++)
		if (p->workers[i] && p->workers[i]->pid)
			kill(p->workers[i]->pid, SIGTERM);
	for (struct parent_child *c = p->leaving; c; c = c->next)
		if (c->pid)
			kill(c->pid, SIGTERM);
}

static void child_close(struct parent_child *c)
{
	io_deadline_disarm(&c->restart);
	io_watch_free(c->watch);
	proc_chan_free(c->chan);
}

static void children_close(struct parent *p)
{
	for (unsigned i = 0; i < p->keys_count; i++)
		child_close(&p->keys[i]);
	child_close(&p->resolver);
	child_close(&p->ledger);
	child_close(&p->runner);
	child_close(&p->site);
	child_close(&p->witness);
	parent_watches_free(p);
	for (unsigned i = 0; i < PARENT_WORKERS_MAX; i++) {
		if (p->workers[i])
			child_close(p->workers[i]);
		free(p->workers[i]);
	}
	while (p->leaving) {
		struct parent_child *c = TAKE(p->leaving);
		p->leaving = c->next;
		child_close(c);
		free(c);
	}
}

static void parent_deinit(struct parent *p)
{
	if (!p->loop)
		return;
	children_end(p);
	parent_ctl_close(p);
	children_close(p);
	parent_truth_free(p);
	parent_guard_end(p);
	parent_rollovers_free(p);
	parent_alarms_free(p);
	io_deadline_disarm(&p->ledger_late);
	parent_listen_close(p);
	parent_tunnels_end(p);
	conf_settings_free(p->began_with);
	parent_acme_free(p);
	parent_requests_free(p);
	parent_challenges_free(p);
	parent_plan_free(p->plan);
	parent_plan_free(p->next);
	parent_plan_free(p->retired);
	buf_deinit(&p->workarounds);
	buf_deinit(&p->policies);
	free(p->bans);
	buf_deinit(&p->hosts);
	for (size_t i = 0; i < COUNT_OF(p->signals); i++)
		io_signal_free(p->signals[i]);
	explicit_bzero(p->ticket_keys, sizeof(p->ticket_keys));
	io_later_remove(p->loop, &p->decide_later);
	io_loop_free(p->loop);
	if (p->lock_fd >= 0)
		close(p->lock_fd);
}

int parent_run(struct conf_settings *settings, const char *config_path, int inherit_fd)
{
	struct parent p = {
		.config_path = config_path,
		.lock_fd = -1,
		.next_key_id = 1,
		.upgrade.out_fd = -1,
	};
	int r = parent_init(&p, settings, inherit_fd);
	if (!r)
		r = io_loop_run(p.loop);
	if (r)
		log_error(NULL, "cannot run", kv_str("error", strerror(-r)),
		          kv_str("where", err_origin()));
	parent_deinit(&p);
	if (!r && !p.status)
		log_notice(NULL, "ended");
	return r ? 1 : p.status;
}
