/*
 * How sessions with far ends ended, for TLS reports (RFC 8460): by each policy that held for one.
 * Pure, but for whom it tells.
 */
#ifndef RELAY_OUTCOME_H
#define RELAY_OUTCOME_H

#include "policy/ask.h"
#include "relay/hop.h"
#include "relay/plan.h"

/* A connection that is ready, or failed before it was. */
struct relay_ended {
	const struct relay_plan *plan;
	const struct relay_host *host; /* of the plan */
	const struct relay_hop_facts *facts;
	const char *local; /* our address */
	const char *error; /* why TLS failed; "" */
};

/* Nothing is told where it did not come to TLS or its refusal, or of a route. */
void relay_outcome_hop(struct policy_asker *asker, const struct relay_ended *ended);

/* Hosts that policy leaves out: each that would have been tried before the plan's first target is
 * a session that failed by policy alone; so is a domain whose policies could not be had. */
void relay_outcome_way(struct policy_asker *asker, const struct relay_plan *plan,
                       const struct policy_way *way, const struct policy_sts_facts *sts);

/* Somebody else delivers to the domain and cannot tell that its MTA-STS policy is broken. */
void relay_outcome_broken_sts(struct policy_asker *asker, const char *domain,
                              const struct policy_sts_facts *sts);

#endif
