/* What is known of a domain beside DNS and its web server: the operator's routes, and what the
 * daemon's relay remembers. */
#ifndef CMD_POLICY_TOLD_H
#define CMD_POLICY_TOLD_H

#include "conf/settings.h"
#include "policy/memory.h"
#include "policy/way.h"
#include "relay/plan.h"

struct store_sts;

struct policy_told {
	bool has_route;
	struct relay_route route; /* its decision, by its rule */
	struct policy_decision by_route;
	const char *where;    /* of the route, as it was written */
	bool has_memory;      /* the relay's files could be read */
	const char *hostname; /* of the relay; NULL: there is none */
	size_t tried_count;   /* of the way's hosts: those before the relay itself */
	struct policy_memory_rules rules;
	struct policy_memory memories[POLICY_WAY_HOSTS_MAX]; /* of the hosts of the way */
};

/* The first route for the domain, and what the first relay holds back. settings: NULL, nobody wrote
 * any. 0 or -ENOMEM. */
[[nodiscard]] int policy_told_begin(struct policy_told *t, const struct conf_settings *settings,
                                    const char *domain);
void policy_told_deinit(struct policy_told *t);

/* The policies that the daemon keeps, to read alone; NULL: there are none, or they are not to be
 * had, which is said on stderr. store_sts_close() */
struct store_sts *policy_told_policies(const struct conf_settings *settings);

/* Counts the hosts that may be tried; where the relay is an MX of the domain itself, the others are
 * skipped. */
void policy_told_own(struct policy_told *t, const struct policy_way *way,
                     struct policy_decision *decisions);

/* What is remembered of the way's hosts. */
void policy_told_remember(struct policy_told *t, const struct conf_settings *settings,
                          const struct policy_way *way);

#endif
