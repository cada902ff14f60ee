#include "ledger/ledger.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "conf/conf.h"
#include "conf/made.h"
#include "ledger/inside.h"
#include "proc/box.h"
#include "proc/config.h"
#include "proc/share.h"
#include "store/others.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* --- the end --- */

static void on_shared(void *owner)
{
	struct ledger *l = owner;
	io_loop_stop(l->loop);
}

/* With a last commit, of which the other nodes hear if they can. */
static void finish(struct ledger *l)
{
	keeper_flush(l->keeper);
	share_finish(l->share, on_shared, l);
}

static void on_term(void *owner, int number)
{
	finish(owner);
}

/* Nobody tells anything any more, and nobody starts workers; without a file nobody is heard. */
static void end_if_idle(struct ledger *l)
{
	if (!l->parent && (!tellers_count(l->tellers) || !keeper_is_open(l->keeper)))
		finish(l);
}

static void on_none(void *owner)
{
	end_if_idle(owner);
}

static void on_parent_end(void *owner, struct proc_peer *peer, enum proc_peer_end how)
{
	struct ledger *l = owner;
	proc_peer_free(TAKE(l->parent));
	dashboard_free(TAKE(l->dashboard)); /* another build may run it now, on the same socket */
	if (how != PROC_PEER_GONE)
		finish(l);
	else
		end_if_idle(l);
}

/* --- the file --- */

static void on_open(void *owner)
{
	struct ledger *l = owner;
	if (!l->keeper) /* nobody is there yet */
		return;
	tellers_begin(l->tellers);
	if (l->hooks)
		hooks_look(l->hooks);
}

static void on_kept(void *owner)
{
	struct ledger *l = owner;
	tellers_kept(l->tellers);
	if (l->hooks)
		hooks_look(l->hooks);
	share_changed(l->share);
}

static void on_failed(void *owner)
{
	struct ledger *l = owner;
	tellers_cut(l->tellers);
	end_if_idle(l);
}

static int box(struct ledger *l)
{
	uint16_t ports[CONF_CLUSTER_SERVERS_MAX];
	const struct conf_cluster *c = &l->settings->cluster;
	struct proc_box_report report;
	char resolver[PATH_MAX], reports[PATH_MAX];
	const char *const readable[] = { resolver, reports, NULL };
	size_t count = 0;
	/* What resolver keeps of far ends, and TLS reports of others, for the dashboard. */
	snprintf(resolver, sizeof(resolver), "%s/" CONF_RESOLVER_FOLDER, l->settings->state_dir);
	snprintf(reports, sizeof(reports), "%s/" CONF_REPORTS_FOLDER, l->settings->state_dir);
	if (!c->is_set)
		return err_up(proc_box_reading(PROC_ROLE_LEDGER, l->folder, readable, &report));
	for (size_t i = 0; i < c->server_count; i++)
		if (conf_cluster_way(c, i)->kind != CONF_ADDRESS_UNIX)
			ports[count++] = c->servers[i].port;
	return err_up(proc_box_sharing(l->folder, readable, (struct proc_box_ports){ ports, count },
	                               &report));
}

/* --- the beginning --- */

static struct store_ledger_settings store_settings(const struct ledger *l)
{
	static const enum store_address addresses[] = {
		[CONF_CLIENT_FULL] = STORE_ADDRESS_FULL,
		[CONF_CLIENT_TRUNCATED] = STORE_ADDRESS_TRUNCATED,
		[CONF_CLIENT_NONE] = STORE_ADDRESS_NONE,
	};
	const struct conf_ledger *c = &l->settings->ledger;
	return (struct store_ledger_settings){
		.path = l->path,
		.keep = c->keep == CONF_KEEP_ALL ? STORE_KEEP_ALL : STORE_KEEP_NOTABLE,
		.client_address = addresses[c->client_address],
		.retention_s = c->retention_s,
		.max_bytes = (int64_t)c->max_size,
		.has_hook = c->exposure_hook_count > 0,
	};
}

static int parts_begin(struct ledger *l)
{
	int r = io_loop_new(&l->loop);
	if (!r)
		r = io_signal_new(&l->term, l->loop, SIGTERM, on_term, l);
	if (!r)
		r = tellers_new(&l->tellers,
		                &(struct tellers_settings){ .loop = l->loop,
		                                            .owner = l,
		                                            .on_none = on_none,
		                                            .on_guess = ledger_guess });
	if (!r)
		r = keeper_new(&l->keeper, &(struct keeper_settings){ .loop = l->loop,
		                                                      .store = store_settings(l),
		                                                      .owner = l,
		                                                      .on_open = on_open,
		                                                      .on_kept = on_kept,
		                                                      .on_failed = on_failed });
	if (!r)
		r = dashboard_new(&l->dashboard, l->loop, l->settings->text, l->path);
	if (r)
		return err_up(r);
	tellers_keeper_set(l->tellers, l->keeper);
	r = hooks_new(&l->hooks, l->loop, l->keeper);
	if (!r && l->settings->check.is_set)
		r = checks_new(&l->checks, l->loop, l->hooks, &l->settings->check, l->checks_path);
	if (r)
		return err_up(r);
	ledger_sharing_begin(l);
	r = proc_peer_adopt(&l->parent, &(struct proc_peer_settings){
						.loop = l->loop,
						.chan = TAKE(l->parent_chan),
						.owner = l,
						.on_message = ledger_hear,
						.on_end = on_parent_end,
					});
	if (!r)
		r = proc_peer_ready(l->parent);
	if (!r)
		ledger_status_begin(l);
	return err_up(r);
}

/*
 * False: its folder cannot be used, which this process cannot wait for: the box knows it or not. It
 * ends after a minute, and the parent makes another.
 */
static bool folder_is_fine(const struct ledger *l)
{
	struct pollfd parent = { .fd = proc_chan_fd(l->parent_chan), .events = POLLRDHUP };
	struct proc_box_report report;
	if (!access(l->folder, R_OK | W_OK | X_OK))
		return true;
	log_error(NULL, "sessions are not recorded", kv_str("directory", l->folder),
	          kv_str("error", strerror(errno)),
	          kv_str("mend", "let the user of the daemon into it; it is tried again every "
	                         "minute"));
	if (!proc_box(PROC_ROLE_LEDGER, NULL, &report))
		(void)!poll(&parent, 1, KEEPER_REOPEN_MS);
	return false;
}

/* 0, LEDGER_NOT_NOW (its folder cannot be used, or the parent has ended already) or a negative. */
enum { LEDGER_NOT_NOW = 1 };
static int begin(struct ledger *l, int chan_fd)
{
	int r = proc_chan_new(&l->parent_chan, chan_fd, PROC_ROLE_LEDGER, PROC_ROLE_PARENT);
	if (!r)
		r = proc_config_wait(l->parent_chan, &l->settings);
	if (r)
		return r == PROC_CLOSED ? LEDGER_NOT_NOW : err_up(r);
	snprintf(l->folder, sizeof(l->folder), "%s/" CONF_LEDGER_FOLDER, l->settings->state_dir);
	snprintf(l->path, sizeof(l->path), "%s/" CONF_LEDGER_FILE, l->folder);
	snprintf(l->others_path, sizeof(l->others_path), "%s/" STORE_OTHERS_FILE, l->folder);
	snprintf(l->checks_path, sizeof(l->checks_path), "%s/" CONF_CHECKS_FILE, l->folder);
	if (!folder_is_fine(l))
		return LEDGER_NOT_NOW;
	proc_share_password_read(&l->password, &l->settings->cluster);
	/* First the box: a loop made before it may hold an io_uring that it then may not use. */
	r = box(l);
	return r ? err_up(r) : err_up(parts_begin(l));
}

static void end(struct ledger *l)
{
	if (l->keeper) {
		keeper_flush(l->keeper);
		tellers_flush(l->tellers);
	}
	dashboard_free(l->dashboard);
	share_free(l->share);
	tellers_free(l->tellers);
	hooks_free(l->hooks);
	checks_free(l->checks);
	keeper_free(l->keeper);
	buf_deinit_secret(&l->password);
	proc_peer_free(l->parent);
	proc_chan_free(l->parent_chan);
	if (l->loop) {
		io_deadline_disarm(&l->status);
		io_signal_free(l->term);
		io_loop_free(l->loop);
	}
	conf_settings_free(l->settings);
}

int ledger_main(int chan_fd)
{
	struct ledger l = {};
	int r = begin(&l, chan_fd);
	if (!r)
		r = io_loop_run(l.loop);
	if (r < 0)
		log_error(NULL, "ledger cannot run", kv_str("error", strerror(-r)),
		          kv_str("where", err_origin()));
	end(&l);
	return r < 0 ? 1 : 0;
}
