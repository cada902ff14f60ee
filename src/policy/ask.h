/*
 * How the way to a domain is asked for from within a worker: by messages to resolver, which
 * worker/ sends and capabilities know nothing of.
 */
#ifndef POLICY_ASK_H
#define POLICY_ASK_H

#include "policy/host.h"
#include "policy/outcome.h"
#include "policy/place.h"
#include "policy/way.h"

/* Embedded in who asks. All else is the asker's. */
struct policy_question {
	struct policy_question *next, *prev;
	uint32_t number;
	char domain[POLICY_WAY_NAME_CAP]; /* dns_name_is_host() */
	bool is_host; /* that the operator named: no MX, no policy of it (RFC 7672 2.2.1) */
	/* Once, in a later turn, unless it is cancelled before. Both are borrowed. There is no
	 * deadline but the owner's: resolver may be away. */
	void (*fn)(struct policy_question *q, const struct policy_way *way,
	           const struct policy_sts_facts *sts);
};

struct policy_asker {
	void (*ask)(struct policy_asker *a, struct policy_question *q);
	/* For those who remember: what a hop met. Both are copied. */
	void (*note)(struct policy_asker *a, const char *domain, const char *mx,
	             enum policy_seen seen);
	void (*fault)(struct policy_asker *a, const char *mx, enum policy_fault_seen seen);
	/* For TLS reports: how a session ended. Copied; what is not fine (policy_outcome_is_fine())
	 * is lost. */
	void (*count)(struct policy_asker *a, const struct policy_outcome *outcome);
	/* Nothing if it is not under way. */
	void (*cancel)(struct policy_asker *a, struct policy_question *q);
	/* A place at a far end, and that it is not wanted any more, taken or not. No deadline. */
	void (*place)(struct policy_asker *a, struct policy_place *p);
	void (*place_give)(struct policy_asker *a, struct policy_place *p);
	/* The addresses of a host; and that they are not wanted any more. */
	void (*host)(struct policy_asker *a, struct policy_host_question *q);
	void (*host_cancel)(struct policy_asker *a, struct policy_host_question *q);
	/* Who holds places is told that others wait for this domain, or at this operator's hosts;
	 * NULL: nobody does. */
	void (*on_wanted)(void *holder, bool is_domain, const char *name);
	void *holder;
};

#endif
