/*
 * Backends that are reached by a tunnel: whether the kernel still says so. Looked at when a plan
 * comes into force, when links, routes or IPsec change, and every minute; workers are told which
 * may be used.
 */
#include "parent/tunnels.h"
#include "parent/dashboard.h"
#include "parent/state.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "io/address.h"
#include "proc/tunnel.h"
#include "tunnel/look.h"

#include <errno.h>
#include <jansson.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	LOOK_MS = 60 * 1000,
	GAP_MS = 200, /* between looks, while much changes */
};

/* One address of a backend. */
struct parent_tunnel {
	const struct conf_backend *backend;
	const struct conf_address *address;
	struct tunnel_verdict verdict; /* with no fact: none yet */
	int64_t since_s;               /* Unix time */
};

static const char *interface_of(const struct parent_tunnel *t)
{
	return t->backend->tls.interface ? t->backend->tls.interface : "";
}

static struct tunnel_told told_of(const struct parent_tunnel *t)
{
	struct tunnel_told told = { .accepts_unproven = t->backend->accepts_unproven_tunnel,
		                    .state = t->verdict.state };
	snprintf(told.interface, sizeof(told.interface), "%s", interface_of(t));
	snprintf(told.address, sizeof(told.address), "%s", t->address->text);
	return told;
}

void parent_tunnels_free(struct parent_plan *plan)
{
	free(plan->tunnels);
	plan->tunnels = NULL;
	plan->tunnel_count = 0;
}

static size_t tunnels_count(const struct conf_settings *s)
{
	size_t count = 0;
	for (size_t i = 0; i < s->backend_count; i++)
		if (s->backends[i].tls.mode == CONF_TLS_TUNNEL)
			count += s->backends[i].address_count;
	return count;
}

int parent_tunnels_prepare(struct parent_plan *plan)
{
	const struct conf_settings *s = plan->settings;
	plan->tunnels = calloc(tunnels_count(s) + 1, sizeof(*plan->tunnels));
	if (!plan->tunnels)
		return err_raise(-ENOMEM);
	for (size_t i = 0; i < s->backend_count; i++) {
		const struct conf_backend *b = &s->backends[i];
		for (size_t k = 0; b->tls.mode == CONF_TLS_TUNNEL && k < b->address_count; k++)
			plan->tunnels[plan->tunnel_count++] =
				(struct parent_tunnel){ .backend = b, .address = &b->addresses[k] };
	}
	return 0;
}

/* What was known of the same way before a reload is no news. */
static void tunnel_inherit(struct parent_tunnel *t, const struct parent_plan *old)
{
	const struct tunnel_told wanted = told_of(t);
	for (size_t i = 0; i < old->tunnel_count; i++) {
		const struct parent_tunnel *before = &old->tunnels[i];
		struct tunnel_told told = told_of(before);
		told.state = TUNNEL_SEALED; /* any but GONE: is it the same? */
		if (strcmp(before->backend->name, t->backend->name) != 0 ||
		    tunnel_told_state(&told, 1, &wanted) == TUNNEL_GONE)
			continue;
		t->verdict = before->verdict;
		t->since_s = before->since_s;
		return;
	}
}

/* Loud when it is gone: nothing goes there until somebody has acted. */
static void verdict_log(const struct parent_tunnel *t)
{
	static const struct {
		enum log_level level;
		const char *event;
	} words[] = {
		[TUNNEL_GONE] = { LOG_LEVEL_ERROR,
		                  "tunnel to a backend is gone, and the backend is not used" },
		[TUNNEL_UNPROVEN] = { LOG_LEVEL_WARN,
		                      "tunnel to a backend is not proven and counts as plain" },
		[TUNNEL_SEALED] = { LOG_LEVEL_NOTICE, "tunnel to a backend is in force" },
	};
	const struct log_field fields[] = {
		kv_str("backend", t->backend->name),  kv_str("address", t->address->text),
		kv_str("interface", interface_of(t)), kv_str("fact", t->verdict.fact),
		kv_str("mend", t->verdict.mend),      { .key = NULL },
	};
	log_write(words[t->verdict.state].level, NULL, words[t->verdict.state].event, fields);
}

/* True: the workers have to hear of it. */
static bool look_at(struct parent_tunnel *t, uint32_t uid)
{
	struct tunnel_way way = { .interface = t->backend->tls.interface,
		                  .accepts_unproven = t->backend->accepts_unproven_tunnel };
	struct sockaddr_storage sa = {};
	struct tunnel_verdict now;
	(void)io_address_take(t->address->host, t->address->port, &sa);
	tunnel_look(&way, (const struct sockaddr *)&sa, uid, &now);
	bool is_other = now.state != t->verdict.state || !t->verdict.fact[0];
	bool is_news = is_other || strcmp(now.fact, t->verdict.fact) != 0;
	t->verdict = now;
	if (is_other)
		t->since_s = time(NULL);
	if (is_news)
		verdict_log(t);
	return is_other;
}

static bool look_at_all(struct parent *p)
{
	bool is_other = false;
	for (size_t i = 0; i < p->plan->tunnel_count; i++)
		is_other |= look_at(&p->plan->tunnels[i], p->plan->worker_uid);
	p->tunnels_looked_ms = io_loop_now_ms(p->loop);
	io_deadline_arm(p->loop, &p->tunnel_tick, LOOK_MS);
	return is_other;
}

void parent_tunnels_send(struct parent *p, struct parent_child *worker)
{
	CLEAN(buf_deinit) struct buf payload = {};
	struct proc_packer packer = proc_packer_onto(&payload);
	for (size_t i = 0; i < p->plan->tunnel_count; i++) {
		const struct tunnel_told told = told_of(&p->plan->tunnels[i]);
		if (told.state != TUNNEL_GONE)
			proc_tunnel_pack(&packer, &told);
	}
	if (packer.has_failed)
		log_error(NULL, "no memory for a message");
	else
		parent_send(worker, PROC_MSG_TUNNELS, proc_packed(&packer), -1);
}

/* Those that end their sessions too. Of another build they may not know the message. */
static void workers_tell(struct parent *p)
{
	for (unsigned i = 0; i < p->worker_count; i++)
		if (p->workers[i] && p->workers[i]->chan)
			parent_tunnels_send(p, p->workers[i]);
	for (struct parent_child *c = p->leaving; c; c = c->next)
		if (c->role == PROC_ROLE_WORKER && c->chan && !c->is_inherited)
			parent_tunnels_send(p, c);
}

static void look_and_tell(struct parent *p)
{
	if (!look_at_all(p))
		return;
	workers_tell(p);
	parent_dashboard_state(p);
}

static void on_tick(struct io_deadline *d)
{
	look_and_tell((struct parent *)((char *)d - offsetof(struct parent, tunnel_tick)));
}

static void on_news(void *owner, int events)
{
	struct parent *p = owner;
	bool came = false;
	for (size_t i = 0; i < TUNNEL_NEWS_COUNT; i++)
		if (p->tunnel_news[i].watch)
			came |= tunnel_news_came(p->tunnel_news[i].fd);
	if (!came || !p->plan)
		return;
	if (io_loop_now_ms(p->loop) - p->tunnels_looked_ms >= GAP_MS)
		look_and_tell(p);
	else
		io_deadline_arm(p->loop, &p->tunnel_tick, GAP_MS);
}

static void news_close(struct parent *p)
{
	for (size_t i = 0; i < TUNNEL_NEWS_COUNT; i++) {
		if (!p->tunnel_news[i].watch)
			continue;
		io_watch_free(TAKE(p->tunnel_news[i].watch));
		close(p->tunnel_news[i].fd);
	}
}

static void news_open(struct parent *p)
{
	int fds[TUNNEL_NEWS_COUNT];
	tunnel_news_open(fds);
	for (size_t i = 0; i < TUNNEL_NEWS_COUNT; i++) {
		if (fds[i] < 0)
			continue;
		if (io_watch_new(&p->tunnel_news[i].watch, p->loop, fds[i], on_news, p)) {
			close(fds[i]);
			continue;
		}
		p->tunnel_news[i].fd = fds[i];
		io_watch_set(p->tunnel_news[i].watch, IO_READ);
	}
}

void parent_tunnels_end(struct parent *p)
{
	news_close(p);
	io_deadline_disarm(&p->tunnel_tick);
}

void parent_tunnels_begin(struct parent *p, const struct parent_plan *old)
{
	struct parent_plan *plan = p->plan;
	const struct passwd *user = geteuid() ? NULL : getpwnam(plan->settings->user);
	plan->worker_uid = user ? user->pw_uid : geteuid();
	p->tunnel_tick.fn = on_tick;
	parent_tunnels_end(p);
	if (!plan->tunnel_count)
		return;
	for (size_t i = 0; old && i < plan->tunnel_count; i++)
		tunnel_inherit(&plan->tunnels[i], old);
	news_open(p); /* before the look, so that nothing falls between */
	look_at_all(p);
}

static json_t *tunnel_json(const struct parent_tunnel *t)
{
	const struct tunnel_verdict *v = &t->verdict;
	json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I}", "backend", t->backend->name,
	                         "address", t->address->text, "interface", interface_of(t), "state",
	                         tunnel_state_name(v->state), "fact", v->fact, "mend", v->mend,
	                         "since", (json_int_t)t->since_s);
	if (v->handshake_s)
		json_object_set_new(json, "handshake", json_integer((json_int_t)v->handshake_s));
	return json;
}

json_t *parent_tunnels_json(const struct parent *p)
{
	json_t *list = json_array();
	for (size_t i = 0; p->plan && i < p->plan->tunnel_count; i++)
		json_array_append_new(list, tunnel_json(&p->plan->tunnels[i]));
	return list;
}

void parent_tunnels_warn(const struct parent *p, json_t *warnings)
{
	for (size_t i = 0; p->plan && i < p->plan->tunnel_count; i++) {
		const struct parent_tunnel *t = &p->plan->tunnels[i];
		char text[224];
		if (t->verdict.state != TUNNEL_GONE)
			continue;
		snprintf(text, sizeof(text), "its tunnel is gone and it is not used: %s",
		         t->verdict.fact);
		json_array_append_new(warnings,
		                      json_pack("{s:s, s:s, s:s, s:s}", "backend", t->backend->name,
		                                "address", t->address->text, "warning", text,
		                                "mend", t->verdict.mend));
	}
}
