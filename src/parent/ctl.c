/*
 * The control socket: one line in ("status", "reload", "drain", "release DOMAIN", "forget USER",
 * "tlsrpt-send [DAY]", "upgrade [BINARY]"), JSON out, closed. Only who may write to it (mode 0600
 * in run_dir) is heard, and no process of ours: where all run as one user, a worker must not reach
 * out of its box by it.
 */
#include "parent/acme.h"
#include "parent/alarms.h"
#include "parent/catalog.h"
#include "parent/rollover.h"
#include "parent/state.h"
#include "parent/truth.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "conf/value.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

enum {
	LINE_MAX_LEN = PATH_MAX + 16,
	STATUS_WAIT_MS = 2000,
	FORGET_WAIT_MS = 60000,
	PLAN_WAIT_MS = 30000,
	UPGRADE_WAIT_MS = 60000, /* more than parent/upgrade.c takes for its answer */
	ASKERS_MAX = ESTATE_ASKERS_MAX,
	USER_MAX = 255,
};

struct asker {
	struct asker *next;
	struct parent_ctl *ctl;
	struct io_watch *watch;
	struct io_deadline late;
	struct io_later end;
	int fd;
	char line[LINE_MAX_LEN];
	size_t len;
	bool wants_status;
	bool wants_upgrade;
	uint32_t wants_forgot;  /* the request; 0: none */
	uint32_t wants_planned; /* the same */
};

struct parent_ctl {
	struct parent *parent;
	struct io_watch *watch;
	int fd;
	char path[108];
	struct asker *askers;
	size_t count;
	uint32_t forgets, plans; /* the last request */
};

static const char *const number_names[PARENT_NUMBERS] = {
	"open",
	"signatures_pending",
	"sessions",
	"tls",
	"tls_failed",
	"plain",
	"legacy",
	"resumed",
	"refused",
	"exposures",
	"backend_failures",
	"messages",
	"bytes_in",
	"bytes_out",
	"policy_questions",
	"policy_answers",
	"policy_temporary",
	"handoffs_open",
	"handoffs",
	"hops",
	"hops_sealed",
	"hops_authenticated",
	"hops_plain",
	"hops_tls_failed",
	"messages_relayed",
	"tlsrpt_datagrams",
	"tlsrpt_refused",
	NULL, /* these two are of the ledger: parent/ledger.c */
	NULL,
	"links_open",
	"link_connections",
	"links_refused",
	"links_tls_failed",
	"link_bytes_in",
	"link_bytes_out",
	"link_datagrams",
	"link_datagrams_lost",
	"logins_slowed",
	"logins_refused",
	"tls_compact",
	"tls_not_compact",
	"refused_busy",
	"handshakes_waiting",
};

static void on_end(struct io_later *later)
{
	struct asker *a = (struct asker *)((char *)later - offsetof(struct asker, end));
	struct asker **at = &a->ctl->askers;
	while (*at != a)
		at = &(*at)->next;
	*at = a->next;
	a->ctl->count--;
	io_deadline_disarm(&a->late);
	io_watch_free(a->watch);
	close(a->fd);
	free(a);
}

/* Answers and hangs up; an answer is far smaller than a socket's buffer. Takes answer. */
static void answer(struct asker *a, json_t *what)
{
	char *text = what ? json_dumps(what, JSON_INDENT(2)) : NULL;
	json_decref(what);
	if (text) {
		(void)!send(a->fd, text, strlen(text), MSG_NOSIGNAL);
		(void)!send(a->fd, "\n", 1, MSG_NOSIGNAL);
	}
	free(text);
	a->wants_status = a->wants_upgrade = false;
	a->wants_forgot = a->wants_planned = 0;
	io_later_add(a->ctl->parent->loop, &a->end);
}

static void numbers_write(const uint64_t *numbers, json_t *to)
{
	for (size_t n = 0; n < PARENT_NUMBERS; n++)
		if (number_names[n])
			json_object_set_new(to, number_names[n],
			                    json_integer((json_int_t)numbers[n]));
}

static json_t *worker_json(const struct parent_child *c, bool is_long)
{
	json_t *numbers = is_long ? json_object() : NULL;
	if (numbers)
		numbers_write(c->numbers, numbers);
	return json_pack("{s:i, s:i, s:b, s:I, s:o*}", "slot", (int)c->slot, "pid", (int)c->pid,
	                 "ready", c->is_ready, "open", (json_int_t)c->numbers[0], "numbers",
	                 numbers);
}

static json_t *workers_json(const struct parent *p, bool is_long, json_t *sums)
{
	json_t *list = json_array();
	uint64_t sum[PARENT_NUMBERS] = {};
	for (unsigned i = 0; i < p->worker_count; i++) {
		const struct parent_child *c = p->workers[i];
		if (!c)
			continue;
		json_array_append_new(list, worker_json(c, is_long));
		for (size_t n = 0; n < PARENT_NUMBERS; n++)
			sum[n] += c->numbers[n];
	}
	numbers_write(sum, sums);
	return list;
}

static const char *state_name(const struct parent *p)
{
	if (p->is_draining || p->is_announced)
		return "draining";
	if (p->has_upgrade_failed)
		return "upgrade failed";
	if (p->is_ready)
		return "running";
	return p->old_version[0] ? "upgrading" : "starting";
}

static json_t *deaths_json(const struct parent *p)
{
	static const enum proc_role roles[] = { PROC_ROLE_KEYS,     PROC_ROLE_WORKER,
		                                PROC_ROLE_RESOLVER, PROC_ROLE_LEDGER,
		                                PROC_ROLE_RUNNER,   PROC_ROLE_WATCH,
		                                PROC_ROLE_WITNESS,  PROC_ROLE_SITE };
	json_t *json = json_object();
	for (size_t i = 0; i < COUNT_OF(roles); i++)
		json_object_set_new(json, proc_role_name(roles[i]),
		                    json_integer((json_int_t)p->deaths[roles[i]]));
	return json;
}

static json_t *keys_json(const struct parent *p)
{
	json_t *pids = json_array();
	for (unsigned i = 0; i < p->keys_count; i++)
		json_array_append_new(pids, json_integer(p->keys[i].pid));
	return pids;
}

static json_t *tree_json(const struct parent *p)
{
	const struct parent_catalog_counts counts = parent_catalog_counts(p);
	return json_pack("{s:I, s:I, s:I}", "pairs", (json_int_t)counts.pairs, "checked",
	                 (json_int_t)counts.checked, "left_out", (json_int_t)counts.bad);
}

json_t *parent_ctl_status_json(const struct parent *p, bool is_long)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	json_t *sums = json_object();
	json_t *workers = workers_json(p, is_long, sums);
	unsigned leaving = 0;
	for (const struct parent_child *c = p->leaving; c; c = c->next)
		leaving += c->role == PROC_ROLE_WORKER;
	json_t *status = json_pack(
		"{s:s, s:s, s:I, s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i}", "version",
		MAILSEAL_VERSION, "state", state_name(p), "uptime_s",
		(json_int_t)(now.tv_sec - p->began.tv_sec), "config", p->config_path, "keys_pid",
		(int)p->keys[0].pid, "resolver_pid", (int)p->resolver.pid, "ledger_pid",
		(int)p->ledger.pid, "runner_pid", (int)p->runner.pid, "witness_pid",
		(int)p->witness.pid, "site_pid", (int)p->site.pid, "workers_leaving", (int)leaving);
	json_object_set_new(status, "keys_pids", keys_json(p));
	json_object_set_new(status, "workers", workers);
	json_object_set_new(status, "sums", sums);
	json_object_set_new(status, "ledger", parent_ledger_json(p));
	if (p->plan && p->plan->settings->cluster.is_set)
		json_object_set_new(status, "cluster", parent_cluster_json(p));
	if (p->watches)
		json_object_set_new(status, "watch", parent_watches_json(p));
	json_object_set_new(status, "tlsrpt", parent_tlsrpt_json(p));
	json_object_set_new(status, "certificates", parent_certificates_json(p));
	if (p->plan && p->plan->catalog)
		json_object_set_new(status, "tree", tree_json(p));
	json_object_set_new(status, "alarms", parent_alarms_json(p));
	if (p->truth)
		json_object_set_new(status, "witness", parent_truth_json(p));
	if (p->plan && conf_has_acme(p->plan->settings))
		json_object_set_new(status, "acme", parent_acme_json(p));
	if (p->plan && p->plan->settings->mta_sts_count)
		json_object_set_new(status, "mta_sts", parent_site_json(p));
	json_object_set_new(status, "rollovers", parent_rollovers_json(p));
	json_object_set_new(status, "deaths", deaths_json(p));
	json_t *warnings = parent_caps_warnings(p);
	parent_tunnels_warn(p, warnings);
	json_object_set_new(status, "warnings", warnings);
	json_object_set_new(status, "backends", parent_health_json(p, is_long));
	json_object_set_new(status, "tunnels", parent_tunnels_json(p));
	json_object_set_new(status, "workarounds", parent_workarounds_json(p));
	json_object_set_new(status, "bans", json_integer((json_int_t)parent_bans_count(p)));
	json_object_set_new(status, "hosts", parent_hosts_json(p));
	return status;
}

static json_t *result_json(bool is_well, const char *message)
{
	return json_pack("{s:b, s:s}", "ok", is_well, "message", message);
}

static void on_late(struct io_deadline *d)
{
	struct asker *a = (struct asker *)((char *)d - offsetof(struct asker, late));
	if (a->wants_status)
		answer(a, parent_ctl_status_json(
				  a->ctl->parent,
				  false)); /* with what is known of who did not answer */
	else if (a->wants_planned)
		answer(a, result_json(false, "keys did not answer in time, see the log"));
	else if (a->wants_forgot)
		answer(a, result_json(false, "the ledger did not answer in time"));
	else
		io_later_add(a->ctl->parent->loop, &a->end);
}

static bool is_waiting(const struct parent *p)
{
	for (unsigned i = 0; i < p->worker_count; i++)
		if (p->workers[i] && p->workers[i]->chan && p->workers[i]->is_asked)
			return true;
	return (p->ledger.chan && p->ledger.is_asked) || parent_watches_are_asked(p);
}

void parent_ctl_status_came(struct parent *p)
{
	if (!p->ctl || is_waiting(p))
		return;
	for (struct asker *a = p->ctl->askers; a; a = a->next)
		if (a->wants_status)
			answer(a, parent_ctl_status_json(p, false));
}

void parent_ctl_numbers_ask(struct parent *p)
{
	uint8_t payload[4] = {};
	for (unsigned i = 0; i < p->worker_count; i++) {
		if (!p->workers[i] || !p->workers[i]->chan)
			continue;
		p->workers[i]->is_asked = true;
		parent_send(p->workers[i], PROC_MSG_STATUS_ASK, slice_of(payload, sizeof(payload)),
		            -1);
	}
	parent_ledger_ask(p);
	parent_watches_ask(p);
}

static void status_ask(struct asker *a)
{
	struct parent *p = a->ctl->parent;
	a->wants_status = true;
	io_deadline_arm(p->loop, &a->late, STATUS_WAIT_MS);
	parent_ctl_numbers_ask(p);
	parent_ctl_status_came(p);
}

static void upgrade_do(struct asker *a, const char *binary)
{
	struct parent *p = a->ctl->parent;
	const char *against = parent_upgrade_against(p);
	if (against) {
		answer(a, result_json(false, against));
		return;
	}
	a->wants_upgrade = true;
	io_deadline_arm(p->loop, &a->late, UPGRADE_WAIT_MS);
	parent_upgrade_begin(p, binary);
}

/* What a domain had before is forgotten: mail that waits for it goes with the next try. */
static void release_do(struct asker *a, const char *domain)
{
	struct parent *p = a->ctl->parent;
	char name[256];
	bool is_domain = strlen(domain) < sizeof(name) && conf_hostname_is_valid(domain);
	if (!p->resolver.chan || !is_domain) {
		answer(a, result_json(false,
		                      is_domain ? "no relay is configured" : "that is no domain"));
		return;
	}
	for (size_t i = 0; i <= strlen(domain); i++) /* as hosts are remembered */
		name[i] =
			(char)(domain[i] >= 'A' && domain[i] <= 'Z' ? domain[i] | 0x20 : domain[i]);
	parent_send(&p->resolver, PROC_MSG_RELEASE, slice_str(name), -1);
	answer(a, result_json(true, "released, see the log"));
}

/* By the ledger itself: what it holds in memory would come back. */
static void forget_do(struct asker *a, const char *user)
{
	struct parent *p = a->ctl->parent;
	if (!p->ledger.is_ready || !user[0] || strlen(user) > USER_MAX) {
		answer(a,
		       result_json(false, p->ledger.is_ready
		                                  ? "that is no user"
		                                  : "there is no ledger, or not now: see the log"));
		return;
	}
	uint8_t payload[4 + USER_MAX];
	struct proc_packer packer = proc_packer_over(payload, sizeof(payload));
	a->wants_forgot = ++a->ctl->forgets;
	proc_pack_u32(&packer, a->wants_forgot);
	proc_pack_raw(&packer, slice_str(user));
	io_deadline_arm(p->loop, &a->late, FORGET_WAIT_MS);
	parent_send(&p->ledger, PROC_MSG_FORGET, proc_packed(&packer), -1);
}

void parent_ctl_forgot_came(struct parent *p, struct slice payload)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	uint32_t request, rows;
	uint8_t has_failed;
	char text[80];
	if (!proc_unpack_u32(&u, &request) || !proc_unpack_u32(&u, &rows) ||
	    !proc_unpack_u8(&u, &has_failed))
		return;
	snprintf(text, sizeof(text), "forgotten: %u rows", (unsigned)rows);
	for (struct asker *a = p->ctl ? p->ctl->askers : NULL; a; a = a->next)
		if (request && a->wants_forgot == request)
			answer(a, has_failed
			                  ? result_json(false, "it could not be done, see the log")
			                  : result_json(true, text));
}

void parent_ctl_forgot_lost(struct parent *p)
{
	for (struct asker *a = p->ctl ? p->ctl->askers : NULL; a; a = a->next)
		if (a->wants_forgot)
			answer(a, result_json(false, "the ledger died; ask again"));
}

static void told(struct asker *a, const char *against, const char *done)
{
	answer(a, result_json(!against, against ? against : done));
}

/* keys makes the next key; parent_ctl_planned() answers. */
static void tlsa_plan_do(struct asker *a, const char *name)
{
	struct parent *p = a->ctl->parent;
	a->wants_planned = ++a->ctl->plans;
	io_deadline_arm(p->loop, &a->late, PLAN_WAIT_MS);
	const char *against = parent_rollover_plan(p, name, a->wants_planned);
	if (against)
		told(a, against, NULL);
}

void parent_ctl_planned(struct parent *p, uint32_t request, const char *against)
{
	for (struct asker *a = p->ctl ? p->ctl->askers : NULL; a; a = a->next)
		if (request && a->wants_planned == request)
			told(a, against, "planned");
}

static void ban_do(struct asker *a, const char *text)
{
	bool is_user = false;
	const char *against = parent_bans_put(a->ctl->parent, text, &is_user);
	told(a, against, is_user ? "banned, as a user's name" : "banned");
}

static void command_do(struct asker *a)
{
	struct parent *p = a->ctl->parent;
	if (!strcmp(a->line, "status")) {
		status_ask(a);
	} else if (!strcmp(a->line, "reload")) {
		int r = parent_reload(p);
		answer(a,
		       result_json(!r, r ? "the file has errors, see the log and `mailseal config "
		                           "check`; nothing was changed"
		                         : "reloading, see the log"));
	} else if (!strncmp(a->line, "release ", 8)) {
		release_do(a, a->line + 8);
	} else if (!strncmp(a->line, "forget ", 7)) {
		forget_do(a, a->line + 7);
	} else if (!strcmp(a->line, "tlsrpt-send") || !strncmp(a->line, "tlsrpt-send ", 12)) {
		told(a, parent_tlsrpt_send(p, a->line[11] ? a->line + 12 : ""),
		     "sending, see the log");
	} else if (!strncmp(a->line, "ban ", 4)) {
		ban_do(a, a->line + 4);
	} else if (!strncmp(a->line, "unban ", 6)) {
		told(a, parent_bans_lift(p, a->line + 6), "not banned any more");
	} else if (!strcmp(a->line, "bans")) {
		answer(a, json_pack("{s:o}", "bans", parent_bans_json(p)));
	} else if (!strncmp(a->line, "acme-renew ", 11)) {
		told(a, parent_acme_order(p, a->line + 11, PARENT_ORDER_CURRENT),
		     "ordering, see the log");
	} else if (!strncmp(a->line, "tlsa-plan ", 10)) {
		tlsa_plan_do(a, a->line + 10);
	} else if (!strncmp(a->line, "tlsa-abort ", 11)) {
		told(a, parent_rollover_abort(p, a->line + 11), "taken back");
	} else if (!strcmp(a->line, "tlsa-status")) {
		answer(a, json_pack("{s:o}", "rollovers", parent_rollovers_json(p)));
	} else if (!strcmp(a->line, "drain")) {
		answer(a, result_json(true, "draining"));
		parent_drain(p);
	} else if (!strcmp(a->line, "upgrade") || !strncmp(a->line, "upgrade ", 8)) {
		upgrade_do(a, a->line[7] ? a->line + 8 : "");
	} else {
		answer(a, result_json(false,
		                      "unknown command; known: status, reload, drain, "
		                      "release, forget, tlsrpt-send, ban, unban, bans, "
		                      "acme-renew, tlsa-plan, tlsa-abort, tlsa-status, upgrade"));
	}
}

void parent_ctl_upgrade_answer(struct parent *p, bool is_well, const char *message)
{
	for (struct asker *a = p->ctl ? p->ctl->askers : NULL; a; a = a->next)
		if (a->wants_upgrade)
			answer(a, result_json(is_well, message));
}

void parent_ctl_hand_over(struct parent *p, struct estate *e)
{
	e->ctl_fd = p->ctl->fd;
	for (struct asker *a = p->ctl->askers; a; a = a->next) {
		if (a->wants_status)
			answer(a, parent_ctl_status_json(p, false));
		else if (!a->wants_upgrade && !a->wants_forgot && !a->wants_planned && !a->len)
			e->askers[e->asker_count++] = a->fd;
	}
}

static void on_asker_ready(void *owner, int events)
{
	struct asker *a = owner;
	(void)events;
	ssize_t n = recv(a->fd, a->line + a->len, sizeof(a->line) - 1 - a->len, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		io_later_add(a->ctl->parent->loop, &a->end);
		return;
	}
	a->len += (size_t)n;
	a->line[a->len] = '\0';
	char *end = strchr(a->line, '\n');
	if (!end && a->len < sizeof(a->line) - 1)
		return;
	if (end)
		*end = '\0';
	io_watch_set(a->watch, 0);
	command_do(a);
}

static bool is_of_ours(const struct parent *p, int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len))
		return true;
	if (!peer.pid) /* of another pid namespace */
		return false;
	if (parent_keys_slot(p, peer.pid) >= 0 || peer.pid == p->resolver.pid ||
	    peer.pid == p->ledger.pid || peer.pid == p->runner.pid || peer.pid == p->site.pid ||
	    peer.pid == p->witness.pid || parent_watches_have(p, peer.pid))
		return true;
	for (const struct parent_child *c = p->leaving; c; c = c->next)
		if (c->pid == peer.pid)
			return true;
	for (unsigned i = 0; i < p->worker_count; i++)
		if (p->workers[i] && p->workers[i]->pid == peer.pid)
			return true;
	return false;
}

/* Takes asking: somebody who connected. */
static void asker_add(struct parent_ctl *ctl, int asking)
{
	CLEAN(closep) int fd = asking;
	if (ctl->count == ASKERS_MAX || is_of_ours(ctl->parent, fd))
		return;
	struct asker *a = calloc(1, sizeof(*a));
	if (!a)
		return;
	a->ctl = ctl;
	a->end.fn = on_end;
	a->late.fn = on_late;
	if (io_watch_new(&a->watch, ctl->parent->loop, fd, on_asker_ready, a)) {
		free(a);
		return;
	}
	a->fd = TAKE_FD(fd);
	a->next = ctl->askers;
	ctl->askers = a;
	ctl->count++;
	io_watch_set(a->watch, IO_READ);
	io_deadline_arm(ctl->parent->loop, &a->late, STATUS_WAIT_MS);
}

static void on_ctl_ready(void *owner, int events)
{
	struct parent_ctl *ctl = owner;
	(void)events;
	int fd = accept4(ctl->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0)
		asker_add(ctl, fd);
}

/* Takes socket, which listens, and ctl if all is well. */
static int ctl_start(struct parent *p, struct parent_ctl *ctl, int socket)
{
	ctl->parent = p;
	ctl->fd = socket;
	int r = io_watch_new(&ctl->watch, p->loop, ctl->fd, on_ctl_ready, ctl);
	if (r) {
		close(ctl->fd);
		return err_up(r);
	}
	io_watch_set(ctl->watch, IO_READ);
	p->ctl = ctl;
	return 0;
}

int parent_ctl_adopt(struct parent *p, const struct estate *e)
{
	struct sockaddr_un sa = {};
	socklen_t len = sizeof(sa);
	CLEAN(freep) struct parent_ctl *ctl = calloc(1, sizeof(*ctl));
	if (!ctl)
		return err_raise(-ENOMEM);
	if (getsockname(e->ctl_fd, (struct sockaddr *)&sa, &len) || sa.sun_family != AF_UNIX)
		return err_raise(-EPROTO);
	snprintf(ctl->path, sizeof(ctl->path), "%s", sa.sun_path);
	int r = ctl_start(p, ctl, e->ctl_fd);
	if (r)
		return err_up(r);
	ctl = NULL;
	for (size_t i = 0; i < e->asker_count; i++)
		asker_add(p->ctl, e->askers[i]);
	return 0;
}

int parent_ctl_open(struct parent *p, const char *run_dir)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	CLEAN(freep)
	struct parent_ctl *ctl = calloc(1, sizeof(*ctl));
	if (!ctl)
		return err_raise(-ENOMEM);
	snprintf(ctl->path, sizeof(ctl->path), "%s/ctl.sock", run_dir);
	memcpy(sa.sun_path, ctl->path, sizeof(sa.sun_path));
	CLEAN(closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_raise(-errno);
	unlink(ctl->path);
	mode_t old = umask(0177);
	int failed = bind(fd, (struct sockaddr *)&sa, sizeof(sa)) || listen(fd, 16);
	int error = errno;
	umask(old);
	if (failed) {
		log_error(NULL, "no control socket", kv_str("file", ctl->path),
		          kv_str("error", strerror(error)));
		return err_raise(-error);
	}
	int r = ctl_start(p, ctl, TAKE_FD(fd));
	if (r)
		return err_up(r);
	ctl = NULL;
	return 0;
}

void parent_ctl_close(struct parent *p)
{
	struct parent_ctl *ctl = TAKE(p->ctl);
	if (!ctl)
		return;
	while (ctl->askers) {
		io_later_remove(p->loop, &ctl->askers->end);
		on_end(&ctl->askers->end);
	}
	io_watch_free(ctl->watch);
	close(ctl->fd);
	unlink(ctl->path);
	free(ctl);
}
