/*
 * From a configuration to what is in force: chains are read, keys loads and names the public
 * half of each key, the two must fit, then sockets and workers follow. Until all of that is well
 * nothing changes.
 */
#include "parent/caps.h"
#include "parent/catalog.h"
#include "parent/children.h"
#include "parent/drain.h"
#include "parent/guard.h"
#include "parent/health.h"
#include "parent/heir.h"
#include "parent/notify.h"
#include "parent/parent.h"
#include "parent/plan_inside.h"
#include "parent/rollover.h"
#include "parent/state.h"
#include "parent/tables.h"
#include "parent/tunnels.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MISMATCH_GRACE_MS = 60000 }; /* certbot writes chain and key one after the other */

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
		r = parent_plan_fill(p, plan);
	if (r)
		return err_up(r);
	if (plan->error[0])
		plan->keys_pending = 0;
	if (!plan->keys_pending)
		parent_plan_decide_soon(p);
	return 0;
}

void parent_plan_settled(struct parent *p)
{
	if (p->next->keys_pending && --p->next->keys_pending == 0)
		parent_plan_decide_soon(p);
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

void parent_plan_keys_again(struct parent *p)
{
	struct parent_plan *plan = p->next;
	if (!plan)
		return;
	parent_plan_ordered_again(p, plan);
	parent_plan_self_made_again(p, plan);
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
