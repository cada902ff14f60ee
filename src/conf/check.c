/* What one setting alone cannot show: names that must exist, pairs that are unsafe or cannot work.
 * Here what is of no group, and in which order all is looked at.
 */
#include "conf/check.h"

#include <string.h>

enum {
	IDLE_MIN_MS = 35 * 60 * 1000, /* RFC 3501 5.4, RFC 9051 5.4: 30 minutes at least */
	WITNESS_EVERY_MIN_MS = 1000,
};

void conf_check_idle(struct conf_reader *r, const struct conf_limits *l, const char *path)
{
	if (!l->idle_timeout_ms || l->idle_timeout_ms >= IDLE_MIN_MS)
		return;
	conf_complain(r, path, "it would end sessions that the RFCs let idle for 30 minutes");
	conf_mend(r, "write \"35m\" or more, or 0");
}

static bool has_something_to_do(const struct conf_settings *s)
{
	return s->edge_count || s->link_count || s->watch.is_set || s->watched_count ||
	       conf_needs_resolver(s);
}

static bool has_smtp_edge(const struct conf_settings *s)
{
	for (size_t i = 0; i < s->edge_count; i++)
		if (conf_edge_speaks_smtp(&s->edges[i]))
			return true;
	return false;
}

/* What stands in no group. */
static void general_check(struct conf_reader *r)
{
	const struct conf_settings *s = r->settings;
	conf_check_idle(r, &s->limits, "limits.idle_timeout");
	if (!has_something_to_do(s) && !conf_is_bad(r, "edge")) {
		conf_complain(r, "edge", "there is no edge, so there is nothing to do");
		conf_mend(r, "add edge = { NAME = { protocol = \"smtp\"; ... }; };");
	}
	if (!conf_is_written(r, "hostname") && !strchr(s->hostname, '.') && has_smtp_edge(s)) {
		conf_warn(r, "hostname", "the system's name \"%s\" is not a full one", s->hostname);
		conf_mend(r, "write hostname = \"mx.example.org\"");
	}
	if (s->witness_every_ms && s->witness_every_ms < WITNESS_EVERY_MIN_MS) {
		conf_complain(r, "witness_every", "a second is the shortest");
		conf_mend(r, "write \"1m\", or \"0\" for never");
	}
}

static void ledger_check(struct conf_reader *r)
{
	const struct conf_ledger *l = &r->settings->ledger;
	if (l->keep != CONF_KEEP_NONE || !l->exposure_hook_count)
		return;
	conf_warn(r, "ledger.exposure_hook",
	          "with keep = \"none\" nothing is recorded, and it "
	          "never runs");
	conf_mend(r, "write keep = \"notable\", or take it out");
}

void conf_check(struct conf_reader *r)
{
	const struct conf_settings *s = r->settings;
	general_check(r);
	for (size_t i = 0; i < s->backend_count; i++)
		conf_check_backend(r, &s->backends[i]);
	for (size_t i = 0; i < s->lookup_count; i++)
		conf_check_lookup(r, &s->lookups[i]);
	for (size_t i = 0; i < s->edge_count; i++)
		conf_check_edge(r, &s->edges[i]);
	for (size_t i = 0; i < s->certificate_count; i++)
		conf_check_certificate(r, &s->certificates[i]);
	conf_check_listeners(r);
	conf_check_limits(r);
	conf_check_relay(r);
	conf_check_check(r);
	conf_check_site(r);
	conf_check_link(r);
	conf_check_dashboard(r);
	conf_check_watch(r);
	conf_check_cluster(r);
	conf_check_exceptions(r);
	ledger_check(r);
}
