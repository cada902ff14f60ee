/* A: names and DNS. */
#include "check/judge_caa.h"
#include "check/judge_rules.h"

#include <stdio.h>

enum { NSEC3_ITERATIONS_MAX = 150 };

/* --- A1, A3: where the mail goes --- */

static void hosts_resolve(const struct policy_way *way, struct ruling *r)
{
	char without[CHECK_TEXT_CAP] = "";
	size_t with = 0;
	for (size_t i = 0; i < way->host_count; i++)
		if (way->hosts[i].facts.has_address)
			with++;
		else
			check_judge_list_add(without, sizeof(without), "%s%s%s", way->hosts[i].name,
			                     way->hosts[i].why[0] ? ": " : "", way->hosts[i].why);
	if (!with)
		check_judge_say(r, CHECK_FAIL, "no MX host has an address: %s", without);
	else if (without[0])
		check_judge_say(r, CHECK_WARN, "without an address: %s", without);
	else
		check_judge_say(r, CHECK_PASS, "every %s has an address",
		                way->is_implicit ? "host (the domain's own)" : "MX host");
}

static void a1(struct check_judge *j)
{
	const struct policy_way *way = &j->domain->way;
	struct ruling r = {};
	if (j->domain->why[0])
		check_judge_say(&r, CHECK_NOT_TESTED, "%s", j->domain->why);
	else
		switch (way->end) {
		case POLICY_WAY_NULL_MX:
			check_judge_say(&r, CHECK_NOT_APPLICABLE,
			                "the domain takes no mail (null MX)");
			break;
		case POLICY_WAY_NO_DOMAIN:
			check_judge_say(&r, CHECK_FAIL, "there is no such domain");
			break;
		case POLICY_WAY_LOST:
			check_judge_say(&r, CHECK_NOT_TESTED, "the MX records could not be had: %s",
			                way->why);
			break;
		case POLICY_WAY_HOSTS:
			hosts_resolve(way, &r);
			break;
		}
	check_judge_add(j, "A1", j->domain->name, &r);
}

static void a3(struct check_judge *j)
{
	struct ruling r = {};
	if (j->domain->null_mx_is_not_alone)
		check_judge_say(&r, CHECK_FAIL, "a null MX beside other MX records (RFC 7505 3)");
	else if (j->domain->way.end == POLICY_WAY_NULL_MX)
		check_judge_say(&r, CHECK_INFO, "null MX: the domain takes no mail, and says so");
	else
		check_judge_say(&r, CHECK_PASS, "no null MX");
	check_judge_add(j, "A3", j->domain->name, &r);
}

/* --- A5 to A8: DNSSEC --- */

static bool has_tlsa(const struct check_domain *d)
{
	for (size_t i = 0; i < d->way.host_count; i++)
		if (d->way.hosts[i].facts.count)
			return true;
	return false;
}

struct signing {
	enum policy_dns status;
	const char *what;
	bool has_tlsa;   /* there are TLSA records, which need it */
	bool is_advised; /* the profile wants it all the same */
};

static void dnssec_say(const struct signing *s, struct ruling *r)
{
	const char *what = s->what;
	bool is_wanted = s->has_tlsa || s->is_advised;
	switch (s->status) {
	case POLICY_DNS_SECURE:
		check_judge_say(r, CHECK_PASS, "%s signed, and the signatures hold", what);
		return;
	case POLICY_DNS_INSECURE:
		check_judge_say(r, is_wanted ? CHECK_WARN : CHECK_INFO, "%s not signed%s", what,
		                s->has_tlsa ? ": the TLSA records are for nothing" : "");
		return;
	case POLICY_DNS_BOGUS:
		check_judge_say(r, CHECK_FAIL, "%s signed, and the signatures do not hold", what);
		return;
	case POLICY_DNS_FAILED:
	case POLICY_DNS_COUNT:
		break;
	}
	check_judge_say(r, CHECK_NOT_TESTED, "%s not to be had", what);
}

static void a5(struct check_judge *j)
{
	const struct check_domain *d = j->domain;
	struct ruling r = {};
	dnssec_say(&(struct signing){ d->way.mx, "the MX records are", has_tlsa(d),
	                              j->profile->wants_dane },
	           &r);
	check_judge_add(j, "A5", d->name, &r);
}

static void a8(struct check_judge *j)
{
	int iterations = j->domain->nsec3_iterations;
	struct ruling r = {};
	if (iterations < 0)
		return;
	if (!iterations)
		check_judge_say(&r, CHECK_PASS, "NSEC3 without extra iterations");
	else if (iterations <= NSEC3_ITERATIONS_MAX)
		check_judge_say(&r, CHECK_WARN, "%d extra iterations of NSEC3", iterations);
	else
		check_judge_say(
			&r, CHECK_FAIL,
			"%d extra iterations of NSEC3: resolvers take the zone for unsigned",
			iterations);
	check_judge_add(j, "A8", j->domain->name, &r);
}

/* --- of an MX host --- */

static void a2(struct check_judge *j, const struct check_host *host)
{
	struct ruling r = {};
	if (host->is_literal)
		check_judge_say(&r, CHECK_FAIL, "an address in place of a name");
	else if (host->is_single_label)
		check_judge_say(&r, CHECK_FAIL, "a name of one label");
	else if (host->address_is_private)
		check_judge_say(&r, j->domain->is_mine ? CHECK_INFO : CHECK_FAIL,
		                "an address that the internet does not reach: %s",
		                host->private_address);
	else if (host->is_alias)
		check_judge_say(&r, CHECK_WARN, "an alias (CNAME)");
	else
		check_judge_say(&r, CHECK_PASS, "a name with public addresses");
	check_judge_add(j, "A2", host->name, &r);
}

static void a6(struct check_judge *j, const struct policy_way_host *mx)
{
	struct ruling r = {};
	dnssec_say(&(struct signing){ mx->facts.address, "its addresses are", mx->facts.count > 0,
	                              j->profile->wants_dane },
	           &r);
	check_judge_add(j, "A6", mx->name, &r);
}

/* Senders with DANE put the question only where the addresses are signed (RFC 7672 2.2). */
static void a7(struct check_judge *j, const struct check_host *host)
{
	bool is_lost =
		policy_dns_is_lost(host->tlsa_probe) || policy_dns_is_lost(host->tlsa_name_probe);
	struct ruling r = {};
	if (!host->tlsa_was_asked)
		return;
	if (!is_lost)
		check_judge_say(&r, CHECK_PASS, "questions below its name are answered");
	else if (host->address == POLICY_DNS_SECURE)
		check_judge_say(&r, CHECK_FAIL, "_25._tcp.%s: %s: senders with DANE do not deliver",
		                host->name, host->tlsa_why);
	else
		check_judge_say(&r, CHECK_WARN, "_25._tcp.%s: %s", host->name, host->tlsa_why);
	check_judge_add(j, "A7", host->name, &r);
}

/* --- A9: which CA may --- */

/* The certificate of the host that a CA vouches for. NULL: none was seen. */
static const struct check_certificate *certificate_of(const struct check_domain *d,
                                                      const char *host)
{
	for (unsigned i = 0; i < d->endpoint_count; i++) {
		const struct check_endpoint *e = d->endpoints[i];
		if (e->has_chain && e->chain.pkix == TLS_PROOF_HOLDS && !strcmp(e->host, host))
			return &e->chain;
	}
	return NULL;
}

static void caa_say(const struct check_txt *caa, const struct check_certificate *c,
                    struct ruling *r)
{
	if (!caa->count && policy_dns_is_lost(caa->status)) {
		check_judge_say(r, CHECK_NOT_TESTED, "the CAA records could not be had");
		return;
	}
	if (!caa->count) {
		check_judge_say(r, CHECK_INFO, "no CAA records: any CA may issue");
		return;
	}
	if (!c) {
		check_judge_say(r, CHECK_PASS, "CAA: %s", caa->text);
		return;
	}
	switch (check_judge_caa(caa->text, c->issuer)) {
	case CHECK_JUDGE_CAA_ALLOWS:
		check_judge_say(r, CHECK_PASS, "CAA allows %s", c->issuer);
		break;
	case CHECK_JUDGE_CAA_FORBIDS:
		check_judge_say(r, CHECK_WARN, "CAA (%s) forbids %s: the next renewal fails",
		                caa->text, c->issuer);
		break;
	case CHECK_JUDGE_CAA_UNKNOWN:
		check_judge_say(r, CHECK_INFO, "CAA: %s; which of these %s is, is not known here",
		                caa->text, c->issuer);
		break;
	}
}

static void a9(struct check_judge *j, const struct check_host *host)
{
	struct ruling r = {};
	if (!host->caa_is_asked)
		return;
	caa_say(&host->caa, certificate_of(j->domain, host->name), &r);
	check_judge_add(j, "A9", host->name, &r);
}

/* --- A12: what clients are told --- */

static void a12(struct check_judge *j, const struct check_autoconfig *a)
{
	struct ruling r = {};
	if (a->is_there == CHECK_NO)
		return;
	if (a->is_there == CHECK_UNKNOWN)
		check_judge_say(&r, CHECK_NOT_TESTED, "it could not be had: %s", a->why);
	else if (a->names_clear)
		check_judge_say(&r, CHECK_FAIL, "it sends users where there is no TLS: %s",
		                a->clear);
	else if (!a->by_https)
		check_judge_say(&r, CHECK_WARN,
		                "by http: who sits on the way can send users anywhere");
	else if (!a->is_trusted)
		check_judge_say(&r, CHECK_WARN, "by https, but its certificate is bad: %s", a->why);
	else
		check_judge_say(&r, CHECK_PASS, "by https, and it names places with TLS alone");
	check_judge_add(j, "A12", a->url, &r);
}

void check_judge_dns(struct check_judge *j)
{
	const struct check_domain *d = j->domain;
	bool has_mail = d->way.end == POLICY_WAY_HOSTS;
	a1(j);
	if (!d->why[0] && d->way.end != POLICY_WAY_LOST && d->way.end != POLICY_WAY_NO_DOMAIN)
		a3(j);
	/* Bogus, they are not had at all: nobody who validates delivers. */
	if (has_mail || d->way.mx == POLICY_DNS_BOGUS)
		a5(j);
	for (size_t i = 0; has_mail && i < d->way.host_count; i++)
		a6(j, &d->way.hosts[i]);
	for (unsigned i = 0; i < d->host_count; i++) {
		if (d->hosts[i].is_mx) {
			a2(j, &d->hosts[i]);
			a7(j, &d->hosts[i]);
		}
		a9(j, &d->hosts[i]);
	}
	a8(j);
	for (unsigned i = 0; i < d->autoconfig_count; i++)
		a12(j, &d->autoconfig[i]);
}
