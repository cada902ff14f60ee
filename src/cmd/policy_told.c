#include "cmd/policy_told.h"

#include "base/clean.h"
#include "base/err.h"
#include "conf/conf.h"
#include "relay/relay.h"
#include "store/faults.h"
#include "store/memory.h"
#include "store/sts.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

int policy_told_begin(struct policy_told *t, const struct conf_settings *settings,
                      const char *domain)
{
	struct policy_tlsa records[POLICY_TLSA_MAX];
	size_t count;
	for (size_t i = 0; settings && i < settings->route_count && !t->has_route; i++) {
		const struct conf_route *route = &settings->routes[i];
		if (!policy_rule_is_for(route->domain, domain))
			continue;
		int r = relay_route_take(&t->route, route);
		if (r)
			return err_up(r);
		t->has_route = true;
		t->where = route->host.text;
		policy_rule_decide(&t->route.rule, &t->by_route, records, &count);
	}
	if (settings && settings->relay_count) {
		const struct conf_relay *relay = &settings->relays[0];
		t->hostname = relay->hostname;
		t->rules = (struct policy_memory_rules){
			.is_listed = policy_rule_is_listed(relay->hold, relay->hold_count, domain),
			.is_refused =
				policy_rule_is_listed(relay->refuse, relay->refuse_count, domain),
			.hold_s = relay->hold_for_ms / 1000,
		};
	}
	return 0;
}

void policy_told_deinit(struct policy_told *t)
{
	free(t->route.pins);
}

static void path_write(char *ret_path, size_t cap, const struct conf_settings *settings,
                       const char *name)
{
	snprintf(ret_path, cap, "%s/" CONF_RESOLVER_FOLDER "/%s", settings->state_dir, name);
}

void policy_told_own(struct policy_told *t, const struct policy_way *way,
                     struct policy_decision *decisions)
{
	bool has_own = t->hostname && !t->has_route;
	unsigned own = has_own ? policy_way_own_preference(way, t->hostname) : UINT32_MAX;
	t->tried_count = 0;
	for (size_t i = 0; i < way->host_count; i++) {
		if (way->hosts[i].preference < own)
			t->tried_count++;
		else
			decisions[i] = (struct policy_decision){
				.level = POLICY_SKIP,
				.why = "the relay is an MX of the domain itself, and this one is "
				       "no better (RFC 5321 5.1)",
			};
	}
}

struct store_sts *policy_told_policies(const struct conf_settings *settings)
{
	char path[PATH_MAX + 32];
	struct store_sts *s = NULL;
	if (!settings)
		return NULL;
	path_write(path, sizeof(path), settings, "sts.db");
	if (access(path, R_OK) && errno == ENOENT)
		return NULL;
	if (store_sts_open(&s, path, NULL)) {
		fprintf(stderr,
		        "mailseal policy: %s cannot be read: an MTA-STS policy that the daemon "
		        "keeps is not shown (ask as root)\n",
		        path);
		return NULL;
	}
	return s;
}

void policy_told_remember(struct policy_told *t, const struct conf_settings *settings,
                          const struct policy_way *way)
{
	char path[PATH_MAX + 32];
	struct store_memory *memory = NULL;
	struct store_faults *faults = NULL;
	if (!settings || !settings->relay_count)
		return;
	path_write(path, sizeof(path), settings, CONF_MEMORY_FILE);
	int r = store_memory_open(&memory, path, NULL);
	path_write(path, sizeof(path), settings, "faults.db");
	if (!r)
		r = store_faults_open(&faults, path, NULL);
	for (size_t i = 0; !r && i < way->host_count; i++) {
		struct policy_memory *m = &t->memories[i];
		r = store_memory_get(memory, way->domain, way->hosts[i].name, m);
		if (!r)
			r = store_faults_get(faults, way->hosts[i].name, time(NULL), &m->fault);
		m->may_hold = true;
	}
	t->has_memory = !r;
	store_memory_close(memory);
	store_faults_close(faults);
}
