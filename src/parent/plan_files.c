/* Files of a plan: where they are, and whether they are others by now. */
#include "parent/catalog.h"
#include "parent/dashboard.h"
#include "parent/plan_inside.h"
#include "parent/state.h"
#include "parent/tables.h"

#include "base/clean.h"
#include "base/file.h"
#include "base/log.h"
#include "identity/files.h"

#include <stdio.h>

enum {
	NODE_QUIET_MS = 3600 * 1000,
	TREE_TICKS = 6, /* certificate_dir is looked at each minute: it may have many files */
};

void parent_plan_node_path(const struct conf_settings *s, const char *what, char *ret_path,
                           size_t cap)
{
	snprintf(ret_path, cap, "%s/%s", s->pki.dir, what);
}

void parent_plan_chain_path(const struct conf_settings *s, size_t number, char *ret_path,
                            size_t cap)
{
	if (number < s->certificate_count)
		conf_certificate_chain_path(s, &s->certificates[number], ret_path, cap);
	else if (number == conf_chain_self_made(s))
		snprintf(ret_path, cap, "%s/self-made.pem", s->state_dir);
	else
		parent_plan_node_path(s, IDENTITY_CHAIN_FILE, ret_path, cap);
}

void parent_plan_key_path(const struct conf_settings *s, size_t number, char *ret_path, size_t cap)
{
	if (number < s->certificate_count)
		conf_certificate_key_path(s, &s->certificates[number], ret_path, cap);
	else if (number == conf_chain_self_made(s))
		snprintf(ret_path, cap, "%s/self-made.key", s->state_dir);
	else
		parent_plan_node_path(s, IDENTITY_KEY_FILE, ret_path, cap);
}

static bool has_changed(const struct timespec *known, const char *path)
{
	struct timespec now = file_time(path);
	return now.tv_sec && !file_time_is_same(now, *known);
}

/* What of this node's files is another by now; the list of those revoked above all. */
static bool trust_has_changed(const struct parent_plan *plan)
{
	static const char *const names[] = { IDENTITY_CA_FILE, IDENTITY_DENIED_FILE };
	char path[PARENT_PLAN_PATH_CAP];
	bool is_other = false;
	for (size_t i = 0; conf_needs_identity(plan->settings) && i < COUNT_OF(names); i++) {
		parent_plan_node_path(plan->settings, names[i], path, sizeof(path));
		is_other |= has_changed(&plan->trust_times[i], path);
	}
	return is_other;
}

static bool certificate_has_changed(const struct parent_plan *plan, size_t number)
{
	const struct conf_settings *s = plan->settings;
	const struct parent_certificate *c = &plan->certificates[number];
	char chain[PARENT_PLAN_PATH_CAP], key[PARENT_PLAN_PATH_CAP];
	if (number == conf_chain_self_made(s) || !buf_len(&c->chain))
		return false;
	parent_plan_chain_path(s, number, chain, sizeof(chain));
	parent_plan_key_path(s, number, key, sizeof(key));
	return has_changed(&c->chain_time, chain) || has_changed(&c->key_time, key);
}

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
