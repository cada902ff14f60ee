#include "cmd/policy_print.h"

#include "base/clean.h"

#include <jansson.h>
#include <time.h>

static const char *const ends[] = {
	[POLICY_WAY_HOSTS] = "hosts",
	[POLICY_WAY_NO_DOMAIN] = "no-domain",
	[POLICY_WAY_NULL_MX] = "null-mx",
	[POLICY_WAY_LOST] = "lost",
};

static const char *const ends_in_words[] = {
	[POLICY_WAY_HOSTS] = NULL,
	[POLICY_WAY_NO_DOMAIN] = "the domain does not exist: mail to it is returned (5.1.2)",
	[POLICY_WAY_NULL_MX] =
		"a null MX: the domain takes no mail, it is returned (5.1.10, RFC 7505)",
	[POLICY_WAY_LOST] = "mail to it waits: an answer that is lost is not \"there is none\"",
};

static const char *const sts_states[] = {
	[POLICY_STS_UNUSED] = "absent",
	[POLICY_STS_LOST] = "lost",
	[POLICY_STS_BROKEN] = "broken",
	[POLICY_STS_IN_FORCE] = "found",
};

static void day_write(int64_t at_s, char ret_text[32])
{
	time_t at = (time_t)at_s;
	struct tm tm;
	ret_text[0] = '\0';
	if (gmtime_r(&at, &tm))
		strftime(ret_text, 32, "%Y-%m-%d %H:%M UTC", &tm);
}

/* Whether it was fetched just now, or is what the daemon keeps. */
static void cached_print(FILE *out, const struct policy_sts_facts *sts)
{
	char day[32];
	if (!sts->cached_until_s)
		return;
	day_write(sts->cached_until_s, day);
	fprintf(out, "  %-9s cached until %s%s%s\n", "", day,
	        sts->why[0] ? ", cannot be refreshed because " : "", sts->why);
}

static void sts_print(FILE *out, const struct policy_sts_facts *sts)
{
	switch (sts->state) {
	case POLICY_STS_UNUSED:
		fprintf(out, "  %-9s none\n", "MTA-STS");
		return;
	case POLICY_STS_LOST:
	case POLICY_STS_BROKEN:
		fprintf(out, "  %-9s %s: %s\n", "MTA-STS", sts_states[sts->state], sts->why);
		return;
	case POLICY_STS_IN_FORCE:
		break;
	}
	fprintf(out, "  %-9s %s, id %s, for %u s, mx", "MTA-STS",
	        policy_sts_mode_name(sts->policy.mode), sts->id, sts->policy.max_age_s);
	for (size_t i = 0; i < sts->policy.mx_count; i++)
		fprintf(out, " %s", sts->policy.mx[i]);
	fputs("\n", out);
	cached_print(out, sts);
}

static void route_print(FILE *out, const struct policy_told *told)
{
	const struct policy_decision *d = &told->by_route;
	fprintf(out, "  %-9s for %s to %s, written by the operator: what follows is not asked\n",
	        "route", told->route.domain, told->where);
	fprintf(out, "  %-9s %s%s%s: %s\n", "so", policy_level_name(d->level),
	        d->needs_pkix ? " " : "", d->needs_pkix ? told->route.name : "", d->why);
}

/* The relay is its best MX itself. */
static bool loops(const struct policy_answer *a)
{
	return a->way->host_count && !a->told->tried_count;
}

static void mx_print(FILE *out, const struct policy_answer *a)
{
	const struct policy_way *way = a->way;
	fprintf(out, "%s\n", way->domain);
	if (a->told->has_route)
		route_print(out, a->told);
	fprintf(out, "  %-9s %s", "MX", policy_dns_name(way->mx));
	if (way->why[0])
		fprintf(out, ": %s", way->why);
	else if (way->is_implicit)
		fputs(", none: the domain is its own host (RFC 5321 5.1)", out);
	else if (way->end == POLICY_WAY_HOSTS)
		fprintf(out, ", %zu host%s", way->host_count, way->host_count == 1 ? "" : "s");
	if (way->left_out)
		fprintf(out, ", %zu left out (no host names, or more than %d)", way->left_out,
		        POLICY_WAY_HOSTS_MAX);
	fputs("\n", out);
	if (loops(a))
		fprintf(out,
		        "  %-9s mail to it loops back to the relay, %s: it is returned (5.4.6)\n",
		        "so", a->told->hostname);
	if (ends_in_words[way->end])
		fprintf(out, "  %-9s %s\n", "so", ends_in_words[way->end]);
}

static void tlsa_print(FILE *out, const struct policy_way_host *h, const struct policy_decision *d)
{
	if (!h->facts.was_asked) {
		fprintf(out, "    %-9s not asked for: nothing vouches for its address\n", "TLSA");
		return;
	}
	fprintf(out, "    %-9s %s at _25._tcp.%s, %zu record%s\n", "TLSA",
	        policy_dns_name(h->facts.tlsa), h->base, h->tlsa_count,
	        h->tlsa_count == 1 ? "" : "s");
	for (size_t i = 0; i < h->tlsa_count; i++) {
		const struct policy_tlsa *t = &h->tlsa[i];
		const char *fault = policy_tlsa_fault(t);
		fprintf(out, "    %-9s %u %u %u ", "", t->usage, t->selector, t->matching);
		for (size_t b = 0; b < t->len && b < 8; b++)
			fprintf(out, "%02x", t->data[b]);
		fprintf(out, "%s %s\n", t->len > 8 ? "..." : "",
		        d->is_used[i] ? "counts"
		        : fault       ? fault
		                : "does not count: another of its kind has a stronger digest");
	}
}

static void host_print(FILE *out, const struct policy_way_host *h, const struct policy_decision *d)
{
	fprintf(out, "  %s (preference %u)\n", h->name, h->preference);
	if (h->is_alias)
		fprintf(out, "    %-9s %s, of %s\n", "alias", policy_dns_name(h->facts.alias),
		        h->expanded);
	fprintf(out, "    %-9s %s", "address", policy_dns_name(h->facts.address));
	for (size_t i = 0; i < h->address_count; i++)
		fprintf(out, " %s", h->addresses[i]);
	fputs("\n", out);
	tlsa_print(out, h, d);
	if (h->why[0])
		fprintf(out, "    %-9s %s\n", "error", h->why);
	fprintf(out, "    %-9s %s%s: %s\n", "so", policy_level_name(d->level),
	        d->level == POLICY_VERIFY && !d->is_authenticated ? " (not authenticated)" : "",
	        d->why);
	if (d->report)
		fprintf(out, "    %-9s %s (RFC 8460 4.3)\n", "report",
		        policy_report_name(d->report));
}

static const char *const verdicts[] = {
	[POLICY_MEMORY_QUIET] = "nothing to lose",
	[POLICY_MEMORY_WARN] = "without TLS mail goes, and a downgrade is logged",
	[POLICY_MEMORY_HOLD] = "without TLS mail waits for a while",
	[POLICY_MEMORY_REFUSE] = "without TLS mail waits",
};

/* What the relay remembers of it counts where nothing else demands TLS. */
static void memory_print(FILE *out, const struct policy_told *told, const struct policy_memory *m,
                         const struct policy_decision *d)
{
	char day[32];
	if (!told->has_memory)
		return;
	if (m->sessions) {
		day_write(m->sealed_since_s, day);
		fprintf(out, "    %-9s TLS since %s, %u session%s%s", "memory", day, m->sessions,
		        m->sessions == 1 ? "" : "s",
		        m->was_trusted ? ", a public certificate for its name" : "");
		if (m->lost_since_s) {
			day_write(m->lost_since_s, day);
			fprintf(out, ", none since %s", day);
		}
		fputs("\n", out);
	}
	if (m->fault.failing_since_s) {
		day_write(m->fault.failing_since_s, day);
		fprintf(out, "    %-9s its handshakes fail since %s\n", "memory", day);
	}
	if (m->fault.small_until_s) {
		day_write(m->fault.small_until_s, day);
		fprintf(out, "    %-9s a smaller ClientHello comes first until %s\n", "memory",
		        day);
	}
	if (m->sessions && d->level == POLICY_OPPORTUNISTIC)
		fprintf(out, "    %-9s %s\n", "",
		        verdicts[policy_memory_judge(m, &told->rules, time(NULL))]);
}

void policy_print_text(FILE *out, const struct policy_answer *a)
{
	const struct policy_way *way = a->way;
	mx_print(out, a);
	sts_print(out, a->sts);
	for (size_t i = 0; i < way->host_count; i++) {
		host_print(out, &way->hosts[i], &a->decisions[i]);
		memory_print(out, a->told, &a->told->memories[i], &a->decisions[i]);
	}
}

static json_t *text_or_null(const char *text)
{
	return text && text[0] ? json_string(text) : json_null();
}

/* Unix time in seconds; null where it was never. */
static json_t *time_json(int64_t at_s)
{
	return at_s ? json_integer(at_s) : json_null();
}

static json_t *sts_json(const struct policy_sts_facts *sts)
{
	json_t *mx = json_array();
	for (size_t i = 0; i < sts->policy.mx_count && sts->state == POLICY_STS_IN_FORCE; i++)
		json_array_append_new(mx, json_string(sts->policy.mx[i]));
	json_t *o = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "state", sts_states[sts->state],
	                      "id", text_or_null(sts->id), "error", text_or_null(sts->why),
	                      "report", text_or_null(policy_report_name(sts->report)), "mx", mx,
	                      "cached_until", time_json(sts->cached_until_s));
	if (sts->state == POLICY_STS_IN_FORCE) {
		json_object_set_new(o, "mode", json_string(policy_sts_mode_name(sts->policy.mode)));
		json_object_set_new(o, "max_age", json_integer(sts->policy.max_age_s));
	}
	return o;
}

static json_t *tlsa_json(const struct policy_way_host *h, const struct policy_decision *d)
{
	json_t *list = json_array();
	for (size_t i = 0; i < h->tlsa_count; i++) {
		const struct policy_tlsa *t = &h->tlsa[i];
		char hex[2 * POLICY_TLSA_DATA_MAX + 1] = "";
		for (size_t b = 0; b < t->len; b++)
			snprintf(hex + 2 * b, 3, "%02x", t->data[b]);
		json_array_append_new(list,
		                      json_pack("{s:i, s:i, s:i, s:s, s:b, s:o}", "usage", t->usage,
		                                "selector", t->selector, "matching", t->matching,
		                                "data", hex, "counts", d->is_used[i], "fault",
		                                text_or_null(policy_tlsa_fault(t))));
	}
	return list;
}

static json_t *host_json(const struct policy_way_host *h, const struct policy_decision *d)
{
	json_t *addresses = json_array();
	for (size_t i = 0; i < h->address_count; i++)
		json_array_append_new(addresses, json_string(h->addresses[i]));
	return json_pack(
		"{s:s, s:i, s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:s, s:b, s:b, s:b, s:b, s:o, "
		"s:s}",
		"name", h->name, "preference", h->preference, "expanded", h->expanded, "addresses",
		addresses, "address_status", policy_dns_name(h->facts.address), "tlsa_status",
		h->facts.was_asked ? json_string(policy_dns_name(h->facts.tlsa)) : json_null(),
		"tlsa_base", text_or_null(h->base), "tlsa", tlsa_json(h, d), "error",
		text_or_null(h->why), "level", policy_level_name(d->level), "needs_dane",
		d->needs_dane, "needs_pkix", d->needs_pkix, "tests_pkix", d->tests_pkix,
		"is_authenticated", d->is_authenticated, "report",
		text_or_null(policy_report_name(d->report)), "why", d->why);
}

static json_t *memory_json(const struct policy_told *told, const struct policy_memory *m)
{
	static const char *const names[] = {
		[POLICY_MEMORY_QUIET] = "quiet",
		[POLICY_MEMORY_WARN] = "warn",
		[POLICY_MEMORY_HOLD] = "hold",
		[POLICY_MEMORY_REFUSE] = "refuse",
	};
	if (!told->has_memory)
		return json_null();
	return json_pack("{s:o, s:i, s:b, s:o, s:o, s:o, s:s}", "sealed_since",
	                 time_json(m->sealed_since_s), "sessions", (int)m->sessions, "was_trusted",
	                 m->was_trusted, "lost_since", time_json(m->lost_since_s), "failing_since",
	                 time_json(m->fault.failing_since_s), "small_hello_until",
	                 time_json(m->fault.small_until_s), "without_tls",
	                 names[policy_memory_judge(m, &told->rules, time(NULL))]);
}

static json_t *route_json(const struct policy_told *told)
{
	const struct policy_decision *d = &told->by_route;
	if (!told->has_route)
		return json_null();
	return json_pack("{s:s, s:s, s:s, s:b, s:s}", "domain", told->route.domain, "host",
	                 told->where, "level", policy_level_name(d->level), "is_authenticated",
	                 d->is_authenticated, "why", d->why);
}

void policy_print_json(FILE *out, const struct policy_answer *a)
{
	const struct policy_way *way = a->way;
	const struct policy_sts_facts *sts = a->sts;
	json_t *hosts = json_array();
	for (size_t i = 0; i < way->host_count; i++) {
		json_t *host = host_json(&way->hosts[i], &a->decisions[i]);
		json_object_set_new(host, "memory", memory_json(a->told, &a->told->memories[i]));
		json_array_append_new(hosts, host);
	}
	json_t *all =
		json_pack("{s:s, s:s, s:s, s:b, s:o, s:o, s:o, s:I}", "domain", way->domain, "mx",
	                  policy_dns_name(way->mx), "end", ends[way->end], "is_implicit",
	                  way->is_implicit, "error", text_or_null(way->why), "sts", sts_json(sts),
	                  "hosts", hosts, "left_out", (json_int_t)way->left_out);
	json_object_set_new(all, "route", route_json(a->told));
	json_object_set_new(all, "loops", json_boolean(loops(a)));
	json_dumpf(all, out, JSON_INDENT(2));
	fputs("\n", out);
	json_decref(all);
}
