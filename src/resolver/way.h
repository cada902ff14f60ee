/*
 * What DNS says about the way to a domain: its MX hosts, their addresses, their TLSA records, and
 * what vouches for each (RFC 5321 5.1, RFC 7672 2.2). Facts only; policy/ decides.
 */
#ifndef RESOLVER_WAY_H
#define RESOLVER_WAY_H

#include "policy/decide.h"
#include "resolver/lookup.h"

enum {
	WAY_HOSTS_MAX = 16, /* of more MX records the first by preference */
	WAY_ADDRESSES_MAX = 16,
	WAY_NAME_CAP = 256,
	WAY_WHY_CAP = 160,
};

struct way_host {
	struct policy_host facts; /* its texts and records are below */
	uint16_t preference;
	char name[WAY_NAME_CAP];
	char expanded[WAY_NAME_CAP]; /* behind all CNAMEs; the name where there is none */
	char base[WAY_NAME_CAP];     /* TLSA base domain and SNI (RFC 7672 2.2.3); "" not asked */
	char why[WAY_WHY_CAP];       /* of what was bogus or failed, or "" */
	char addresses[WAY_ADDRESSES_MAX][DNS_ADDRESS_CAP];
	size_t address_count;
	bool is_alias;
	size_t tlsa_count;
	struct policy_tlsa tlsa[POLICY_TLSA_MAX];
};

enum way_end {
	WAY_HOSTS,     /* hosts to try */
	WAY_NO_DOMAIN, /* NXDOMAIN: permanent (5.1.2) */
	WAY_NULL_MX,   /* it takes no mail: permanent (5.1.10, RFC 7505) */
	WAY_LOST,      /* the MX records are bogus, or could not be looked up: later */
};

struct way_facts {
	char domain[WAY_NAME_CAP];
	enum way_end end;
	enum policy_dns mx;
	bool is_implicit; /* no MX record: the domain is its own host (RFC 5321 5.1) */
	char why[WAY_WHY_CAP];
	struct way_host *hosts; /* by preference */
	size_t host_count;
	size_t left_out; /* MX records over WAY_HOSTS_MAX, or that name no host */
};

struct way;
/* facts are way's; it may be freed from inside. */
typedef void way_fn(void *owner, const struct way_facts *facts);

/* domain: dns_name_is_host(). fn is called once, in a later turn, unless it is freed before. */
[[nodiscard]] int way_new(struct way **ret_way, struct lookup *lookup, const char *domain,
                          way_fn *fn, void *owner);
void way_free(struct way *w);

#endif
