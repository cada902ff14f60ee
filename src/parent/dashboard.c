/*
 * What the dashboard shows of the daemon, told to ledger, which runs it: how the daemon is, every
 * few seconds, and what is in force, when it changes.
 */
#include "parent/dashboard.h"
#include "parent/children.h"
#include "parent/ctl.h"
#include "parent/state.h"
#include "parent/status.h"

#include "base/log.h"
#include "tls/label.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	STATE_MS = 5 * 1000,
	CERTIFICATES_MAX = 2000, /* that are listed: the first to expire */
	NAMES_SHOWN = 200,       /* bytes of a certificate's names */
};

static bool is_wanted(const struct parent *p)
{
	return p->ledger.chan && p->plan && p->plan->settings->dashboard.is_set;
}

/* Takes json. */
static void json_send(struct parent *p, enum proc_msg_type type, json_t *json)
{
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	json_decref(json);
	if (text)
		parent_send(&p->ledger, type, slice_str(text), -1);
	else
		log_error(NULL, "the dashboard is not told",
		          kv_str("message", proc_msg_name(type)));
	free(text);
}

void parent_dashboard_state(struct parent *p)
{
	if (is_wanted(p))
		json_send(p, PROC_MSG_STATE, parent_status_json(p, true));
}

/*
 * A mail pipe makes its folder with the first report of others. A ledger that began before cannot
 * be let in there, but its successor can.
 */
static bool are_reports_there(const struct parent *p)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s/" CONF_REPORTS_FOLDER, p->plan->settings->state_dir);
	return !access(path, F_OK);
}

static void reports_look(struct parent *p)
{
	if (p->ledger_has_reports || !are_reports_there(p))
		return;
	p->ledger_has_reports = true;
	p->ledger.is_replaced = true;
	kill(p->ledger.pid, SIGTERM);
}

static void on_tick(struct io_deadline *d)
{
	struct parent *p = (struct parent *)((char *)d - offsetof(struct parent, dashboard_tick));
	parent_dashboard_state(p); /* what was answered since the last time */
	if (is_wanted(p)) {
		parent_ctl_numbers_ask(p);
		reports_look(p);
	}
	io_deadline_arm(p->loop, d, STATE_MS);
}

/* --- certificates --- */

static int expiry_compare(const void *a, const void *b)
{
	const struct parent_certificate *const *x = a, *const *y = b;
	return ((*x)->not_after_s > (*y)->not_after_s) - ((*x)->not_after_s < (*y)->not_after_s);
}

/* Those that are there, the first to expire at the beginning. NULL: none, or no memory. */
static const struct parent_certificate **certificates_sort(const struct parent_plan *plan,
                                                           size_t *ret_count)
{
	const struct parent_certificate **list =
		calloc(plan->certificate_count + 1, sizeof(const struct parent_certificate *));
	*ret_count = 0;
	for (size_t i = 0; list && i < plan->certificate_count; i++)
		if (buf_len(&plan->certificates[i].chain))
			list[(*ret_count)++] = &plan->certificates[i];
	if (*ret_count)
		qsort(list, *ret_count, sizeof(const struct parent_certificate *), expiry_compare);
	return list;
}

static json_t *certificate_json(const struct parent_plan *plan, const struct parent_certificate *c)
{
	size_t i = (size_t)(c - plan->certificates);
	bool is_ours = i < plan->settings->certificate_count;
	struct tls_label label = {};
	char path[PATH_MAX] = "";
	if (is_ours)
		conf_certificate_chain_path(plan->settings, &plan->settings->certificates[i], path,
		                            sizeof(path));
	if (tls_label_read(&label, buf_slice(&c->chain)))
		return NULL;
	json_t *json =
		json_pack("{s:s, s:s, s:s%, s:s, s:s, s:I, s:I, s:b}", "name",
	                  conf_chain_name(plan->settings, i), "chain", path, "names", label.names,
	                  strnlen(label.names, NAMES_SHOWN), "key", label.key, "issuer",
	                  label.issuer, "not_before", (json_int_t)label.not_before_s, "not_after",
	                  (json_int_t)label.not_after_s, "has_changed", c->has_changed);
	tls_label_deinit(&label);
	return json;
}

static json_t *certificates_json(const struct parent_plan *plan)
{
	size_t count;
	const struct parent_certificate **sorted = certificates_sort(plan, &count);
	json_t *list = json_array();
	for (size_t i = 0; i < count && i < CERTIFICATES_MAX; i++)
		json_array_append_new(list, certificate_json(plan, sorted[i]));
	free(sorted);
	return list;
}

json_t *parent_certificates_json(const struct parent *p)
{
	const struct parent_plan *plan = p->plan;
	const struct parent_certificate *first = NULL;
	size_t count = 0, stale = 0;
	for (size_t i = 0; plan && i < plan->certificate_count; i++) {
		const struct parent_certificate *c = &plan->certificates[i];
		if (!buf_len(&c->chain))
			continue;
		count++;
		stale += c->has_changed;
		if (!first || c->not_after_s < first->not_after_s)
			first = c;
	}
	if (!first)
		return json_pack("{s:i, s:i}", "count", 0, "stale", 0);
	return json_pack("{s:I, s:s, s:I, s:I}", "count", (json_int_t)count, "first",
	                 conf_chain_name(plan->settings, (size_t)(first - plan->certificates)),
	                 "first_not_after", (json_int_t)first->not_after_s, "stale",
	                 (json_int_t)stale);
}

/* --- edges --- */

static json_t *addresses_json(const struct conf_address *list, size_t count)
{
	json_t *json = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(json, json_string(list[i].text));
	return json;
}

/* NULL (left out): all of them. */
static json_t *names_json(char *const *names, size_t count)
{
	json_t *json = count ? json_array() : NULL;
	for (size_t i = 0; i < count; i++)
		json_array_append_new(json, json_string(names[i]));
	return json;
}

static json_t *backends_json(const struct conf_settings *s, const struct conf_edge *e)
{
	json_t *json = json_array();
	for (size_t i = 0; i < s->backend_count; i++)
		if (conf_edge_has_backend(e, i))
			json_array_append_new(json, json_string(s->backends[i].name));
	return json;
}

static json_t *edge_json(const struct conf_settings *s, const struct conf_edge *e)
{
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o*}", "name", e->name, "protocol",
	                 conf_protocol_name(e->protocol), "backends", backends_json(s, e), "listen",
	                 addresses_json(e->listen, e->listen_count), "listen_tls",
	                 addresses_json(e->listen_tls, e->listen_tls_count), "certificates",
	                 names_json(e->certificates, e->certificate_count));
}

static json_t *edges_json(const struct conf_settings *s)
{
	json_t *list = json_array();
	for (size_t i = 0; i < s->edge_count; i++)
		json_array_append_new(list, edge_json(s, &s->edges[i]));
	for (size_t i = 0; i < s->relay_count; i++)
		if (s->relays[i].listen_tls_count)
			json_array_append_new(
				list, json_pack("{s:s, s:s, s:o*}", "name", s->relays[i].name,
			                        "protocol", "relay", "certificates",
			                        names_json(s->relays[i].certificates,
			                                   s->relays[i].certificate_count)));
	return list;
}

void parent_dashboard_in_force(struct parent *p)
{
	if (!is_wanted(p))
		return;
	parent_send(&p->ledger, PROC_MSG_PASSWORDS, buf_slice(&p->plan->passwords), -1);
	json_send(p, PROC_MSG_IN_FORCE,
	          json_pack("{s:o, s:o}", "edges", edges_json(p->plan->settings), "certificates",
	                    certificates_json(p->plan)));
	parent_dashboard_state(p);
}

/* The socket last: nobody is answered before it is known who may ask. */
void parent_dashboard_begin(struct parent *p)
{
	if (!is_wanted(p))
		return;
	parent_dashboard_in_force(p);
	parent_dashboard_listen(p, &p->ledger);
	p->ledger_has_reports = are_reports_there(p);
	p->dashboard_tick.fn = on_tick;
	on_tick(&p->dashboard_tick);
}
