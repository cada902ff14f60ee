#include "up/published.h"

#include "base/clean.h"
#include "base/err.h"
#include "dns/idn.h"
#include "policy/tlsa.h"
#include "servers/reader.h"
#include "tls/shown.h"
#include "up/plan_inside.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

/* --- domains --- */

bool up_domains_add(struct up_domains *domains, struct servers *servers, struct slice name)
{
	char text[DNS_IDN_CAP];
	if (!dns_idn_take(name, text))
		return false;
	for (size_t i = 0; i < domains->count; i++)
		if (!strcmp(domains->names[i], text))
			return true;
	if (domains->count == UP_DOMAINS_MAX)
		return false;
	const char *copy = servers_text_str(servers, text);
	if (copy)
		domains->names[domains->count++] = copy;
	return copy;
}

static bool is_table(const char *word)
{
	return strchr(word, ':') || strchr(word, '/');
}

static int words_take(struct up_domains *domains, struct up_planning *p, const char *setting,
                      const char *list)
{
	const char *word = NULL;
	size_t len = 0;
	while (servers_word_next(&list, &word, &len)) {
		const char *name = servers_text(p->facts->servers, slice_of(word, len));
		if (!name)
			return err_raise(-ENOMEM);
		if (is_table(name)) {
			int r = up_note(p,
			                "what DNS says of the domains in %s (%s) is not looked up: "
			                "name them with --domain",
			                name, setting);
			if (r)
				return err_up(r);
			continue;
		}
		if (strchr(name, '.') && strncasecmp(name, "localhost.", 10) != 0)
			(void)up_domains_add(domains, p->facts->servers, slice_of(word, len));
	}
	return 0;
}

int up_domains_find(struct up_domains *ret_domains, struct up_plan *plan, struct servers *servers)
{
	static const char *const settings[] = { "mydestination", "virtual_mailbox_domains",
		                                "virtual_alias_domains", "relay_domains" };
	const struct up_facts facts = { .servers = servers };
	struct up_planning p = { plan, &facts };
	const struct servers_server *last = NULL;
	int r = 0;
	for (size_t i = 0; i < plan->edge_count && !r; i++) {
		const struct servers_server *server = plan->edges[i].server;
		if (server->kind != SERVERS_POSTFIX || server == last)
			continue;
		last = server;
		for (size_t j = 0; j < COUNT_OF(settings) && !r; j++)
			r = words_take(ret_domains, &p, settings[j],
			               servers_value(server->top, settings[j]));
	}
	return err_up(r);
}

/* --- certificates that a host's clients see --- */

struct looking {
	struct up_planning p;
	const struct up_published *with;
	const struct policy_way *way;
	const struct policy_way_host *host;
};

static struct tls_shown shown_of(const struct looking *l, size_t certificate, const char *name)
{
	return (struct tls_shown){ buf_slice(&l->with->chains[certificate]), name };
}

static bool has_name(const struct looking *l, size_t certificate, const char *name)
{
	const struct tls_shown shown = shown_of(l, certificate, name);
	bool has = false;
	return !tls_shown_has_name(&shown, &has) && has;
}

static const struct up_edge *exchange_edge(const struct up_plan *plan)
{
	for (size_t i = 0; i < plan->edge_count; i++)
		for (size_t j = 0; j < plan->edges[i].door_count; j++)
			if (plan->edges[i].doors[j].port == 25)
				return &plan->edges[i];
	return NULL;
}

/* By the name that the client says (SNI); without one the default. Returns how many. */
static size_t seen_certificates(const struct looking *l, const struct up_edge *edge,
                                size_t ret_seen[UP_CERTIFICATES_MAX])
{
	size_t count = 0;
	for (size_t i = 0; i < edge->certificate_count; i++)
		if (has_name(l, edge->certificates[i], l->host->name))
			ret_seen[count++] = edge->certificates[i];
	if (!count && edge->certificate_count)
		ret_seen[count++] = edge->certificates[0];
	return count;
}

static bool is_own_host(const struct looking *l, const struct up_edge *edge)
{
	const struct up_plan *plan = l->p.plan;
	if (plan->hostname && !strcasecmp(plan->hostname, l->host->name))
		return true;
	for (size_t i = 0; i < edge->certificate_count; i++)
		if (has_name(l, edge->certificates[i], l->host->name))
			return true;
	for (size_t i = 0; i < l->host->address_count; i++)
		for (size_t j = 0; j < l->with->address_count; j++)
			if (!strcmp(l->host->addresses[i], l->with->addresses[j]))
				return true;
	return false;
}

/* --- TLSA --- */

static int tlsa_refuse(const struct looking *l, size_t certificate)
{
	struct up_planning p = l->p;
	char record[TLS_SHOWN_TLSA_CAP];
	if (tls_shown_tlsa(buf_slice(&l->with->chains[certificate]), record))
		return up_refuse(&p, "%s: no certificate can be read there",
		                 p.plan->certificates[certificate].chain);
	return up_refuse(
		&p,
		"no TLSA record at _25._tcp.%s matches %s, which mailseal would show as the "
		"server does now: senders that check DANE would keep their mail. Publish "
		"\"%s\" beside those that are there, wait until the old answer has expired, "
		"and try again",
		l->host->base, p.plan->certificates[certificate].chain, record);
}

static int certificate_tlsa(const struct looking *l, size_t certificate,
                            const struct tls_record *records, size_t count)
{
	const struct tls_shown shown = shown_of(l, certificate, l->host->name);
	bool is = false;
	int r = tls_shown_matches(&shown, records, count, &is);
	if (r < 0)
		return err_up(r);
	return is ? 0 : tlsa_refuse(l, certificate);
}

static size_t records_choose(const struct policy_way_host *host,
                             struct tls_record ret_records[POLICY_TLSA_MAX])
{
	bool is_used[POLICY_TLSA_MAX] = {};
	size_t count = 0;
	(void)policy_tlsa_choose(host->tlsa, host->tlsa_count, is_used);
	for (size_t i = 0; i < host->tlsa_count; i++) {
		const struct policy_tlsa *t = &host->tlsa[i];
		if (is_used[i])
			ret_records[count++] =
				(struct tls_record){ t->usage, t->selector, t->matching,
				                     slice_of(t->data, t->len) };
	}
	return count;
}

static int host_tlsa(const struct looking *l, const size_t *seen, size_t count)
{
	const struct policy_way_host *host = l->host;
	struct up_planning p = l->p;
	struct tls_record records[POLICY_TLSA_MAX];
	if (!host->facts.was_asked)
		return 0;
	if (policy_dns_is_lost(host->facts.tlsa))
		return up_refuse(&p,
		                 "the TLSA records at _25._tcp.%s could not be looked up (%s): try "
		                 "again, or --no-dns if you know that they match",
		                 host->base, host->why);
	size_t record_count = records_choose(host, records);
	if (host->facts.tlsa != POLICY_DNS_SECURE || !record_count)
		return 0;
	if (!count)
		return up_refuse(&p,
		                 "there are TLSA records at _25._tcp.%s, and Postfix has no "
		                 "certificate for port 25",
		                 host->base);
	int r = 0;
	for (size_t i = 0; i < count && !r; i++)
		r = certificate_tlsa(l, seen[i], records, record_count);
	return err_up(r);
}

/* --- MTA-STS --- */

static const char *pkix_words(enum tls_proof_result result)
{
	switch (result) {
	case TLS_PROOF_NOT_TRUSTED:
		return "no public CA vouches for it";
	case TLS_PROOF_WRONG_NAME:
		return "it has not the host's name";
	case TLS_PROOF_EXPIRED:
		return "it has expired";
	case TLS_PROOF_HOLDS:
	case TLS_PROOF_NOT_ASKED:
	case TLS_PROOF_INVALID:
	case TLS_PROOF_RESULT_COUNT:
		break;
	}
	return "it does not verify";
}

/* A policy that is only tested keeps no mail away. */
static int sts_complain(const struct looking *l, const struct policy_sts_facts *sts,
                        const char *what, const char *why)
{
	struct up_planning p = l->p;
	if (sts->policy.mode == POLICY_STS_ENFORCE)
		return up_refuse(
			&p,
			"the MTA-STS policy of %s is enforced, and %s would not meet it: %s. "
			"Senders would keep their mail: mend that first, or publish mode "
			"\"none\"",
			l->way->domain, what, why);
	return up_note(&p, "the MTA-STS policy of %s (testing) is not met by %s: %s",
	               l->way->domain, what, why);
}

static int certificate_sts(const struct looking *l, const struct policy_sts_facts *sts,
                           size_t certificate)
{
	const struct tls_shown shown = shown_of(l, certificate, l->host->name);
	enum tls_proof_result result = TLS_PROOF_INVALID;
	int r = tls_shown_pkix(&shown, l->with->ca_pem, l->with->now, &result);
	if (r < 0)
		return err_up(r);
	if (!r && result == TLS_PROOF_HOLDS)
		return 0;
	return sts_complain(l, sts, l->p.plan->certificates[certificate].chain, pkix_words(result));
}

static int host_sts(const struct looking *l, const struct policy_sts_facts *sts, const size_t *seen,
                    size_t count)
{
	int r = 0;
	if (sts->state != POLICY_STS_IN_FORCE || sts->policy.mode == POLICY_STS_NONE)
		return 0;
	if (!policy_sts_has_mx(&sts->policy, l->host->name))
		r = sts_complain(l, sts, l->host->name, "none of its mx patterns is for it");
	if (!r && !count)
		r = sts_complain(l, sts, l->host->name, "Postfix has no certificate for port 25");
	for (size_t i = 0; i < count && !r; i++)
		r = certificate_sts(l, sts, seen[i]);
	return err_up(r);
}

/* --- a domain --- */

static int host_check(const struct looking *l, const struct up_edge *edge,
                      const struct policy_sts_facts *sts)
{
	size_t seen[UP_CERTIFICATES_MAX];
	if (!is_own_host(l, edge))
		return 0;
	size_t count = seen_certificates(l, edge, seen);
	int r = host_tlsa(l, seen, count);
	return r ? err_up(r) : host_sts(l, sts, seen, count);
}

int up_published_check(struct up_plan *plan, const struct up_published *with,
                       const struct policy_way *way, const struct policy_sts_facts *sts)
{
	const struct up_facts facts = { .servers = with->texts };
	const struct up_edge *edge = exchange_edge(plan);
	struct looking l = { .p = { plan, &facts }, .with = with, .way = way };
	int r = 0;
	if (!edge)
		return 0;
	if (way->end == POLICY_WAY_LOST)
		return up_refuse(&l.p,
		                 "what %s has published could not be looked up (%s): try again, or "
		                 "--no-dns if you know that it fits",
		                 way->domain, way->why);
	if (way->end == POLICY_WAY_HOSTS && sts->state == POLICY_STS_LOST)
		r = up_refuse(&l.p,
		              "whether %s has an MTA-STS policy could not be looked up (%s): try "
		              "again, or --no-dns if you know that it fits",
		              way->domain, sts->why);
	for (size_t i = 0; i < way->host_count && !r; i++) {
		l.host = &way->hosts[i];
		r = host_check(&l, edge, sts);
	}
	return err_up(r);
}
