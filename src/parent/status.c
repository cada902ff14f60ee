/* What the daemon says of itself: the answer of the control socket to "status", the dashboard's. */
#include "parent/acme.h"
#include "parent/alarms.h"
#include "parent/catalog.h"
#include "parent/rollover.h"
#include "parent/state.h"
#include "parent/truth.h"

#include "base/clean.h"

#include <jansson.h>
#include <time.h>

/* As PROC_MSG_STATUS has them. */
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
	"lookups",
	"lookups_unknown",
	"lookups_failed",
	"refused_busy",
	"handshakes_waiting",
};

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

/* What is there where the settings want it. */
static void configured_put(json_t *status, const struct parent *p)
{
	const struct conf_settings *s = p->plan ? p->plan->settings : NULL;
	if (s && s->cluster.is_set)
		json_object_set_new(status, "cluster", parent_cluster_json(p));
	if (p->watches)
		json_object_set_new(status, "watch", parent_watches_json(p));
	if (p->plan && p->plan->catalog)
		json_object_set_new(status, "tree", tree_json(p));
	if (p->truth)
		json_object_set_new(status, "witness", parent_truth_json(p));
	if (s && conf_has_acme(s))
		json_object_set_new(status, "acme", parent_acme_json(p));
	if (s && s->mta_sts_count)
		json_object_set_new(status, "mta_sts", parent_site_json(p));
}

json_t *parent_status_json(const struct parent *p, bool is_long)
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
	configured_put(status, p);
	json_object_set_new(status, "tlsrpt", parent_tlsrpt_json(p));
	json_object_set_new(status, "certificates", parent_certificates_json(p));
	json_object_set_new(status, "alarms", parent_alarms_json(p));
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
