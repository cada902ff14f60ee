#include "publish/records.h"

#include "base/clean.h"
#include "base/err.h"
#include "conf/address.h"
#include "conf/site.h"
#include "publish/planned.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const state_names[] = {
	[PUBLISH_UNKNOWN] = "unknown",
	[PUBLISH_MISSING] = "missing",
	[PUBLISH_UNSIGNED] = "unsigned",
	[PUBLISH_THERE] = "there",
};
_Static_assert(COUNT_OF(state_names) == PUBLISH_STATE_COUNT, "a state without its name");

const char *publish_state_name(enum publish_state state)
{
	return state_names[state];
}

/* --- building --- */

struct making {
	struct publish_records *records;
	const struct publish_with *with;
};

/* What a record is for; an array of one for the functions below to share. */
struct kind {
	enum dns_type type;
	bool is_needed;
	const char *why;
};

static bool has(const struct publish_records *all, const struct publish_record *record)
{
	for (size_t i = 0; i < all->count; i++) {
		const struct publish_record *r = &all->rows[i];
		if (r->type == record->type && !strcmp(r->owner, record->owner) &&
		    !strcmp(r->data, record->data))
			return true;
	}
	return false;
}

/* Once each. */
static void add(struct making *m, const struct kind *kind, const char *owner, const char *format,
                ...) __attribute__((format(printf, 4, 5)));
static void add(struct making *m, const struct kind *kind, const char *owner, const char *format,
                ...)
{
	struct publish_record record = { .type = kind->type,
		                         .is_needed = kind->is_needed,
		                         .why = kind->why };
	va_list args;
	snprintf(record.owner, sizeof(record.owner), "%s", owner);
	va_start(args, format);
	vsnprintf(record.data, sizeof(record.data), format, args);
	va_end(args);
	if (has(m->records, &record))
		return;
	if (m->records->count == PUBLISH_RECORDS_MAX)
		m->records->is_cut = true;
	else
		m->records->rows[m->records->count++] = record;
}

static const char *host_of(const struct making *m, const struct conf_edge *edge)
{
	return edge->hostname ? edge->hostname : m->with->settings->hostname;
}

static bool is_public(const struct conf_address *a)
{
	return !conf_address_is_local(a);
}

static const struct conf_address *public_of(const struct conf_address *addresses, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_public(&addresses[i]))
			return &addresses[i];
	return NULL;
}

static bool serves(const struct conf_edge *edge, const char *certificate)
{
	for (size_t i = 0; i < edge->certificate_count; i++)
		if (!strcmp(edge->certificates[i], certificate))
			return true;
	return !edge->certificate_count;
}

/* --- port 25 --- */

static void tlsa_add(struct making *m, const struct conf_edge *edge, const char *host,
                     const struct conf_address *at)
{
	static const struct kind tlsa = { DNS_TLSA, true,
		                          "senders that know DANE come encrypted or not at all" };
	const struct conf_settings *s = m->with->settings;
	char owner[PUBLISH_NAME_CAP];
	snprintf(owner, sizeof(owner), "_%u._tcp.%s", at->port, host);
	for (size_t i = 0; i < s->certificate_count; i++) {
		char digest[2 * sizeof(m->with->keys->digest) + 1];
		if (!m->with->keys[i].is_known || !serves(edge, s->certificates[i].name))
			continue;
		for (size_t b = 0; b < sizeof(m->with->keys->digest); b++)
			snprintf(digest + 2 * b, 3, "%02x", m->with->keys[i].digest[b]);
		add(m, &tlsa, owner, "3 1 1 %s", digest);
	}
}

static void mx_add(struct making *m, const struct conf_edge *edge)
{
	static const struct kind mx = { DNS_MX, true, "where mail for the domain goes" };
	static const struct kind address = { DNS_A, true, "where the host is" };
	const struct conf_address *at = public_of(edge->listen, edge->listen_count);
	if (!at)
		return;
	const char *host = host_of(m, edge);
	add(m, &mx, m->with->domain, "10 %s.", host);
	add(m, &address, host, "%s", "");
	tlsa_add(m, edge, host, at);
}

static void policies_add(struct making *m)
{
	static const struct kind web = { DNS_A, true, "the web server that has the policy" };
	static const struct kind reports = { DNS_TXT, true,
		                             "others tell how their TLS with you went" };
	struct kind sts = { DNS_TXT, true, "senders that know MTA-STS fetch the policy below" };
	char owner[PUBLISH_NAME_CAP];
	size_t first = m->records->count;
	if (m->records->policy[0]) {
		snprintf(owner, sizeof(owner), "_mta-sts.%s", m->with->domain);
		add(m, &sts, owner, "\"v=STSv1; id=%s;\"", m->records->policy_id);
		if (m->records->count > first)
			m->records->rows[first].is_exact =
				m->records->policy_source == PUBLISH_POLICY_SERVED;
		snprintf(owner, sizeof(owner), CONF_SITE_STS "%s", m->with->domain);
		add(m, &web, owner, "%s", "");
	}
	if (!first)
		return; /* no mail comes in */
	snprintf(owner, sizeof(owner), "_smtp._tls.%s", m->with->domain);
	add(m, &reports, owner, "\"v=TLSRPTv1; rua=mailto:tls-reports@%s\"", m->with->domain);
}

/* --- services of users --- */

/* Labels of RFC 8314 5.1, RFC 6186 and RFC 5804 1.8; implicit TLS comes first. */
static const struct service {
	enum conf_protocol protocol;
	bool is_implicit;
	const char *label;
} services[] = {
	{ CONF_SUBMISSION, true, "_submissions" },
	{ CONF_SUBMISSION, false, "_submission" },
	{ CONF_IMAP, true, "_imaps" },
	{ CONF_IMAP, false, "_imap" },
	{ CONF_POP3, true, "_pop3s" },
	{ CONF_POP3, false, "_pop3" },
	{ CONF_SIEVE, false, "_sieve" },
};

static bool service_find(struct making *m, const struct service *service)
{
	static const struct kind srv = { DNS_SRV, false, "clients find the server by themselves" };
	const struct conf_settings *s = m->with->settings;
	char owner[PUBLISH_NAME_CAP];
	bool is_there = false;
	snprintf(owner, sizeof(owner), "%s._tcp.%s", service->label, m->with->domain);
	for (size_t i = 0; i < s->edge_count; i++) {
		const struct conf_edge *e = &s->edges[i];
		const struct conf_address *at =
			service->is_implicit ? public_of(e->listen_tls, e->listen_tls_count)
					     : public_of(e->listen, e->listen_count);
		if (e->protocol != service->protocol || !at)
			continue;
		add(m, &srv, owner, "%d 1 %u %s.", service->is_implicit ? 0 : 10, at->port,
		    host_of(m, e));
		is_there = true;
	}
	return is_there;
}

/* A service that is not there is denied, where another one is: else clients guess. Nobody guesses
 * where ManageSieve is. */
static void services_add(struct making *m)
{
	static const struct kind none = { DNS_SRV, false, "it is not offered, and clients know" };
	bool is_there[COUNT_OF(services)], any = false;
	for (size_t i = 0; i < COUNT_OF(services); i++) {
		is_there[i] = service_find(m, &services[i]);
		any = any || is_there[i];
	}
	for (size_t i = 0; any && i < COUNT_OF(services); i++) {
		char owner[PUBLISH_NAME_CAP];
		snprintf(owner, sizeof(owner), "%s._tcp.%s", services[i].label, m->with->domain);
		if (!is_there[i] && services[i].protocol != CONF_SIEVE)
			add(m, &none, owner, "0 0 0 .");
	}
}

/* Where mail programs ask how the account is set up (publish/clients.h). */
static void autoconfig_add(struct making *m)
{
	static const struct kind web = { DNS_A, true, "mail programs ask there for the servers" };
	static const struct kind outlook = { DNS_SRV, false, "Outlook finds autodiscover by it" };
	static const char *const labels[] = { CONF_SITE_AUTOCONFIG, CONF_SITE_AUTODISCOVER };
	const struct conf_edge *edge = conf_site_edge(m->with->settings);
	char owner[PUBLISH_NAME_CAP];
	if (!edge || !conf_autoconfig_find(m->with->settings, m->with->domain))
		return;
	for (size_t i = 0; i < COUNT_OF(labels); i++) {
		snprintf(owner, sizeof(owner), "%s%s", labels[i], m->with->domain);
		add(m, &web, owner, "%s", "");
	}
	snprintf(owner, sizeof(owner), "_autodiscover._tcp.%s", m->with->domain);
	add(m, &outlook, owner, "0 0 %u " CONF_SITE_AUTODISCOVER "%s.", edge->listen_tls[0].port,
	    m->with->domain);
}

int publish_records_make(struct publish_records *ret_records, const struct publish_with *with)
{
	static const struct kind caa = { DNS_CAA, false, "no other CA issues for its names" };
	struct making m = { .records = ret_records, .with = with };
	*ret_records = (struct publish_records){};
	for (size_t i = 0; i < with->settings->edge_count; i++)
		if (with->settings->edges[i].protocol == CONF_SMTP)
			mx_add(&m, &with->settings->edges[i]);
	int r = publish_planned(ret_records, with);
	if (r)
		return err_up(r);
	policies_add(&m);
	services_add(&m);
	autoconfig_add(&m);
	if (with->issuer && ret_records->count)
		add(&m, &caa, with->domain, "0 issue \"%s\"", with->issuer);
	return 0;
}
