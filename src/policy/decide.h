/*
 * One question: what TLS must a hop to this MX host have? Pure: from what DNS and the domain's
 * MTA-STS policy say to one answer, with the reason. DANE (RFC 7672) and MTA-STS (RFC 8461) both
 * hold where both exist; MTA-STS never overrules a DANE failure (RFC 8461 2).
 */
#ifndef POLICY_DECIDE_H
#define POLICY_DECIDE_H

#include "policy/report.h"
#include "policy/sts.h"
#include "policy/tlsa.h"

/* What vouches for an answer of DNS, one that there is nothing included (RFC 4035 4.3). */
enum policy_dns {
	POLICY_DNS_SECURE,
	POLICY_DNS_INSECURE,
	POLICY_DNS_BOGUS,  /* signatures that do not hold */
	POLICY_DNS_FAILED, /* no answer: never to be taken for "there is none" */
	POLICY_DNS_COUNT
};
const char *policy_dns_name(enum policy_dns status);
/* Nothing is known: neither that there is something nor that there is nothing. */
static inline bool policy_dns_is_lost(enum policy_dns status)
{
	return status == POLICY_DNS_BOGUS || status == POLICY_DNS_FAILED;
}

/* A next hop that the operator wrote down counts as a secure MX record (RFC 7672 2.2.1). */
struct policy_domain {
	const char *name;
	enum policy_dns mx;           /* of the MX records, or of their absence */
	const struct policy_sts *sts; /* in force, cached included; NULL: none */
	bool sts_is_lost;             /* whether there is one could not be looked up */
	bool is_waived; /* the message's sender says TLS-Required: No (RFC 8689 4.2.2): what the
	                   domain asks for does not count */
};

struct policy_host {
	const char *name;        /* of the MX record, or the domain's own */
	enum policy_dns address; /* the worse of A and AAAA, along all CNAMEs; of the one that could
	                            be had, if that has addresses */
	bool has_address;
	enum policy_dns alias; /* of the first CNAME alone; of the address where there is none */
	/* At the base domain that had records, else the last that was asked. Only if was_asked. */
	bool was_asked;
	enum policy_dns tlsa;
	const struct policy_tlsa *records;
	size_t count;
};

/* RFC 7672 2.2.2: TLSA records of a host are asked for only where its name is vouched for. */
bool policy_wants_tlsa(const struct policy_host *host);

enum policy_level {
	POLICY_SKIP,          /* not this host now; the next one, or later */
	POLICY_PLAIN,         /* in clear: an operator's route alone (policy/rule.h) */
	POLICY_OPPORTUNISTIC, /* TLS if it has it */
	POLICY_ENCRYPT,       /* TLS, whoever it is: all TLSA records are unusable (RFC 7672 2.2) */
	POLICY_VERIFY,        /* TLS and a proof of who it is: DANE, PKIX name, or both */
	POLICY_LEVEL_COUNT
};
const char *policy_level_name(enum policy_level level);

struct policy_decision {
	enum policy_level level;
	bool needs_dane; /* a TLSA record that is used must match */
	bool needs_pkix; /* a certificate of the public CAs for the host's name (RFC 8461 4.1) */
	bool tests_pkix; /* mode "testing": the same is tried, and reported, not enforced */
	bool is_authenticated;     /* what it proves holds against forged DNS too */
	enum policy_report report; /* due already */
	const char *why;
	bool is_used[POLICY_TLSA_MAX]; /* of the host's records */
	size_t used_count;
};

void policy_decide(const struct policy_domain *domain, const struct policy_host *host,
                   struct policy_decision *ret_decision);

#endif
