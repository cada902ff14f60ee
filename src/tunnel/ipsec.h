/*
 * IPsec for one way: of all policies and SAs those that matter, and what they come to. Pure.
 *
 * A policy is what keeps a packet from going in clear: it is dropped where no SA meets the policy.
 * What comes back must be covered as well, for the backend's answers are mail too.
 */
#ifndef TUNNEL_IPSEC_H
#define TUNNEL_IPSEC_H

#include "tunnel/answer.h"

struct tunnel_ipsec {
	struct tunnel_flow out, in;
	struct tunnel_policy *policies;
	size_t policy_count, policy_cap;
	struct tunnel_sa *sas;
	size_t sa_count, sa_cap;
};

/* route: of the way; if_id: of the link of kind xfrm by which it goes, else 0. */
void tunnel_ipsec_init(struct tunnel_ipsec *ipsec, const struct tunnel_way *way,
                       const struct tunnel_route *route, uint32_t if_id);
void tunnel_ipsec_deinit(struct tunnel_ipsec *ipsec);

/* A message of a dump; what does not matter is not kept. 0 or -ENOMEM. */
[[nodiscard]] int tunnel_ipsec_policy_take(struct tunnel_ipsec *ipsec, struct slice body);
[[nodiscard]] int tunnel_ipsec_sa_take(struct tunnel_ipsec *ipsec, struct slice body);

/* GONE or SEALED. */
void tunnel_ipsec_judge(const struct tunnel_ipsec *ipsec, struct tunnel_verdict *ret_verdict);

#endif
