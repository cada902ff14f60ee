#include "ledger/ledger.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "conf/conf.h"
#include "conf/made.h"
#include "io/loop.h"
#include "ledger/checks.h"
#include "ledger/dashboard.h"
#include "ledger/hooks.h"
#include "ledger/keeper.h"
#include "ledger/share.h"
#include "ledger/tellers.h"
#include "proc/alarm.h"
#include "proc/box.h"
#include "proc/config.h"
#include "proc/peer.h"
#include "proc/share.h"
#include "store/others.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { STATUS_MS = 5 * 1000 };

struct ledger {
	struct io_loop *loop;
	struct conf_settings *settings;
	char folder[PATH_MAX];
	char path[PATH_MAX + 16];
	char others_path[PATH_MAX + 16], checks_path[PATH_MAX + 16];
	struct buf password;           /* of the cluster's store */
	struct proc_chan *parent_chan; /* until the loop has it */
	struct proc_peer *parent;
	struct io_signal *term;
	struct io_deadline status;
	struct tellers *tellers;
	struct keeper *keeper;
	struct dashboard *dashboard;
	struct hooks *hooks;
	struct checks *checks; /* NULL: no domain is looked at */
	struct share *share;   /* NULL: this node is alone */
};

/* --- the parent --- */

static void status_tell(struct ledger *l)
{
	uint8_t payload[8 * PROC_LEDGER_NUMBER_COUNT];
	if (l->parent &&
	    proc_peer_queue(l->parent, PROC_MSG_LEDGER_STATUS, keeper_numbers(l->keeper, payload)))
		log_debug(NULL, "parent cannot be told");
}

static void cluster_tell(struct ledger *l)
{
	uint8_t payload[8 * PROC_CLUSTER_NUMBER_COUNT];
	if (l->parent && l->share &&
	    proc_peer_queue(l->parent, PROC_MSG_CLUSTER_STATUS, share_numbers(l->share, payload)))
		log_debug(NULL, "parent cannot be told");
}

static void on_status(struct io_deadline *d)
{
	struct ledger *l = (struct ledger *)((char *)d - offsetof(struct ledger, status));
	cluster_tell(l);
	status_tell(l);
	io_deadline_arm(l->loop, d, STATUS_MS);
}

static int on_forget(struct ledger *l, struct slice question)
{
	char name[STORE_TEXT_MAX + 1];
	uint8_t payload[4 + 4 + 1];
	struct proc_unpacker u = proc_unpacker_over(question);
	struct proc_packer p = proc_packer_over(payload, sizeof(payload));
	struct slice user;
	uint32_t request;
	size_t rows = 0;
	if (!proc_unpack_u32(&u, &request) || !proc_unpack_text(&u, &user))
		return err_raise(-EPROTO);
	slice_to_text(user, name, sizeof(name));
	int r = keeper_forget(l->keeper, name, &rows);
	share_forget(l->share, name);
	share_changed(l->share);
	if (r)
		log_error(NULL, "a user cannot be forgotten", kv_int("errno", -r),
		          kv_str("where", err_origin()));
	proc_pack_u32(&p, request);
	proc_pack_u32(&p, rows > UINT32_MAX ? UINT32_MAX : (uint32_t)rows);
	proc_pack_u8(&p, r != 0);
	r = proc_peer_queue(l->parent, PROC_MSG_FORGOT, proc_packed(&p));
	return r == PROC_CLOSED ? 0 : err_up(r);
}

/* It is told again every few minutes, so one that the file does not take now is not lost. */
static int on_alarm(struct ledger *l, struct slice payload)
{
	struct proc_alarm a;
	if (!proc_alarm_unpack(payload, &a))
		return err_raise(-EPROTO);
	const struct store_alarm alarm = {
		.kind = proc_alarm_name(a.kind),
		.subject = a.subject,
		.detail = a.text,
		.mend = a.mend,
		.since_s = a.since_s,
		.seen_s = time(NULL),
		.cleared_s = a.is_cleared ? time(NULL) : 0,
	};
	struct store_ledger *store = keeper_store(l->keeper);
	int r = store ? store_ledger_alarm_put(store, &alarm) : 0;
	if (r)
		log_error(NULL, "an alarm cannot be written", kv_int("errno", -r),
		          kv_str("where", err_origin()));
	return 0;
}

static void on_order(void *owner, const struct share_order *answer)
{
	struct ledger *l = owner;
	CLEAN(buf_deinit) struct buf payload = {};
	struct proc_packer p = proc_packer_onto(&payload);
	proc_pack_u8(&p, (uint8_t)answer->ask);
	proc_pack_u32(&p, answer->number);
	proc_pack_u8(&p, (uint8_t)answer->answer);
	if (answer->chain.len <= PROC_ORDER_CHAIN_MAX)
		proc_pack_raw(&p, answer->chain);
	if (p.has_failed ||
	    (l->parent && proc_peer_queue(l->parent, PROC_MSG_ORDER_TOLD, buf_slice(&payload))))
		log_warn(NULL, "what the cluster says of an order cannot be told");
}

static int on_order_ask(struct ledger *l, struct slice payload)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	struct share_order order = {};
	char id[PROC_ORDER_ID_CAP];
	uint8_t ask;
	if (!proc_unpack_u8(&u, &ask) || ask >= PROC_ORDER_ASK_COUNT ||
	    !proc_unpack_u32(&u, &order.number) || !proc_unpack_str(&u, id, sizeof(id)) ||
	    !proc_unpack_text(&u, &order.chain))
		return err_raise(-EPROTO);
	order.ask = (enum proc_order_ask)ask;
	order.id = id;
	if (l->share)
		share_order_ask(l->share, &order);
	else
		on_order(l,
		         &(struct share_order){ order.ask, order.number, id, PROC_ORDER_AWAY, {} });
	return 0;
}

static int on_parent_message(void *owner, struct proc_peer *from, struct proc_msg *msg)
{
	struct ledger *l = owner;
	int r = dashboard_message(l->dashboard, msg);
	if (r != DASHBOARD_OTHER)
		return err_up(r);
	if (msg->type == PROC_MSG_WORKER_CHANNEL)
		return err_up(tellers_add(l->tellers, PROC_ROLE_WORKER, TAKE_FD(msg->fd)));
	if (msg->type == PROC_MSG_WATCH_CHANNEL)
		return err_up(tellers_add(l->tellers, PROC_ROLE_WATCH, TAKE_FD(msg->fd)));
	if (msg->type == PROC_MSG_RUNNER_CHANNEL)
		return err_up(hooks_runner_add(l->hooks, TAKE_FD(msg->fd)));
	if (msg->type == PROC_MSG_FORGET)
		return err_up(on_forget(l, msg->payload));
	if (msg->type == PROC_MSG_ALARM)
		return err_up(on_alarm(l, msg->payload));
	if (msg->type == PROC_MSG_BAN) {
		share_ban(l->share, msg->payload);
		return 0;
	}
	if (msg->type == PROC_MSG_TOKENS) {
		share_tokens_tell(l->share, msg->payload);
		return 0;
	}
	if (msg->type == PROC_MSG_ORDER_ASK)
		return err_up(on_order_ask(l, msg->payload));
	if (msg->type != PROC_MSG_STATUS_ASK)
		return err_raise(-EPROTO);
	cluster_tell(l);
	status_tell(l);
	return 0;
}

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

/* --- the cluster --- */

static struct store_ledger *store_of(void *owner)
{
	struct ledger *l = owner;
	return keeper_store(l->keeper);
}

static void on_tickets(void *owner, struct slice keys)
{
	struct ledger *l = owner;
	if (l->parent && proc_peer_queue(l->parent, PROC_MSG_TICKET_KEYS, keys))
		log_warn(NULL, "ticket keys of the cluster cannot be told");
}

static void on_bans(void *owner, struct slice bans)
{
	struct ledger *l = owner;
	if (l->parent && proc_peer_queue(l->parent, PROC_MSG_BANS, bans))
		log_warn(NULL, "bans of the cluster cannot be told");
}

static void on_tokens(void *owner, struct slice tokens)
{
	struct ledger *l = owner;
	if (l->parent && proc_peer_queue(l->parent, PROC_MSG_TOKENS, tokens))
		log_warn(NULL, "what CAs may ask other nodes for cannot be told");
}

/* Its port 80 is one of those that a CA may come to. */
static bool answers_tokens(const struct conf_settings *s)
{
	for (size_t i = 0; i < s->edge_count; i++)
		if (s->edges[i].protocol == CONF_HTTP && s->edges[i].listen_count)
			return true;
	return false;
}

static void on_cluster_state(void *owner)
{
	cluster_tell(owner);
}

static int on_guess(void *owner, uint64_t teller, struct slice payload)
{
	struct ledger *l = owner;
	struct proc_unpacker u = proc_unpacker_over(payload);
	struct share_guess guess = { .teller = teller };
	uint8_t has_failed;
	if (!proc_unpack_u8(&u, &has_failed) ||
	    !proc_unpack_raw(&u, guess.address, sizeof(guess.address)) ||
	    !proc_unpack_str(&u, guess.user, sizeof(guess.user)) || !proc_unpack_ends(&u))
		return err_raise(-EPROTO);
	if (l->share && has_failed)
		share_guess_failed(l->share, &guess);
	else if (l->share)
		share_guess_well(l->share, &guess);
	return 0;
}

static void on_guessed(void *owner, const struct share_guess *guess, uint32_t failures)
{
	struct ledger *l = owner;
	uint8_t payload[4 + sizeof(guess->address) + 2 + sizeof(guess->user)];
	struct proc_packer p = proc_packer_over(payload, sizeof(payload));
	proc_pack_u32(&p, failures);
	proc_pack_raw(&p, slice_of(guess->address, sizeof(guess->address)));
	proc_pack_str(&p, guess->user);
	tellers_answer(l->tellers, guess->teller, PROC_MSG_GUESSED, proc_packed(&p));
}

/* Without it sessions are still recorded. */
static void share_begin(struct ledger *l)
{
	const struct conf_settings *s = l->settings;
	if (!s->cluster.is_set)
		return;
	int r = share_new(&l->share, &(struct share_settings){
					     .loop = l->loop,
					     .conf = &s->cluster,
					     .password = buf_slice(&l->password),
					     .others_path = l->others_path,
					     .hostname = s->hostname,
					     .max_bytes = s->ledger.max_size,
					     .retention_s = s->ledger.retention_s,
					     .answers_tokens = answers_tokens(s),
					     .owner = l,
					     .store = store_of,
					     .on_tickets = on_tickets,
					     .on_tokens = on_tokens,
					     .on_bans = on_bans,
					     .on_state = on_cluster_state,
					     .on_guessed = on_guessed,
					     .on_order = on_order,
				     });
	if (r)
		log_error(NULL, "this node does not share", kv_int("errno", -r),
		          kv_str("where", err_origin()));
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
		r = tellers_new(&l->tellers, &(struct tellers_settings){ .loop = l->loop,
		                                                         .owner = l,
		                                                         .on_none = on_none,
		                                                         .on_guess = on_guess });
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
	share_begin(l);
	r = proc_peer_adopt(&l->parent, &(struct proc_peer_settings){
						.loop = l->loop,
						.chan = TAKE(l->parent_chan),
						.owner = l,
						.on_message = on_parent_message,
						.on_end = on_parent_end,
					});
	if (!r)
		r = proc_peer_ready(l->parent);
	l->status.fn = on_status;
	if (!r)
		on_status(&l->status);
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
