#include "policy/decide.h"

#include "base/clean.h"

static const char *const dns_names[] = {
	[POLICY_DNS_SECURE] = "secure",
	[POLICY_DNS_INSECURE] = "insecure",
	[POLICY_DNS_BOGUS] = "bogus",
	[POLICY_DNS_FAILED] = "failed",
};
_Static_assert(COUNT_OF(dns_names) == POLICY_DNS_COUNT, "a status without a name");

static const char *const level_names[] = {
	[POLICY_SKIP] = "skip",
	[POLICY_PLAIN] = "plain",
	[POLICY_OPPORTUNISTIC] = "opportunistic",
	[POLICY_ENCRYPT] = "encrypt",
	[POLICY_VERIFY] = "verify",
};
_Static_assert(COUNT_OF(level_names) == POLICY_LEVEL_COUNT, "a level without a name");

const char *policy_dns_name(enum policy_dns status)
{
	return dns_names[status];
}

const char *policy_level_name(enum policy_level level)
{
	return level_names[level];
}

bool policy_wants_tlsa(const struct policy_host *host)
{
	return !policy_dns_is_lost(host->address) && host->has_address &&
	       (host->address == POLICY_DNS_SECURE || host->alias == POLICY_DNS_SECURE);
}

static void skip(struct policy_decision *d, enum policy_report report, const char *why)
{
	*d = (struct policy_decision){ .level = POLICY_SKIP, .report = report, .why = why };
}

/* RFC 7672 2.1.1 to 2.2.3: lookups that failed. True: this host is out. */
static bool is_unreachable(const struct policy_domain *domain, const struct policy_host *host,
                           struct policy_decision *d)
{
	if (domain->mx == POLICY_DNS_BOGUS)
		skip(d, POLICY_REPORT_DNSSEC_INVALID, "the MX records' signatures do not hold");
	else if (domain->mx == POLICY_DNS_FAILED)
		skip(d, POLICY_REPORT_NONE, "the MX records could not be looked up");
	else if (host->address == POLICY_DNS_BOGUS)
		skip(d, POLICY_REPORT_DNSSEC_INVALID,
		     "the signatures of its addresses do not hold");
	else if (host->address == POLICY_DNS_FAILED)
		skip(d, POLICY_REPORT_NONE, "its addresses could not be looked up");
	else if (!host->has_address)
		skip(d, POLICY_REPORT_NONE, "it has no address");
	else if (domain->is_waived)
		return false;
	else if (host->was_asked && host->tlsa == POLICY_DNS_BOGUS)
		skip(d, POLICY_REPORT_DNSSEC_INVALID,
		     "the signatures of its TLSA records do not hold");
	else if (host->was_asked && host->tlsa == POLICY_DNS_FAILED)
		skip(d, POLICY_REPORT_TLSA_INVALID,
		     "its TLSA records could not be looked up, which is not the "
		     "same as none (RFC 7672 2.1.2)");
	else
		return false;
	return true;
}

static void take_dane(const struct policy_domain *domain, const struct policy_host *host,
                      struct policy_decision *d)
{
	if (!host->was_asked || host->tlsa != POLICY_DNS_SECURE || !host->count)
		return;
	d->used_count = policy_tlsa_choose(host->records, host->count, d->is_used);
	if (!d->used_count) {
		d->level = POLICY_ENCRYPT;
		d->report = POLICY_REPORT_TLSA_INVALID;
		d->why = "it has TLSA records, none of them usable: TLS without proof, never none "
			 "(RFC 7672 2.2)";
		return;
	}
	d->level = POLICY_VERIFY;
	d->needs_dane = true;
	d->is_authenticated = domain->mx == POLICY_DNS_SECURE;
	d->why = d->is_authenticated
	                 ? "DANE: the MX record and the host's TLSA records are secure"
	                 : "DANE for the host, whose TLSA records are secure; that it is the "
	                   "domain's MX nothing vouches for (RFC 7672 2.2.1)";
}

/* Who can make a lookup fail must not make a policy vanish. DANE needs no other proof, but of a
 * host that no secure MX record names it proves nothing of the domain (RFC 7672 2.2.1). */
static void take_lost_sts(const struct policy_domain *domain, struct policy_decision *d)
{
	if (domain->sts_is_lost && !d->is_authenticated)
		skip(d, POLICY_REPORT_NONE,
		     "whether the domain has an MTA-STS policy could not be looked up, which is "
		     "not the same as none");
}

static void take_sts(const struct policy_domain *domain, const struct policy_host *host,
                     struct policy_decision *d)
{
	const struct policy_sts *sts = domain->sts;
	if (!sts || sts->mode == POLICY_STS_NONE)
		return;
	bool is_named = policy_sts_has_mx(sts, host->name);
	if (sts->mode == POLICY_STS_TESTING) {
		d->tests_pkix = true;
		if (!is_named)
			d->report = POLICY_REPORT_VALIDATION_FAILURE;
		if (d->level == POLICY_OPPORTUNISTIC)
			d->why = "MTA-STS in mode testing: tried and reported, mail goes in any "
				 "case";
		return;
	}
	if (!is_named) {
		skip(d, POLICY_REPORT_VALIDATION_FAILURE,
		     "the domain's MTA-STS policy does not name this host (RFC 8461 4.1)");
		return;
	}
	d->why = d->needs_dane
	                 ? "DANE and MTA-STS in mode enforce: both have to hold"
	                 : "MTA-STS in mode enforce: a public certificate for the host's name";
	d->level = POLICY_VERIFY;
	d->needs_pkix = true;
	d->is_authenticated = true;
}

void policy_decide(const struct policy_domain *domain, const struct policy_host *host,
                   struct policy_decision *ret_decision)
{
	*ret_decision = (struct policy_decision){
		.level = POLICY_OPPORTUNISTIC,
		.why = "no DANE, no MTA-STS: TLS if the host has it",
	};
	if (is_unreachable(domain, host, ret_decision))
		return;
	if (domain->is_waived) {
		ret_decision->why = "the sender says TLS-Required: No (RFC 8689 3)";
		return;
	}
	take_dane(domain, host, ret_decision);
	take_sts(domain, host, ret_decision);
	take_lost_sts(domain, ret_decision);
}
