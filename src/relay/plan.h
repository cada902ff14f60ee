/*
 * Where mail for a domain may go, in order, and what each place must prove: made once from what
 * the resolver found, for one destination of one transaction. Pure.
 */
#ifndef RELAY_PLAN_H
#define RELAY_PLAN_H

#include "base/buf.h"
#include "policy/outcome.h"
#include "policy/rule.h"
#include "policy/way.h"

struct tls_hops;

enum { RELAY_TARGETS_MAX = 12 }; /* addresses that are tried for one destination */

/* A host that may be tried; those that policy leaves out are not here. */
struct relay_host {
	char name[POLICY_WAY_NAME_CAP];
	char pkix_name[POLICY_WAY_NAME_CAP]; /* to be in a certificate of the CAs; its SNI */
	char base[POLICY_WAY_NAME_CAP]; /* TLSA base domain (RFC 7672 2.2.3); "" without DANE */
	struct policy_decision decision;
	struct policy_memory memory;
	struct policy_tlsa *records; /* those that count */
	size_t record_count;
	char tlsa_domain[POLICY_WAY_NAME_CAP]; /* where it has secure TLSA records; "" */
	struct buf tlsa;                       /* these, as reports quote them */
};

/* The domain's MTA-STS policy for TLS reports, which nobody gets of a route. */
struct relay_quotes {
	bool is_reported;
	bool has_sts;              /* one in force, or one that is broken: */
	enum policy_report report; /* and why */
	struct buf why;
	struct buf sts, sts_mx; /* lines */
};

struct relay_target {
	const struct relay_host *host;
	char address[DNS_ADDRESS_CAP];
};

struct relay_plan {
	char domain[POLICY_WAY_NAME_CAP];
	char expanded[POLICY_WAY_NAME_CAP]; /* policy/way.h */
	bool mx_is_secure;
	uint16_t port;    /* 0: that of all far ends */
	bool is_implicit; /* TLS from the first byte */
	struct relay_host *hosts;
	size_t host_count;
	struct relay_target targets[RELAY_TARGETS_MAX];
	size_t target_count;       /* 0: refusal says why */
	struct buf refusal;        /* a reply, CRLF included */
	enum policy_report report; /* of a host that was left out, if that is all there is */
	bool is_waivable;          /* TLS-Required: No would bring more hosts */
	bool has_left_out;         /* hosts that policy leaves out for now */
	struct relay_quotes quotes;
};

struct relay_plan_settings {
	const char *hostname; /* ours: a domain whose best host that is loops (RFC 5321 5.1) */
	bool requires_tls;    /* RFC 8689: only hosts whose name is proven */
	bool is_waived;       /* policy/decide.h */
	uint64_t chance;      /* shuffles hosts of equal preference */
};

/* plan: zeroed. 0 or -ENOMEM; relay_plan_deinit() in any case. */
[[nodiscard]] int relay_plan_make(struct relay_plan *plan, const struct policy_way *way,
                                  const struct policy_sts_facts *sts,
                                  const struct relay_plan_settings *set);
/* The operator's way to a domain; all is owned by who holds it. */
struct relay_route {
	char domain[POLICY_WAY_NAME_CAP]; /* policy_rule_is_for() */
	char host[POLICY_WAY_NAME_CAP];   /* a name, or an address */
	char name[POLICY_WAY_NAME_CAP];   /* to be in its certificate */
	bool is_address;
	uint16_t port;
	bool is_implicit;
	struct policy_rule rule;
	uint8_t (*pins)[32];
	struct tls_hops *tls, *tls_small; /* of CAs of its own; NULL: those of the relay */
};

/* way: of the route's host; NULL if that is an address. */
[[nodiscard]] int relay_plan_route(struct relay_plan *plan, const char *domain,
                                   const struct relay_route *route, const struct policy_way *way,
                                   const struct relay_plan_settings *set);
void relay_plan_deinit(struct relay_plan *plan);

#endif
