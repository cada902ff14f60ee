#include "cmd/ctl_print.h"

#include "base/clean.h"

#include <jansson.h>
#include <stdio.h>
#include <time.h>

/* Nothing where none are sent. */
static void tlsrpt_print(const json_t *numbers)
{
	static const char *const names[] = { "sent", "waiting", "given_up" };
	long long counts[COUNT_OF(names)], sum = 0;
	for (size_t i = 0; i < COUNT_OF(names); i++)
		sum += counts[i] = json_integer_value(json_object_get(numbers, names[i]));
	if (sum)
		printf("TLS reports of the last days: %lld sent, %lld waiting, %lld given up\n",
		       counts[0], counts[1], counts[2]);
}

static long long number_of(const json_t *object, const char *key)
{
	return (long long)json_integer_value(json_object_get(object, key));
}

static void ledger_print(const json_t *answer)
{
	const json_t *ledger = json_object_get(answer, "ledger");
	if (!number_of(answer, "ledger_pid"))
		return;
	printf("ledger: pid %lld%s; rows: %lld, bytes: %lld, waiting: %lld, lost: %lld\n",
	       number_of(answer, "ledger_pid"),
	       json_is_true(json_object_get(ledger, "open")) ? "" : " (no file, see the log)",
	       number_of(ledger, "rows"), number_of(ledger, "bytes"), number_of(ledger, "waiting"),
	       number_of(ledger, "lost"));
	if (number_of(answer, "runner_pid"))
		printf("runner: pid %lld; hooks waiting: %lld\n", number_of(answer, "runner_pid"),
		       number_of(ledger, "hooks_waiting"));
}

static void cluster_print(const json_t *answer)
{
	const json_t *cluster = json_object_get(answer, "cluster");
	char since[32] = "the beginning";
	struct tm tm;
	time_t at = (time_t)number_of(cluster, "since");
	if (!cluster)
		return;
	if (at && gmtime_r(&at, &tm))
		strftime(since, sizeof(since), "%Y-%m-%dT%H:%M:%SZ", &tm);
	printf("cluster: store %s since %s; nodes: %lld, waiting: %lld\n",
	       json_is_true(json_object_get(cluster, "reached")) ? "reached" : "not reached", since,
	       number_of(cluster, "nodes"), number_of(cluster, "waiting"));
}

static void tunnels_print(const json_t *answer)
{
	const json_t *t;
	size_t i;
	json_array_foreach((json_t *)json_object_get(answer, "tunnels"), i, t)
	{
		const char *interface = json_string_value(json_object_get(t, "interface"));
		printf("tunnel: backend %s, %s%s%s: %s, %s\n",
		       json_string_value(json_object_get(t, "backend")),
		       json_string_value(json_object_get(t, "address")),
		       interface && interface[0] ? " by " : "", interface ? interface : "",
		       json_string_value(json_object_get(t, "state")),
		       json_string_value(json_object_get(t, "fact")));
	}
}

static void backends_print(const json_t *answer)
{
	const json_t *b;
	size_t i;
	json_array_foreach((json_t *)json_object_get(answer, "backends"), i, b)
	{
		const char *error = json_string_value(json_object_get(b, "error"));
		printf("backend: %s, %s: %s%s%s; open: %lld, sessions: %lld, failures: %lld",
		       json_string_value(json_object_get(b, "backend")),
		       json_string_value(json_object_get(b, "address")),
		       json_string_value(json_object_get(b, "state")),
		       error && error[0] ? ", " : "", error ? error : "", number_of(b, "open"),
		       number_of(b, "sessions"), number_of(b, "failures"));
		if (number_of(b, "connect_us"))
			printf(", connects in %.1f ms", (double)number_of(b, "connect_us") / 1000);
		putchar('\n');
	}
}

static void watches_print(const json_t *list)
{
	const json_t *watch;
	size_t i;
	json_array_foreach((json_t *)list, i, watch)
	{
		const char *interface = json_string_value(json_object_get(watch, "interface"));
		if (!json_is_true(json_object_get(watch, "watching"))) {
			const char *why = json_string_value(json_object_get(watch, "reason"));
			printf("watch %s: not now%s%s\n", interface, why && *why ? ": " : "",
			       why ? why : "");
			continue;
		}
		printf("watch %s: pid %lld; packets: %lld, drops: %lld, flows: %lld, sessions: "
		       "%lld, passwords in clear: %lld\n",
		       interface, number_of(watch, "pid"), number_of(watch, "packets"),
		       number_of(watch, "drops"), number_of(watch, "flows"),
		       number_of(watch, "sessions"), number_of(watch, "passwords"));
	}
}

/* A name in our settings, and what it is now. */
static void host_print(const json_t *host)
{
	const char *error = json_string_value(json_object_get(host, "error"));
	size_t i;
	const json_t *address;
	printf("host: %s", json_string_value(json_object_get(host, "name")));
	json_array_foreach((json_t *)json_object_get(host, "addresses"), i, address)
		printf("%s %s", i ? "," : " is", json_string_value(address));
	printf(" (%s)", json_string_value(json_object_get(host, "by")));
	if (error && error[0])
		printf(", and now: %s", error);
	putchar('\n');
}

static void time_print(const char *label, long long at_s)
{
	char text[32];
	time_t at = (time_t)at_s;
	struct tm tm;
	if (at_s && gmtime_r(&at, &tm) && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		printf(", %s %s", label, text);
}

/* A certificate that is ordered. */
static void order_print(const json_t *order)
{
	const char *why = json_string_value(json_object_get(order, "reason"));
	printf("acme: certificate %s: %s", json_string_value(json_object_get(order, "certificate")),
	       json_string_value(json_object_get(order, "state")));
	time_print("ends", number_of(order, "not_after"));
	time_print("ordered next", number_of(order, "due"));
	if (why && why[0])
		printf("; failed %lld times, last: %s", number_of(order, "failures"), why);
	putchar('\n');
}

static void policies_print(const json_t *policies)
{
	const json_t *p;
	size_t i;
	json_array_foreach(json_object_get(policies, "domains"), i, p)
	{
		const char *why = json_string_value(json_object_get(p, "why"));
		printf("mta-sts: %s: %s, id %s", json_string_value(json_object_get(p, "domain")),
		       json_string_value(json_object_get(p, "mode")),
		       json_string_value(json_object_get(p, "id")));
		time_print("since", number_of(p, "since"));
		printf("%s%s\n", why && why[0] ? "; " : "", why ? why : "");
	}
}

/* The key of a certificate that is rolled. */
void ctl_rollover_print(const json_t *rollover)
{
	const char *why = json_string_value(json_object_get(rollover, "why"));
	printf("rollover: certificate %s: %s",
	       json_string_value(json_object_get(rollover, "certificate")),
	       json_string_value(json_object_get(rollover, "state")));
	time_print("begun", number_of(rollover, "planned"));
	time_print("everywhere since", number_of(rollover, "seen"));
	time_print("switched", number_of(rollover, "switched"));
	if (number_of(rollover, "wait_s"))
		printf(", %lld s to wait", number_of(rollover, "wait_s"));
	if (why && why[0])
		printf("; %s", why);
	printf("; %s\n", json_string_value(json_object_get(rollover, "todo")));
}

/* Nothing where there is none. */
static void tree_print(const json_t *tree)
{
	if (tree)
		printf("certificate_dir: %lld pairs, %lld found whole, %lld left out\n",
		       number_of(tree, "pairs"), number_of(tree, "checked"),
		       number_of(tree, "left_out"));
}

static void keys_print(const json_t *pids)
{
	size_t i;
	const json_t *pid;
	printf("keys:");
	json_array_foreach(pids, i, pid) printf(" pid %lld", (long long)json_integer_value(pid));
	printf("; ");
}

static void alarms_print(const json_t *list)
{
	const json_t *value;
	size_t i;
	json_array_foreach((json_t *)list, i, value)
		printf("ALARM %s: %s: %s; %s\n", json_string_value(json_object_get(value, "kind")),
	               json_string_value(json_object_get(value, "subject")),
	               json_string_value(json_object_get(value, "text")),
	               json_string_value(json_object_get(value, "mend")));
}

static void warnings_print(const json_t *list)
{
	const json_t *value;
	size_t i;
	json_array_foreach((json_t *)list, i, value)
		printf("warning: backend %s, %s: %s; %s\n",
	               json_string_value(json_object_get(value, "backend")),
	               json_string_value(json_object_get(value, "address")),
	               json_string_value(json_object_get(value, "warning")),
	               json_string_value(json_object_get(value, "mend")));
}

void ctl_status_print(const json_t *answer)
{
	const char *key;
	const json_t *value;
	printf("mailseal %s, %s for %lld s, %s\n",
	       json_string_value(json_object_get(answer, "version")),
	       json_string_value(json_object_get(answer, "state")),
	       (long long)json_integer_value(json_object_get(answer, "uptime_s")),
	       json_string_value(json_object_get(answer, "config")));
	keys_print(json_object_get(answer, "keys_pids"));
	if (json_integer_value(json_object_get(answer, "resolver_pid")))
		printf("resolver: pid %lld; ",
		       (long long)json_integer_value(json_object_get(answer, "resolver_pid")));
	printf("workers: %zu, leaving: %lld\n", json_array_size(json_object_get(answer, "workers")),
	       (long long)json_integer_value(json_object_get(answer, "workers_leaving")));
	ledger_print(answer);
	cluster_print(answer);
	watches_print(json_object_get(answer, "watch"));
	json_object_foreach((json_t *)json_object_get(answer, "sums"), key, value)
		printf("  %-20s %lld\n", key, (long long)json_integer_value(value));
	tlsrpt_print(json_object_get(answer, "tlsrpt"));
	tree_print(json_object_get(answer, "tree"));
	if (number_of(answer, "bans"))
		printf("banned: %lld (mailseal ctl bans)\n", number_of(answer, "bans"));
	backends_print(answer);
	tunnels_print(answer);
	alarms_print(json_object_get(answer, "alarms"));
	size_t i;
	json_array_foreach((json_t *)json_object_get(answer, "acme"), i, value) order_print(value);
	policies_print(json_object_get(answer, "mta_sts"));
	json_array_foreach((json_t *)json_object_get(answer, "rollovers"), i, value)
		ctl_rollover_print(value);
	warnings_print(json_object_get(answer, "warnings"));
	json_array_foreach((json_t *)json_object_get(answer, "hosts"), i, value) host_print(value);
	json_array_foreach((json_t *)json_object_get(answer, "workarounds"), i, value) printf(
		"workaround: %s, %s until %s\n", json_string_value(json_object_get(value, "mx")),
		json_string_value(json_object_get(value, "with")),
		json_string_value(json_object_get(value, "until")));
}

void ctl_bans_print(const json_t *bans)
{
	size_t i;
	const json_t *ban;
	json_array_foreach((json_t *)bans, i, ban)
		printf("%s %s until %s%s\n", json_string_value(json_object_get(ban, "kind")),
	               json_string_value(json_object_get(ban, "target")),
	               json_string_value(json_object_get(ban, "until")),
	               json_is_true(json_object_get(ban, "of_cluster")) ? ", of another node" : "");
	if (!json_array_size(bans))
		puts("nobody is banned");
}
