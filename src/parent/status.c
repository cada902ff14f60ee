/* What the daemon says of itself: the answer of the control socket to "status", the dashboard's. */
#include "parent/status.h"
#include "parent/acme.h"
#include "parent/alarms.h"
#include "parent/bans.h"
#include "parent/caps.h"
#include "parent/catalog.h"
#include "parent/dashboard.h"
#include "parent/health.h"
#include "parent/hosts.h"
#include "parent/ledger.h"
#include "parent/rollover.h"
#include "parent/site.h"
#include "parent/state.h"
#include "parent/truth.h"
#include "parent/tunnels.h"
#include "parent/watch.h"
#include "parent/workarounds.h"

#include "base/clean.h"

#include <jansson.h>
#include <time.h>

/* NULL: it is told with those of the ledger (parent/ledger.c). */
static const char *const number_names[] = {
	[PROC_WORKER_OPEN] = "open",
	[PROC_WORKER_SIGNATURES_PENDING] = "signatures_pending",
	[PROC_WORKER_SESSIONS] = "sessions",
	[PROC_WORKER_TLS] = "tls",
	[PROC_WORKER_TLS_FAILED] = "tls_failed",
	[PROC_WORKER_PLAIN] = "plain",
	[PROC_WORKER_LEGACY] = "legacy",
	[PROC_WORKER_RESUMED] = "resumed",
	[PROC_WORKER_REFUSED] = "refused",
	[PROC_WORKER_EXPOSURES] = "exposures",
	[PROC_WORKER_BACKEND_FAILURES] = "backend_failures",
	[PROC_WORKER_MESSAGES] = "messages",
	[PROC_WORKER_BYTES_IN] = "bytes_in",
	[PROC_WORKER_BYTES_OUT] = "bytes_out",
	[PROC_WORKER_POLICY_QUESTIONS] = "policy_questions",
	[PROC_WORKER_POLICY_ANSWERS] = "policy_answers",
	[PROC_WORKER_POLICY_TEMPORARY] = "policy_temporary",
	[PROC_WORKER_HANDOFFS_OPEN] = "handoffs_open",
	[PROC_WORKER_HANDOFFS] = "handoffs",
	[PROC_WORKER_HOPS] = "hops",
	[PROC_WORKER_HOPS_SEALED] = "hops_sealed",
	[PROC_WORKER_HOPS_AUTHENTICATED] = "hops_authenticated",
	[PROC_WORKER_HOPS_PLAIN] = "hops_plain",
	[PROC_WORKER_HOPS_TLS_FAILED] = "hops_tls_failed",
	[PROC_WORKER_MESSAGES_RELAYED] = "messages_relayed",
	[PROC_WORKER_TLSRPT_DATAGRAMS] = "tlsrpt_datagrams",
	[PROC_WORKER_TLSRPT_REFUSED] = "tlsrpt_refused",
	[PROC_WORKER_LEDGER_WAITING] = NULL,
	[PROC_WORKER_LEDGER_LOST] = NULL,
	[PROC_WORKER_LINKS_OPEN] = "links_open",
	[PROC_WORKER_LINK_CONNECTIONS] = "link_connections",
	[PROC_WORKER_LINKS_REFUSED] = "links_refused",
	[PROC_WORKER_LINKS_TLS_FAILED] = "links_tls_failed",
	[PROC_WORKER_LINK_BYTES_IN] = "link_bytes_in",
	[PROC_WORKER_LINK_BYTES_OUT] = "link_bytes_out",
	[PROC_WORKER_LINK_DATAGRAMS] = "link_datagrams",
	[PROC_WORKER_LINK_DATAGRAMS_LOST] = "link_datagrams_lost",
	[PROC_WORKER_LOGINS_SLOWED] = "logins_slowed",
	[PROC_WORKER_LOGINS_REFUSED] = "logins_refused",
	[PROC_WORKER_TLS_COMPACT] = "tls_compact",
	[PROC_WORKER_TLS_NOT_COMPACT] = "tls_not_compact",
	[PROC_WORKER_LOOKUPS] = "lookups",
	[PROC_WORKER_LOOKUPS_UNKNOWN] = "lookups_unknown",
	[PROC_WORKER_LOOKUPS_FAILED] = "lookups_failed",
	[PROC_WORKER_REFUSED_BUSY] = "refused_busy",
	[PROC_WORKER_HANDSHAKES_WAITING] = "handshakes_waiting",
};
_Static_assert(COUNT_OF(number_names) == PROC_WORKER_NUMBER_COUNT, "a number without a name");

static void numbers_write(const uint64_t *numbers, json_t *to)
{
	for (size_t n = 0; n < PROC_WORKER_NUMBER_COUNT; n++)
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
	                 "ready", c->is_ready, "open", (json_int_t)c->numbers[PROC_WORKER_OPEN],
	                 "numbers", numbers);
}

static json_t *workers_json(const struct parent *p, bool is_long, json_t *sums)
{
	json_t *list = json_array();
	uint64_t sum[PROC_WORKER_NUMBER_COUNT] = {};
	for (unsigned i = 0; i < p->worker_count; i++) {
		const struct parent_child *c = p->workers[i];
		if (!c)
			continue;
		json_array_append_new(list, worker_json(c, is_long));
		for (size_t n = 0; n < PROC_WORKER_NUMBER_COUNT; n++)
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
