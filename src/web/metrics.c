/* /metrics. */
#include "web/views.h"

#include "base/clean.h"
#include "base/exposition.h"
#include "proc/alarm.h"

#include <stdio.h>

#define GAUGE(metric, words)                                                                       \
	{                                                                                          \
		.name = "mailseal_" metric, .kind = EXPOSITION_GAUGE, .help = (words)              \
	}
#define COUNTER(metric, words)                                                                     \
	{                                                                                          \
		.name = "mailseal_" metric "_total", .kind = EXPOSITION_COUNTER, .help = (words)   \
	}

/* What each worker counts; by worker, for one that begins anew begins at 0. */
static const struct {
	const char *id;
	struct exposition_family family;
} numbers[] = {
	{ "open", GAUGE("sessions_open", "Sessions of clients that are open.") },
	{ "signatures_pending",
	  GAUGE("signatures_pending", "Handshakes that wait for the process with the keys.") },
	{ "handoffs_open", GAUGE("handoffs_open", "MTAs that are connected to a relay.") },
	{ "sessions", COUNTER("client_sessions", "Sessions of clients.") },
	{ "tls", COUNTER("client_sessions_sealed", "Sessions of clients with TLS.") },
	{ "legacy", COUNTER("client_sessions_legacy", "Sessions of clients with old TLS.") },
	{ "plain", COUNTER("client_sessions_plain", "Sessions of clients in clear.") },
	{ "tls_failed", COUNTER("handshakes_failed", "Handshakes of clients that failed.") },
	{ "resumed", COUNTER("handshakes_resumed", "Sessions that a ticket resumed.") },
	{ "refused", COUNTER("connections_refused", "Connections over a limit.") },
	{ "refused_busy",
	  COUNTER("connections_refused_busy", "Of those: above what handshakes could be made.") },
	{ "handshakes_waiting",
	  GAUGE("handshakes_waiting", "Sessions in line for a handshake (max_handshakes).") },
	{ "exposures", COUNTER("exposures", "Credentials that came in clear.") },
	{ "backend_failures", COUNTER("backend_failures", "Times a backend did not answer.") },
	{ "logins_slowed", COUNTER("logins_slowed", "Failed logins whose answer was held back.") },
	{ "logins_refused",
	  COUNTER("logins_refused", "Logins refused unasked, for failed ones before.") },
	{ "lookups", COUNTER("lookups", "Users whose backend was asked for.") },
	{ "lookups_unknown",
	  COUNTER("lookups_unknown", "Users that the lookup and the edge have no backend for.") },
	{ "lookups_failed", COUNTER("lookups_failed", "Logins that failed for want of a lookup.") },
	{ "messages", COUNTER("messages", "Messages of clients.") },
	{ "bytes_in", COUNTER("received_bytes", "Bytes from clients.") },
	{ "bytes_out", COUNTER("sent_bytes", "Bytes to clients.") },
	{ "policy_questions", COUNTER("policy_questions", "Questions for a policy.") },
	{ "policy_temporary", COUNTER("policy_temporary", "Policies that could not be found.") },
	{ "hops", COUNTER("hops", "Connections to far ends.") },
	{ "hops_sealed", COUNTER("hops_sealed", "Connections to far ends with TLS.") },
	{ "hops_authenticated",
	  COUNTER("hops_authenticated", "Connections to far ends that proved their name.") },
	{ "hops_plain", COUNTER("hops_plain", "Connections to far ends in clear.") },
	{ "hops_tls_failed",
	  COUNTER("hops_handshakes_failed", "Handshakes with far ends that failed.") },
	{ "messages_relayed", COUNTER("messages_relayed", "Messages that went out.") },
	{ "tlsrpt_datagrams",
	  COUNTER("tlsrpt_datagrams", "Sessions that MTAs told the collector of TLS reports.") },
	{ "tlsrpt_refused", COUNTER("tlsrpt_refused", "Of them those that were not understood.") },
	{ "links_open", GAUGE("links_open", "Connections of links that are open.") },
	{ "link_connections", COUNTER("link_connections", "Connections that links carried.") },
	{ "links_refused", COUNTER("links_refused", "Connections that a link could not carry.") },
	{ "links_tls_failed", COUNTER("links_handshakes_failed",
	                              "Handshakes with the other end of a link that failed.") },
	{ "link_bytes_in", COUNTER("link_received_bytes", "Bytes from who connected to a link.") },
	{ "link_bytes_out", COUNTER("link_sent_bytes", "Bytes to who connected to a link.") },
	{ "link_datagrams", COUNTER("link_datagrams", "Syslog messages that links took.") },
	{ "link_datagrams_lost",
	  COUNTER("link_datagrams_lost", "Syslog messages for which there was no way or room.") },
	{ "tls_compact", GAUGE("tls_compact", "TLS sessions that are open and compact.") },
	{ "tls_not_compact",
	  COUNTER("tls_not_compact",
	          "TLS sessions that were to be compact and stayed with OpenSSL.") },
};

static const struct exposition_family
	build_info = GAUGE("build_info", "1; which build this is."),
	running = GAUGE("running", "1: it takes connections and goes on to; 0: it starts or ends."),
	uptime = GAUGE("uptime_seconds", "How long it runs, over upgrades."),
	workers = GAUGE("workers", "Workers that there should be."),
	workers_ready = GAUGE("workers_ready", "Workers that take connections."),
	workers_leaving = GAUGE("workers_leaving", "Workers that end their last sessions."),
	deaths = COUNTER("process_deaths",
                         "Processes that ended by themselves and were started again."),
	warnings = GAUGE("warnings", "What backends have to be mended, see ctl status."),
	alarms = GAUGE("alarms", "What is wrong until somebody mends it, by kind."),
	workarounds = GAUGE("workarounds", "Far ends that are treated specially."),
	backend_up = GAUGE("backend_up", "1: the backend's address answers; 0: it is down. Not of "
                                         "those that are not looked at."),
	backend_connect = GAUGE("backend_connect_seconds",
                                "How long the last look's connection took to stand."),
	backend_open = GAUGE("backend_sessions_open", "Sessions at the backend's address."),
	backend_sessions = COUNTER("backend_sessions", "Connections of sessions that stood."),
	backend_failures =
		COUNTER("backend_connect_failures", "Connections of sessions that did not."),
	tunnels =
		GAUGE("backend_tunnel", "1: the tunnel to the backend is in force; 0: it is gone."),
	rollover_state = GAUGE("rollover_state",
                               "1: the plan of the certificate's next key is in this state."),
	order_failures =
		GAUGE("acme_order_failures",
                      "Orders of the certificate that failed since the last that went well."),
	policies = GAUGE("mta_sts_policies", "Our own MTA-STS policies, by the mode served."),
	order_due = GAUGE("acme_order_due_timestamp_seconds",
                          "When the certificate is ordered from its CA again."),
	expiry = GAUGE("certificate_expiry_timestamp_seconds",
                       "Until when the served certificate is valid."),
	stale = GAUGE("certificate_stale",
                      "1: the file on disk is another than the certificate that is served.");

static void one(struct exposition *e, const struct exposition_family *family, double value)
{
	exposition_begin(e, family);
	exposition_value(e, family, value);
}

static void processes_write(struct exposition *e, const json_t *state)
{
	const json_t *list = json_object_get(state, "workers"), *worker;
	size_t i, ready = 0;
	json_array_foreach(list, i, worker)
	{
		ready += json_is_true(json_object_get(worker, "ready"));
	}
	one(e, &workers, (double)json_array_size(list));
	one(e, &workers_ready, (double)ready);
	one(e, &workers_leaving, (double)web_json_number(state, "workers_leaving"));
}

static void deaths_write(struct exposition *e, const json_t *state)
{
	const char *process;
	const json_t *count;
	exposition_begin(e, &deaths);
	json_object_foreach(json_object_get(state, "deaths"), process, count)
	{
		exposition_value(e, &deaths, (double)json_integer_value(count),
		                 { "process", process });
	}
}

static void number_write(struct exposition *e, const json_t *list, size_t which)
{
	const json_t *worker;
	size_t i;
	exposition_begin(e, &numbers[which].family);
	json_array_foreach(list, i, worker)
	{
		const json_t *all = json_object_get(worker, "numbers");
		char slot[24];
		snprintf(slot, sizeof(slot), "%llu",
		         (unsigned long long)web_json_number(worker, "slot"));
		if (json_object_get(all, numbers[which].id))
			exposition_value(e, &numbers[which].family,
			                 (double)web_json_number(all, numbers[which].id),
			                 { "worker", slot });
	}
}

static void backends_up_write(struct exposition *e, const json_t *list)
{
	const json_t *b;
	size_t i;
	exposition_begin(e, &backend_up);
	json_array_foreach(list, i, b)
	{
		const char *state = web_json_text(b, "state");
		if (!strcmp(state, "up") || !strcmp(state, "down"))
			exposition_value(e, &backend_up, !strcmp(state, "up"),
			                 { "backend", web_json_text(b, "backend") },
			                 { "address", web_json_text(b, "address") });
	}
	exposition_begin(e, &backend_connect);
	json_array_foreach(list, i, b)
	{
		if (web_json_number(b, "connect_us"))
			exposition_value(e, &backend_connect,
			                 (double)web_json_number(b, "connect_us") / 1e6,
			                 { "backend", web_json_text(b, "backend") },
			                 { "address", web_json_text(b, "address") });
	}
}

/* One number of each worker at each address. */
static void loads_write(struct exposition *e, const struct exposition_family *family,
                        const json_t *list, const char *id)
{
	const json_t *b, *worker;
	size_t i, k;
	exposition_begin(e, family);
	json_array_foreach(list, i, b) json_array_foreach(json_object_get(b, "workers"), k, worker)
	{
		char slot[24];
		snprintf(slot, sizeof(slot), "%llu",
		         (unsigned long long)web_json_number(worker, "slot"));
		exposition_value(e, family, (double)web_json_number(worker, id),
		                 { "backend", web_json_text(b, "backend") },
		                 { "address", web_json_text(b, "address") }, { "worker", slot });
	}
}

static void backends_write(struct exposition *e, const json_t *list)
{
	backends_up_write(e, list);
	loads_write(e, &backend_open, list, "open");
	loads_write(e, &backend_sessions, list, "sessions");
	loads_write(e, &backend_failures, list, "failures");
}

static void tunnels_write(struct exposition *e, const json_t *state)
{
	const json_t *t;
	size_t i;
	exposition_begin(e, &tunnels);
	json_array_foreach(json_object_get(state, "tunnels"), i, t)
	{
		exposition_value(e, &tunnels, strcmp(web_json_text(t, "state"), "gone") != 0,
		                 { "backend", web_json_text(t, "backend") },
		                 { "address", web_json_text(t, "address") });
	}
}

/* Each kind is there, also with 0: a rule on it must not miss its beginning. */
static void alarms_write(struct exposition *e, const json_t *list)
{
	const json_t *alarm;
	size_t i;
	exposition_begin(e, &alarms);
	for (int kind = 0; kind < PROC_ALARM_KIND_COUNT; kind++) {
		const char *name = proc_alarm_name((enum proc_alarm_kind)kind);
		size_t count = 0;
		json_array_foreach(list, i, alarm) count +=
			!strcmp(web_json_text(alarm, "kind"), name);
		exposition_value(e, &alarms, (double)count, { "kind", name });
	}
}

static void orders_write(struct exposition *e, const json_t *orders)
{
	const json_t *order;
	size_t i;
	exposition_begin(e, &order_failures);
	json_array_foreach(orders, i, order)
	{
		exposition_value(e, &order_failures, (double)web_json_number(order, "failures"),
		                 { "certificate", web_json_text(order, "certificate") });
	}
	exposition_begin(e, &order_due);
	json_array_foreach(orders, i, order)
	{
		exposition_value(e, &order_due, (double)web_json_number(order, "due"),
		                 { "certificate", web_json_text(order, "certificate") });
	}
}

static void policies_write(struct exposition *e, const json_t *modes)
{
	const char *mode;
	json_t *count;
	if (!modes)
		return;
	exposition_begin(e, &policies);
	json_object_foreach((json_t *)modes, mode, count)
		exposition_value(e, &policies, (double)json_integer_value(count), { "mode", mode });
}

/* Each state is there, 1 for the one it is in. */
static void rollovers_write(struct exposition *e, const json_t *list)
{
	static const char *const states[] = { "planned",  "seen", "ripe",
		                              "switched", "over", "damaged" };
	const json_t *rollover;
	size_t i;
	exposition_begin(e, &rollover_state);
	json_array_foreach(list, i, rollover)
	{
		for (size_t s = 0; s < COUNT_OF(states); s++)
			exposition_value(e, &rollover_state,
			                 !strcmp(web_json_text(rollover, "state"), states[s]),
			                 { "certificate", web_json_text(rollover, "certificate") },
			                 { "state", states[s] });
	}
}

static void state_write(struct exposition *e, const json_t *state)
{
	one(e, &running, !strcmp(web_json_text(state, "state"), "running"));
	one(e, &uptime, (double)web_json_number(state, "uptime_s"));
	processes_write(e, state);
	deaths_write(e, state);
	one(e, &warnings, (double)json_array_size(json_object_get(state, "warnings")));
	alarms_write(e, json_object_get(state, "alarms"));
	one(e, &workarounds, (double)json_array_size(json_object_get(state, "workarounds")));
	backends_write(e, json_object_get(state, "backends"));
	tunnels_write(e, state);
	orders_write(e, json_object_get(state, "acme"));
	policies_write(e, json_object_get(json_object_get(state, "mta_sts"), "modes"));
	rollovers_write(e, json_object_get(state, "rollovers"));
	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		number_write(e, json_object_get(state, "workers"), i);
}

static void certificates_write(struct exposition *e, const json_t *in_force)
{
	const json_t *list = json_object_get(in_force, "certificates"), *c;
	size_t i;
	exposition_begin(e, &expiry);
	json_array_foreach(list, i, c)
	{
		exposition_value(e, &expiry, (double)web_json_number(c, "not_after"),
		                 { "certificate", web_json_text(c, "name") });
	}
	exposition_begin(e, &stale);
	json_array_foreach(list, i, c)
	{
		exposition_value(e, &stale, json_is_true(json_object_get(c, "has_changed")),
		                 { "certificate", web_json_text(c, "name") });
	}
}

void web_metrics(const struct web *web, int64_t now_s, struct web_reply *reply)
{
	CLEAN(exposition_deinit) struct exposition e = {};
	exposition_begin(&e, &build_info);
	exposition_value(&e, &build_info, 1, { "version", MAILSEAL_VERSION });
	state_write(&e, web->state);
	certificates_write(&e, web->in_force);
	web_metrics_tlsrpt(web, now_s, &e);
	web_metrics_check(web, &e);
	web_metrics_watch(web, &e);
	web_metrics_ledger(web, now_s, &e);
	if (e.has_failed) {
		web_reply_say(reply, 500, "out of memory");
		return;
	}
	reply->status = 200;
	reply->content = WEB_CONTENT_METRICS;
	reply->body = e.out;
	e.out = (struct buf){};
}
