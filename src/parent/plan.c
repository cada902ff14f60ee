/*
 * From a configuration to what is in force: chains are read, keys loads and names the public
 * half of each key, the two must fit, then sockets and workers follow. Until all of that is well
 * nothing changes.
 */
#include "parent/catalog.h"
#include "parent/parent.h"
#include "parent/rollover.h"
#include "parent/state.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "identity/files.h"
#include "parent/guard.h"
#include "tls/label.h"
#include "tls/server.h"
#include "web/password.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
	FILE_MAX = 2 * 1024 * 1024,
	NODE_QUIET_MS = 3600 * 1000,
	TREE_TICKS = 6, /* certificate_dir is looked at each minute: it may have many files */
	MISMATCH_GRACE_MS = 60000, /* certbot writes chain and key one after the other */
};

void parent_plan_free(struct parent_plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < plan->certificate_count; i++)
		buf_deinit(&plan->certificates[i].chain);
	for (size_t i = 0; plan->cas && i < conf_ca_count(plan->settings); i++)
		buf_deinit(&plan->cas[i]);
	parent_caps_free(plan);
	parent_health_free(plan);
	parent_tables_free(plan);
	parent_tunnels_free(plan);
	parent_catalog_free(plan->catalog);
	buf_deinit(&plan->passwords);
	free(plan->certificates);
	free(plan->cas);
	conf_settings_free(plan->settings);
	free(plan);
}

int parent_plan_fails(struct parent_plan *plan, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	if (!plan->error[0])
		vsnprintf(plan->error, sizeof(plan->error), format, args);
	va_end(args);
	return CONF_BAD;
}

static struct timespec time_of(const char *path)
{
	struct stat st = {};
	return stat(path, &st) ? (struct timespec){} : st.st_mtim;
}

static int certificate_read(struct parent_plan *plan, struct parent_certificate *c,
                            const char *chain_path, const char *key_path)
{
	int r = file_read(&c->chain, chain_path, FILE_MAX, &c->chain_time);
	if (r)
		return parent_plan_fails(plan, "%s: %s", chain_path, file_error(r));
	if (tls_chain_public_digest(buf_slice(&c->chain), c->chain_digest))
		return parent_plan_fails(plan, "%s: no certificate in PEM", chain_path);
	c->key_time = time_of(key_path);
	struct tls_label label = {};
	if (!tls_label_read(&label, buf_slice(&c->chain))) {
		c->not_before_s = label.not_before_s;
		c->not_after_s = label.not_after_s;
		c->is_rsa = !strncmp(label.key, "RSA", 3);
	}
	tls_label_deinit(&label);
	return 0;
}

/* Waits until each keys process has said what it is. */
static int key_load(struct parent *p, struct parent_plan *plan, const struct parent_certificate *c,
                    const char *path)
{
	unsigned answers = parent_keys_load(p, c->key_id, path);
	plan->keys_pending += answers;
	return answers ? 0 : parent_plan_fails(plan, "%s: %s", path, strerror(errno));
}

int parent_plan_certificate_load(struct parent *p, struct parent_plan *plan, size_t number,
                                 const char *chain_path, const char *key_path)
{
	struct parent_certificate *c = &plan->certificates[number];
	int r = certificate_read(plan, c, chain_path, key_path);
	if (r)
		return r;
	return key_load(p, plan, c, key_path);
}

static int ca_read(struct parent_plan *plan, size_t whose, const char *path)
{
	int r = file_read(&plan->cas[whose], path, FILE_MAX, NULL);
	return r ? parent_plan_fails(plan, "%s: %s", path, file_error(r)) : 0;
}

/* Far ends prove themselves by the public CAs, and those that the operator adds. */
static int relay_cas_read(struct parent_plan *plan, size_t number)
{
	const struct conf_relay *relay = &plan->settings->relays[number];
	struct buf *pem = &plan->cas[conf_ca_of_relay(plan->settings, number)];
	const char *const paths[] = { conf_system_cas, relay->ca_file };
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		int r = paths[i] ? file_read(pem, paths[i], FILE_MAX, NULL) : 0;
		if (!r)
			r = buf_add_str(pem, "\n");
		if (r)
			return parent_plan_fails(plan, "%s: %s", paths[i], file_error(r));
	}
	return relay->client_ca_file ? ca_read(plan, conf_ca_of_clients(plan->settings, number),
	                                       relay->client_ca_file)
	                             : 0;
}

static int route_cas_read(struct parent_plan *plan)
{
	const struct conf_settings *s = plan->settings;
	int r = 0;
	for (size_t i = 0; !r && i < s->route_count; i++)
		if (s->routes[i].tls.verify == TLS_VERIFY_FILE)
			r = ca_read(plan, conf_ca_of_route(s, i), s->routes[i].tls.ca_file);
	return r;
}

static int cas_read(struct parent_plan *plan)
{
	int routes = route_cas_read(plan);
	if (routes)
		return routes;
	for (size_t i = 0; i < plan->settings->relay_count; i++) {
		int r = relay_cas_read(plan, i);
		if (r)
			return r;
	}
	for (size_t i = 0; i < plan->settings->backend_count; i++) {
		const struct conf_tls *t = &plan->settings->backends[i].tls;
		const char *path = t->verify == TLS_VERIFY_FILE ? t->ca_file : conf_system_cas;
		if (!conf_tls_is_ours(t) ||
		    (t->verify != TLS_VERIFY_FILE && t->verify != TLS_VERIFY_SYSTEM))
			continue;
		int r = ca_read(plan, conf_ca_of_backend(plan->settings, i), path);
		if (r)
			return r;
	}
	return 0;
}

/* Does any edge need the certificate that we make ourselves? */
static bool needs_self_made(const struct conf_settings *s)
{
	for (size_t i = 0; i < s->edge_count; i++)
		if (s->certificate_count == 0 &&
		    (s->edges[i].protocol == CONF_SMTP || s->edges[i].accepts_self_signed))
			return true;
	return false;
}

static void self_made_path(const struct conf_settings *s, const char *what, char path[512])
{
	snprintf(path, 512, "%s/self-made.%s", s->state_dir, what);
}

/* Asks keys for a certificate of our own; parent_plan_self_signed() goes on. */
static int self_made_order(struct parent *p, struct parent_plan *plan)
{
	char path[512];
	self_made_path(plan->settings, "key", path);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return parent_plan_fails(plan, "%s: %s", path, strerror(errno));
	if (!plan->self_made_is_ordered)
		plan->keys_pending++;
	plan->self_made_is_ordered = true;
	parent_keys_make(p, PROC_MSG_MAKE_SELF_SIGNED, slice_str(plan->settings->hostname), fd);
	return 0;
}

static int self_made_prepare(struct parent *p, struct parent_plan *plan)
{
	char chain[512], key[512];
	struct parent_certificate *c = &plan->certificates[conf_chain_self_made(plan->settings)];
	if (!needs_self_made(plan->settings))
		return 0;
	self_made_path(plan->settings, "pem", chain);
	self_made_path(plan->settings, "key", key);
	c->key_id = p->next_key_id++;
	if (time_of(chain).tv_sec == 0 || time_of(key).tv_sec == 0)
		return self_made_order(p, plan);
	int r = certificate_read(plan, c, chain, key);
	if (r)
		return r;
	return key_load(p, plan, c, key);
}

static void node_path(const struct conf_settings *s, const char *what, char path[512])
{
	snprintf(path, 512, "%s/%s", s->pki.dir, what);
}

void parent_plan_key_path(const struct conf_settings *s, size_t number, char *ret_path, size_t cap)
{
	if (number < s->certificate_count)
		conf_certificate_key_path(s, &s->certificates[number], ret_path, cap);
	else if (number == conf_chain_self_made(s))
		snprintf(ret_path, cap, "%s/self-made.key", s->state_dir);
	else
		snprintf(ret_path, cap, "%s/" IDENTITY_KEY_FILE, s->pki.dir);
}

/* Who we are among our own hosts, and whom we believe. */
static int node_prepare(struct parent *p, struct parent_plan *plan)
{
	const struct conf_settings *s = plan->settings;
	struct parent_certificate *c = &plan->certificates[conf_chain_of_node(s)];
	char chain[512], key[512], ca[512], denied[512];
	if (!conf_needs_identity(s))
		return 0;
	node_path(s, IDENTITY_CHAIN_FILE, chain);
	node_path(s, IDENTITY_KEY_FILE, key);
	node_path(s, IDENTITY_CA_FILE, ca);
	node_path(s, IDENTITY_DENIED_FILE, denied);
	c->key_id = p->next_key_id++;
	plan->trust_times[0] = time_of(ca);
	plan->trust_times[1] = time_of(denied);
	int r = ca_read(plan, conf_ca_of_internal(s), ca);
	if (!r)
		r = ca_read(plan, conf_ca_denied(s), denied);
	if (!r)
		r = certificate_read(plan, c, chain, key);
	if (r)
		return r;
	return key_load(p, plan, c, key);
}

struct parent_certificate *parent_plan_certificate_of(struct parent_plan *plan, uint32_t key_id)
{
	for (size_t i = 0; plan && i < plan->certificate_count; i++)
		if (plan->certificates[i].key_id == key_id)
			return &plan->certificates[i];
	return NULL;
}

/* Of a plan that is dropped; but for those that it took over from the one in force. */
static void own_keys_forget(struct parent *p, const struct parent_plan *plan)
{
	for (size_t i = 0; i < plan->certificate_count; i++)
		if (plan->certificates[i].key_id && !plan->certificates[i].is_held)
			parent_keys_forget(p, plan->certificates[i].key_id);
	parent_catalog_forget(p, plan);
}

/* The plan cannot be. At the start that is the end; later the one in force stays. */
static void plan_drop(struct parent *p)
{
	struct parent_plan *plan = TAKE(p->next);
	uint64_t now_ms = io_loop_now_ms(p->loop);
	if (!p->mismatch_since_ms)
		p->mismatch_since_ms = now_ms;
	if (!p->plan) {
		if (!parent_upgrade_failed(p, plan->error)) {
			log_error(NULL, "cannot start", kv_str("reason", plan->error));
			p->status = 1;
			io_loop_stop(p->loop);
		}
	} else if (p->next_is_renewal && now_ms - p->mismatch_since_ms < MISMATCH_GRACE_MS) {
		log_info(NULL, "renewed certificate is not whole yet",
		         kv_str("reason", plan->error));
	} else {
		log_error(NULL, "not taken, the old one stays in force",
		          kv_str("reason", plan->error));
	}
	own_keys_forget(p, plan);
	parent_plan_free(plan);
	if (p->is_ready || p->has_upgrade_failed)
		parent_notify("READY=1");
}

static void keys_forget(struct parent *p, const struct parent_plan *plan)
{
	for (size_t i = 0; i < plan->certificate_count; i++)
		if (plan->certificates[i].key_id) /* else another plan has it */
			parent_keys_forget(p, plan->certificates[i].key_id);
	parent_catalog_forget(p, plan);
}

static void workers_adjust(struct parent *p, unsigned wanted)
{
	for (unsigned i = wanted; i < p->worker_count; i++)
		parent_worker_leave(p, i);
	unsigned had = p->worker_count;
	p->worker_count = wanted;
	for (unsigned i = 0; i < had && i < wanted; i++)
		if (p->workers[i] && p->workers[i]->chan)
			parent_worker_configure(p, p->workers[i]);
	for (unsigned i = had; i < wanted; i++)
		if (parent_worker_start(p, i))
			log_error(NULL, "worker cannot be started", kv_int("slot", i),
			          kv_str("where", err_origin()));
}

/* What a process is made of is as it was when this image began. */
static void restart_warn(struct parent *p)
{
	const struct conf_settings *now = p->plan->settings;
	struct conf_errors errors = {};
	char names[256];
	if (!p->began_with) {
		if (conf_read_text(&p->began_with, now->text, time(NULL), &errors))
			log_debug(NULL, "settings of the start not kept");
		else
			parent_users_check(p, p->began_with);
		conf_errors_deinit(&errors);
		return;
	}
	conf_restart_names(p->began_with, now, names, sizeof(names));
	if (names[0])
		log_warn(NULL, "what was changed needs a restart", kv_str("settings", names),
		         kv_str("mend", "restart mailseal"));
}

static void plan_commit(struct parent *p)
{
	struct parent_plan *plan = TAKE(p->next);
	unsigned wanted = parent_workers_wanted(plan->settings);
	int r = parent_listen(p, plan->settings, wanted);
	if (r && !p->plan) {
		parent_plan_free(plan);
		if (!parent_upgrade_failed(p, "cannot listen, see the log")) {
			p->status = 1;
			io_loop_stop(p->loop);
		}
		return;
	}
	struct parent_plan *old = p->plan;
	p->plan = plan;
	p->mismatch_since_ms = 0;
	parent_health_inherit(p->plan, old);
	parent_guard_in_force(p);
	parent_rollover_in_force(p);
	parent_tunnels_begin(p, old);
	parent_servants_adjust(p, old ? old->settings : NULL);
	/* Handshakes under way may still sign with the keys before: those go one change later. */
	struct parent_plan *gone = p->retired;
	p->retired = old;
	if (gone)
		keys_forget(p, gone);
	parent_plan_free(gone);
	parent_keys_adjust(p);
	workers_adjust(p, wanted);
	parent_catalog_in_force(p);
	restart_warn(p);
	p->is_reloading = old;
	if (!old)
		log_notice(NULL, "configuration in force",
		           kv_int("edges", (int64_t)plan->settings->edge_count),
		           kv_int("links", (int64_t)plan->settings->link_count),
		           kv_int("workers", wanted));
}

/* Every key is loaded or refused: does each fit its chain? */
static void plan_decide(struct parent *p)
{
	struct parent_plan *plan = p->next;
	if (plan->keys_pending)
		return;
	for (size_t i = 0; i < plan->certificate_count && !plan->error[0]; i++) {
		struct parent_certificate *c = &plan->certificates[i];
		if (!buf_len(&c->chain))
			continue;
		if (!c->is_key_loaded || memcmp(c->chain_digest, c->key_digest, 32) != 0)
			parent_plan_fails(
				plan, "certificate \"%s\": chain and key do not belong together",
				conf_chain_name(plan->settings, i));
	}
	if (!plan->error[0]) {
		if (parent_guard_waits(p))
			return;
		parent_guard_apply(p);
	}
	if (plan->error[0])
		plan_drop(p);
	else
		plan_commit(p);
}

static void on_decide(struct io_later *later)
{
	struct parent *p = (struct parent *)((char *)later - offsetof(struct parent, decide_later));
	if (p->next && !p->is_draining)
		plan_decide(p);
}

void parent_plan_decide_soon(struct parent *p)
{
	p->decide_later.fn = on_decide;
	io_later_add(p->loop, &p->decide_later);
}

static int group_find(struct parent_plan *plan, const char *whose, const char *group)
{
	if (!group || getgrnam(group))
		return 0;
	return parent_plan_fails(plan, "%s: there is no group \"%s\"", whose, group);
}

/* Of unix sockets: found before anything is changed. */
static int groups_find(struct parent_plan *plan)
{
	const struct conf_settings *s = plan->settings;
	int r = group_find(plan, "policy_service", s->policy_service.group);
	if (!r)
		r = group_find(plan, "tlsrpt", s->tlsrpt.group);
	if (!r)
		r = group_find(plan, "dashboard", s->dashboard.group);
	for (size_t i = 0; !r && i < s->relay_count; i++)
		r = group_find(plan, s->relays[i].name, s->relays[i].group);
	for (size_t i = 0; !r && i < s->link_count; i++)
		r = group_find(plan, s->links[i].name, s->links[i].group);
	return r;
}

static int passwords_read(struct parent_plan *plan)
{
	const char *path = plan->settings->dashboard.password_file;
	struct web_passwords *list = NULL;
	unsigned line = 0;
	int r = path ? file_read(&plan->passwords, path, PROC_PASSWORDS_MAX, NULL) : 0;
	if (!path || r)
		return r ? parent_plan_fails(plan, "%s: %s", path, file_error(r)) : 0;
	r = web_passwords_new(&list, buf_slice(&plan->passwords), &line);
	web_passwords_free(list);
	if (r == WEB_PASSWORDS_BAD)
		return parent_plan_fails(plan, "%s:%u: no line user:HASH with a hash of mkpasswd",
		                         path, line);
	if (r == WEB_PASSWORDS_NONE)
		return parent_plan_fails(plan, "%s: nobody is in it", path);
	return err_up(r);
}

static int plan_fill(struct parent *p, struct parent_plan *plan)
{
	const struct conf_settings *s = plan->settings;
	plan->certificate_count = conf_chain_count(s);
	plan->certificates = calloc(plan->certificate_count, sizeof(*plan->certificates));
	plan->cas = calloc(conf_ca_count(s) + 1, sizeof(*plan->cas));
	if (!plan->certificates || !plan->cas)
		return err_raise(-ENOMEM);
	int r = parent_tunnels_prepare(plan);
	if (!r)
		r = parent_health_prepare(plan);
	if (!r)
		r = groups_find(plan);
	if (!r)
		r = passwords_read(plan);
	if (!r)
		r = parent_tables_prepare(plan, p->plan);
	if (!r)
		r = cas_read(plan);
	for (size_t i = 0; !r && i < s->certificate_count; i++) {
		struct parent_certificate *c = &plan->certificates[i];
		c->key_id = p->next_key_id++;
		r = s->certificates[i].acme
		            ? parent_plan_ordered(p, plan, i)
		            : parent_plan_certificate_load(p, plan, i, s->certificates[i].chain,
		                                           s->certificates[i].key);
	}
	if (!r)
		r = self_made_prepare(p, plan);
	if (!r)
		r = node_prepare(p, plan);
	if (!r)
		r = parent_catalog_prepare(p, plan);
	return r < 0 ? err_up(r) : 0; /* what failed is in plan->error */
}

int parent_plan_begin(struct parent *p, struct conf_settings *settings)
{
	struct parent_plan *plan = calloc(1, sizeof(*plan));
	if (!plan) {
		conf_settings_free(settings);
		return err_raise(-ENOMEM);
	}
	plan->settings = settings;
	parent_users_check(p, settings);
	parent_plan_free(p->next);
	p->next = plan;
	int r = parent_keys_begin(p);
	if (!r)
		r = plan_fill(p, plan);
	if (r)
		return err_up(r);
	if (plan->error[0])
		plan->keys_pending = 0;
	if (!plan->keys_pending)
		parent_plan_decide_soon(p);
	return 0;
}

void parent_plan_key_loaded(struct parent_child *keys, uint32_t key_id, struct slice digest)
{
	struct parent *p = keys->parent;
	uint16_t by = (uint16_t)(1u << keys->slot);
	struct parent_certificate *c = parent_plan_certificate_of(p->next, key_id);
	if (!c || c->loaded_by & by || digest.len != sizeof(c->key_digest))
		return; /* of a plan that was dropped, or told again by a new keys */
	if (c->is_key_loaded && memcmp(c->key_digest, digest.data, digest.len) != 0)
		parent_plan_fails(
			p->next, "certificate \"%s\": its key changed while it was read",
			conf_chain_name(p->next->settings, (size_t)(c - p->next->certificates)));
	memcpy(c->key_digest, digest.data, digest.len);
	c->is_key_loaded = true;
	c->loaded_by |= by;
	parent_plan_settled(p);
}

void parent_plan_key_bad(struct parent *p, uint32_t key_id, const char *why)
{
	struct parent_certificate *c = parent_plan_certificate_of(p->next, key_id);
	if (!c)
		return;
	size_t i = (size_t)(c - p->next->certificates);
	char path[512];
	parent_plan_key_path(p->next->settings, i, path, sizeof(path));
	parent_plan_fails(p->next, "%s: %s", path, why);
	parent_plan_settled(p);
}

void parent_plan_settled(struct parent *p)
{
	if (p->next->keys_pending && --p->next->keys_pending == 0)
		parent_plan_decide_soon(p);
}

void parent_plan_keys_again(struct parent *p)
{
	struct parent_plan *plan = p->next;
	if (plan)
		parent_plan_ordered_again(p, plan);
	if (!plan || !plan->self_made_is_ordered || !self_made_order(p, plan))
		return;
	plan->self_made_is_ordered = false;
	plan->keys_pending--;
	parent_plan_decide_soon(p);
}

/* False: errno says why. */
static bool file_write(const char *path, struct slice bytes)
{
	CLEAN(closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return false;
	ssize_t n = write(fd, bytes.data, bytes.len);
	if (n >= 0)
		errno = ENOSPC; /* what a short write means */
	return n == (ssize_t)bytes.len;
}

/* The certificate of our own is made: it is kept, and its key loaded like any other. */
void parent_plan_self_signed(struct parent *p, struct slice chain)
{
	char path[512], key[512];
	struct parent_plan *plan = p->next;
	if (!plan)
		return;
	self_made_path(plan->settings, "pem", path);
	self_made_path(plan->settings, "key", key);
	plan->self_made_is_ordered = false;
	plan->keys_pending--;
	if (!chain.len) {
		parent_plan_fails(plan, "%s cannot be written, keys has said why", key);
	} else if (!file_write(path, chain)) {
		parent_plan_fails(plan, "%s: %s", path, strerror(errno));
		unlink(path); /* half of it would be read at the next start */
	}
	if (!plan->error[0]) {
		log_notice(NULL, "made a self-signed certificate for port 25",
		           kv_str("file", path));
		self_made_prepare(p, plan);
	}
	if (!plan->keys_pending)
		parent_plan_decide_soon(p);
}

static bool has_changed(const struct timespec *known, const char *path)
{
	struct timespec now = time_of(path);
	return now.tv_sec && (now.tv_sec != known->tv_sec || now.tv_nsec != known->tv_nsec);
}

/* What of this node's files is another by now; the list of those revoked above all. */
static bool trust_has_changed(const struct parent_plan *plan)
{
	const struct conf_settings *s = plan->settings;
	char path[512];
	if (!conf_needs_identity(s))
		return false;
	node_path(s, IDENTITY_CA_FILE, path);
	bool is_other = has_changed(&plan->trust_times[0], path);
	node_path(s, IDENTITY_DENIED_FILE, path);
	return is_other || has_changed(&plan->trust_times[1], path);
}

static bool certificate_has_changed(const struct parent_plan *plan, size_t number)
{
	const struct conf_settings *s = plan->settings;
	const struct parent_certificate *c = &plan->certificates[number];
	char chain[512], key[512];
	if (number == conf_chain_self_made(s) || !buf_len(&c->chain))
		return false;
	if (number == conf_chain_of_node(s))
		node_path(s, IDENTITY_CHAIN_FILE, chain);
	else
		conf_certificate_chain_path(s, &s->certificates[number], chain, sizeof(chain));
	parent_plan_key_path(s, number, key, sizeof(key));
	return has_changed(&c->chain_time, chain) || has_changed(&c->key_time, key);
}

void parent_plan_again(struct parent *p)
{
	struct conf_errors errors = {};
	struct conf_settings *same = NULL;
	int r = conf_read_text(&same, p->plan->settings->text, time(NULL), &errors);
	conf_errors_deinit(&errors);
	if (!r) {
		p->next_is_renewal = true;
		r = parent_plan_begin(p, same);
	}
	if (r)
		log_error(NULL, "renewed certificate cannot be read",
		          kv_str("where", err_origin()));
}

/* Renewed files are picked up by themselves; symbolic links are followed at every look. */
void parent_plan_watch_files(struct parent *p)
{
	bool changed = false, is_news = false;
	const struct conf_settings *s = p->plan ? p->plan->settings : NULL;
	for (size_t i = 0; s && i < p->plan->certificate_count; i++) {
		struct parent_certificate *c = &p->plan->certificates[i];
		bool is_other = certificate_has_changed(p->plan, i);
		is_news |= is_other != c->has_changed;
		c->has_changed = is_other;
		changed |= is_other;
	}
	changed |= s && (trust_has_changed(p->plan) || parent_tables_have_changed(p->plan));
	if (s && ++p->file_ticks % TREE_TICKS == 0)
		changed |= parent_catalog_has_changed(p);
	if (is_news)
		parent_dashboard_in_force(p);
	if (!changed || p->next || p->is_draining)
		return;
	parent_plan_again(p);
}

/* A third of its life is when it is renewed (DESIGN 8). */
void parent_plan_node_alarm(struct parent *p)
{
	const struct parent_plan *plan = p->plan;
	uint64_t now_ms = io_loop_now_ms(p->loop);
	int64_t now_s = time(NULL);
	if (!plan || !conf_needs_identity(plan->settings) || now_ms < p->node_quiet_until_ms)
		return;
	const struct parent_certificate *c =
		&plan->certificates[conf_chain_of_node(plan->settings)];
	if (!c->not_after_s || now_s - c->not_before_s < (c->not_after_s - c->not_before_s) / 2)
		return;
	p->node_quiet_until_ms = now_ms + NODE_QUIET_MS;
	log_error(NULL, "certificate of this host is not renewed",
	          kv_str("pki_dir", plan->settings->pki.dir),
	          kv_int("ends_in_s", c->not_after_s - now_s),
	          kv_str("mend",
	                 "see what mailseal pki renew --self says, which a timer should run "
	                 "every hour"));
}

static void errors_log(const struct conf_errors *errors)
{
	for (size_t i = 0; i < errors->count; i++) {
		const struct conf_error *e = &errors->items[i];
		if (e->is_warning)
			log_warn(NULL, "configuration", kv_str("file", e->file ? e->file : ""),
			         kv_int("line", e->line), kv_str("setting", e->setting),
			         kv_str("message", e->message), kv_str("mend", e->mend));
		else
			log_error(NULL, "configuration", kv_str("file", e->file ? e->file : ""),
			          kv_int("line", e->line), kv_str("setting", e->setting),
			          kv_str("message", e->message), kv_str("mend", e->mend));
	}
}

int parent_reload(struct parent *p)
{
	struct conf_errors errors = {};
	struct conf_settings *settings = NULL;
	parent_notify("RELOADING=1");
	int r = conf_read_file(&settings, p->config_path, time(NULL), &errors);
	errors_log(&errors);
	conf_errors_deinit(&errors);
	if (!r) {
		p->next_is_renewal = false;
		r = parent_plan_begin(p, settings);
	}
	if (r) {
		log_error(NULL, "not reloaded, the old configuration stays in force");
		parent_notify("READY=1");
	}
	return r;
}
