#include "tunnel/ipsec.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <linux/xfrm.h>
#include <stdio.h>
#include <stdlib.h>

enum fault { NONE, NO_POLICY, CLEAR, BLOCKED, NO_SA, NULL_CIPHER, FAULT_COUNT };

static const struct {
	const char *fact; /* "what goes there" or "what comes back" follows */
	const char *mend;
} faults[] = {
	[NONE] = { "", "" },
	[NO_POLICY] = { "no IPsec policy covers", "give the address a policy that requires "
	                                          "ESP, both ways, or write interface "
	                                          "= \"NAME\"" },
	[CLEAR] = { "an IPsec policy lets pass in clear",
	            "put a policy that requires ESP (level required) before it" },
	[BLOCKED] = { "an IPsec policy blocks", "let it pass, in ESP" },
	[NO_SA] = { "there is no IPsec SA for", "set the connection up at boot and not at "
	                                        "the first packet, and see why it is not "
	                                        "up (strongSwan: start_action = start)" },
	[NULL_CIPHER] = { "an IPsec SA encrypts nothing of",
	                  "choose a proposal with a cipher, such as aes256gcm16" },
};
_Static_assert(COUNT_OF(faults) == FAULT_COUNT, "a fault without words");

void tunnel_ipsec_init(struct tunnel_ipsec *ipsec, const struct tunnel_way *way,
                       const struct tunnel_route *route, uint32_t if_id)
{
	*ipsec = (struct tunnel_ipsec){
		.out = { .from = route->source,
		         .to = way->to,
		         .to_port = way->port,
		         .if_id = if_id },
		.in = { .from = way->to,
		        .to = route->source,
		        .from_port = way->port,
		        .if_id = if_id },
	};
}

void tunnel_ipsec_deinit(struct tunnel_ipsec *ipsec)
{
	free(ipsec->policies);
	free(ipsec->sas);
	*ipsec = (struct tunnel_ipsec){};
}

/* The same items, with room for one more. NULL: there is none. */
static void *grow(void *items, size_t count, size_t *cap, size_t size)
{
	if (count < *cap)
		return items;
	size_t more = *cap ? 2 * *cap : 16;
	void *bigger = reallocarray(items, more, size);
	if (bigger)
		*cap = more;
	return bigger;
}

int tunnel_ipsec_policy_take(struct tunnel_ipsec *ipsec, struct slice body)
{
	struct tunnel_policy p;
	if (!tunnel_policy_read(body, &ipsec->out, &p))
		return 0;
	if (p.dir == XFRM_POLICY_IN)
		(void)tunnel_policy_read(body, &ipsec->in, &p);
	if (p.match == TUNNEL_MATCH_NOT || (p.dir != XFRM_POLICY_OUT && p.dir != XFRM_POLICY_IN))
		return 0;
	struct tunnel_policy *room =
		grow(ipsec->policies, ipsec->policy_count, &ipsec->policy_cap, sizeof(p));
	if (!room)
		return err_raise(-ENOMEM);
	ipsec->policies = room;
	room[ipsec->policy_count++] = p;
	return 0;
}

int tunnel_ipsec_sa_take(struct tunnel_ipsec *ipsec, struct slice body)
{
	struct tunnel_sa sa;
	if (!tunnel_sa_read(body, &sa) || !sa.is_esp || !sa.has_cipher ||
	    sa.if_id != ipsec->out.if_id)
		return 0;
	struct tunnel_sa *room = grow(ipsec->sas, ipsec->sa_count, &ipsec->sa_cap, sizeof(sa));
	if (!room)
		return err_raise(-ENOMEM);
	ipsec->sas = room;
	room[ipsec->sa_count++] = sa;
	return 0;
}

/* The one that decides over a packet, as far as it is known: NULL where none surely matches. */
static const struct tunnel_policy *policy_first(const struct tunnel_ipsec *ipsec, uint8_t dir)
{
	const struct tunnel_policy *first = NULL;
	for (size_t i = 0; i < ipsec->policy_count; i++) {
		const struct tunnel_policy *p = &ipsec->policies[i];
		if (p->dir == dir && p->match == TUNNEL_MATCH &&
		    (!first || p->priority < first->priority))
			first = p;
	}
	return first;
}

/* One that may come before it, or has the same rank. */
static bool may_pass_clear(const struct tunnel_ipsec *ipsec, const struct tunnel_policy *first)
{
	for (size_t i = 0; i < ipsec->policy_count; i++) {
		const struct tunnel_policy *p = &ipsec->policies[i];
		if (p->dir == first->dir && p->priority <= first->priority && !p->is_block &&
		    !p->has_esp)
			return true;
	}
	return false;
}

static enum fault sas_fault(const struct tunnel_ipsec *ipsec, const struct tunnel_policy *p,
                            const struct tunnel_flow *flow)
{
	const struct tunnel_ip *to = p->is_transport ? &flow->to : &p->to;
	bool is_there = false;
	for (size_t i = 0; i < ipsec->sa_count; i++) {
		const struct tunnel_sa *sa = &ipsec->sas[i];
		if (!tunnel_ip_equal(&sa->to, to) || sa->is_transport != p->is_transport ||
		    (p->reqid && sa->reqid != p->reqid))
			continue;
		if (sa->is_null)
			return NULL_CIPHER;
		is_there = true;
	}
	return is_there ? NONE : NO_SA;
}

static enum fault way_fault(const struct tunnel_ipsec *ipsec, uint8_t dir,
                            const struct tunnel_flow *flow)
{
	const struct tunnel_policy *first = policy_first(ipsec, dir);
	if (!first)
		return NO_POLICY;
	if (may_pass_clear(ipsec, first))
		return CLEAR;
	return first->is_block ? BLOCKED : sas_fault(ipsec, first, flow);
}

void tunnel_ipsec_judge(const struct tunnel_ipsec *ipsec, struct tunnel_verdict *ret_verdict)
{
	const char *which = "goes there";
	enum fault fault = way_fault(ipsec, XFRM_POLICY_OUT, &ipsec->out);
	if (!fault) {
		which = "comes back";
		fault = way_fault(ipsec, XFRM_POLICY_IN, &ipsec->in);
	}
	*ret_verdict = (struct tunnel_verdict){ .state = fault ? TUNNEL_GONE : TUNNEL_SEALED,
		                                .fact = "IPsec: policies and SAs" };
	if (!fault)
		return;
	snprintf(ret_verdict->fact, sizeof(ret_verdict->fact), "%s what %s", faults[fault].fact,
	         which);
	snprintf(ret_verdict->mend, sizeof(ret_verdict->mend), "%s", faults[fault].mend);
}
