#include "web/plan.h"

#include "base/clean.h"
#include "base/err.h"
#include "report/impact_ledger.h"
#include "report/when.h"
#include "web/figures.h"
#include "web/views.h"

#include <errno.h>
#include <stdio.h>

enum { DOORS_MAX = 256 };

/* --- the keys of an edge, as the parent told them --- */

static bool is_listed(const json_t *list, const char *name)
{
	const json_t *one;
	size_t i;
	json_array_foreach(list, i, one)
	{
		const char *other = json_string_value(one);
		if (other && !strcmp(other, name))
			return true;
	}
	return !list;
}

static const json_t *edge_of(const json_t *in_force, const char *name)
{
	const json_t *edge;
	size_t i;
	json_array_foreach(json_object_get(in_force, "edges"), i, edge)
	{
		if (!strcmp(web_json_text(edge, "name"), name))
			return edge;
	}
	return NULL;
}

/* "RSA 2048", "EC P-256" (tls/label.h) */
static void key_add(struct impact_door_settings *set, const char *key)
{
	static const struct {
		const char *name;
		uint16_t curve;
	} curves[] = { { "EC P-256", TLS_GROUP_P256 },
		       { "EC P-384", TLS_GROUP_P384 },
		       { "EC P-521", TLS_GROUP_P521 } };
	set->has_keys = true;
	set->has_rsa |= !strncmp(key, "RSA ", 4);
	for (size_t i = 0; i < COUNT_OF(curves); i++)
		if (!strcmp(key, curves[i].name))
			set->curve = curves[i].curve;
}

static void keys_find(struct impact_door_settings *set, const json_t *in_force)
{
	const json_t *edge = edge_of(in_force, set->name), *c;
	size_t i;
	if (!edge)
		return;
	json_array_foreach(json_object_get(in_force, "certificates"), i, c)
	{
		if (is_listed(json_object_get(edge, "certificates"), web_json_text(c, "name")))
			key_add(set, web_json_text(c, "key"));
	}
}

/* --- doors --- */

static int on_edge(void *owner, const char *name, const char *protocol)
{
	struct web_plan *p = owner;
	const struct conf_settings *settings = p->web->set.settings;
	const struct conf_edge *edge = impact_edge_find(settings, name);
	if (p->count == DOORS_MAX)
		return 0;
	p->names[p->count] = strdup(name);
	if (!p->names[p->count])
		return err_raise(-ENOMEM);
	struct impact_door_settings set = {
		.name = p->names[p->count],
		.protocol = edge ? conf_protocol_name(edge->protocol) : protocol,
		.settings = settings,
		.wish = p->wish,
	};
	keys_find(&set, p->web->in_force);
	p->watch.has_guessed_keys |= !set.has_keys;
	return err_up(impact_door_make(&p->doors[p->count++], &set));
}

static int judge(struct web_plan *p, struct store_ledger_uses *uses, size_t limit)
{
	int64_t now_s = p->watch.now_s;
	const struct report_span span = { now_s - WEB_TREND_DAYS * WEB_DAY_S, now_s + 1 };
	int r = store_ledger_uses_edges(uses, on_edge, p);
	if (!r)
		r = impact_init(&p->impact, p->doors, p->count, limit);
	if (!r)
		r = impact_ledger_watch(&p->watch, uses);
	if (!r)
		r = impact_ledger_judge(&p->impact, uses, &span, now_s);
	if (!r)
		impact_sort(&p->impact);
	return err_up(r);
}

static void uses_closep(struct store_ledger_uses **uses)
{
	store_ledger_uses_close(*uses);
}

int web_plan_judge(struct web_plan *p, const struct web *web, const struct impact_wish *wish,
                   int64_t now_s, size_t limit)
{
	CLEAN(uses_closep) struct store_ledger_uses *uses = NULL;
	*p = (struct web_plan){ .web = web, .wish = wish, .watch.now_s = now_s };
	p->doors = calloc(DOORS_MAX, sizeof(*p->doors));
	p->names = calloc(DOORS_MAX, sizeof(*p->names));
	if (!p->doors || !p->names)
		return err_raise(-ENOMEM);
	int r = store_ledger_uses_open(&uses, web->ledger_path);
	return r ? err_up(r) : err_up(judge(p, uses, limit));
}

void web_plan_deinit(struct web_plan *p)
{
	impact_deinit(&p->impact);
	for (size_t i = 0; i < p->count; i++)
		free(p->names[i]);
	free(p->names);
	free(p->doors);
	*p = (struct web_plan){};
}

struct web_broken web_plan_broken(const struct web_plan *p)
{
	struct web_broken broken = {};
	for (size_t door = 0; door < p->count; door++)
		for (int kind = 0; kind < IMPACT_KIND_COUNT; kind++) {
			uint64_t names = p->impact.counts[door][kind].names;
			if (!impact_kind_breaks((enum impact_kind)kind))
				continue;
			if (p->doors[door].is_public)
				broken.partners += names;
			else
				broken.users += names;
		}
	return broken;
}
