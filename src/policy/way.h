/*
 * What is known of the way to a domain: its MX hosts, their addresses, their TLSA records, what
 * vouches for each (RFC 5321 5.1, RFC 7672 2.2), and its MTA-STS policy (RFC 8461). Facts only, as
 * ask/ found them; policy/decide.h decides.
 */
#ifndef POLICY_WAY_H
#define POLICY_WAY_H

#include "dns/message.h"
#include "policy/decide.h"
#include "policy/memory.h"

enum {
	POLICY_WAY_HOSTS_MAX = 16, /* of more MX records the first by preference */
	POLICY_WAY_ADDRESSES_MAX = 16,
	POLICY_WAY_NAME_CAP = 256,
	POLICY_WAY_WHY_CAP = 160,
	POLICY_STS_WHY_CAP = 320,
};

struct policy_way_host {
	struct policy_host facts; /* its texts and records are below */
	uint16_t preference;
	char name[POLICY_WAY_NAME_CAP];
	char expanded[POLICY_WAY_NAME_CAP]; /* behind all CNAMEs; the name where there is none */
	char base[POLICY_WAY_NAME_CAP]; /* TLSA base domain and SNI (RFC 7672 2.2.3); "" not asked
	                                 */
	char why[POLICY_WAY_WHY_CAP];   /* of what was bogus or failed, or "" */
	char addresses[POLICY_WAY_ADDRESSES_MAX][DNS_ADDRESS_CAP];
	size_t address_count;
	bool is_alias;
	struct policy_memory memory; /* what it had before; filled in by who remembers */
	size_t tlsa_count;           /* POLICY_TLSA_MAX at most */
	struct policy_tlsa *tlsa;    /* so many, on the heap; policy_way_deinit() */
};

enum policy_way_end {
	POLICY_WAY_HOSTS,     /* hosts to try */
	POLICY_WAY_NO_DOMAIN, /* NXDOMAIN: permanent (5.1.2) */
	POLICY_WAY_NULL_MX,   /* it takes no mail: permanent (5.1.10, RFC 7505) */
	POLICY_WAY_LOST,      /* the MX records are bogus, or could not be looked up: later */
};

struct policy_way {
	char domain[POLICY_WAY_NAME_CAP];
	char expanded[POLICY_WAY_NAME_CAP]; /* whose the MX records are, behind all CNAMEs; "": its
	                                       own, or there are none */
	enum policy_way_end end;
	enum policy_dns mx;
	bool is_implicit; /* no MX record: the domain is its own host (RFC 5321 5.1) */
	char why[POLICY_WAY_WHY_CAP];
	struct policy_way_host *hosts; /* by preference; on the heap */
	size_t host_count;             /* POLICY_WAY_HOSTS_MAX at most */
	size_t left_out; /* MX records over POLICY_WAY_HOSTS_MAX, or that name no host, or that
	                    cannot be read */
};

/* Its hosts, and their records. Twice does no harm. */
void policy_way_deinit(struct policy_way *way);

/* Where we are an MX of the domain ourselves: hosts that are better than us alone may be tried, for
 * those behind would send it back (RFC 5321 5.1). UINT32_MAX: we are none. */
unsigned policy_way_own_preference(const struct policy_way *way, const char *hostname);
/* None is better: the mail would come back (5.4.6). */
bool policy_way_loops(const struct policy_way *way, unsigned own);

enum policy_sts_state {
	POLICY_STS_UNUSED, /* no record: the domain takes no part */
	POLICY_STS_LOST,   /* its record could not be looked up, and no policy is in force */
	POLICY_STS_BROKEN, /* it does, but why says what is wrong; treated as unused, reported */
	POLICY_STS_IN_FORCE,
};

struct policy_sts_facts {
	enum policy_sts_state state;
	char id[POLICY_STS_ID_MAX + 1]; /* of the record, "" if there is none */
	char why[POLICY_STS_WHY_CAP];
	enum policy_report report;
	int64_t cached_until_s; /* Unix time, of one of before; else 0. Workers are not told */
	struct policy_sts policy;
};

/* What decisions about its hosts stand on. Borrows from both. */
void policy_way_domain(struct policy_domain *ret_domain, const struct policy_way *way,
                       const struct policy_sts_facts *sts);

#endif
