/*
 * What a host that nothing demands TLS of has had before. One that always spoke TLS and suddenly
 * does not is a downgrade: an event, and under conditions mail waits for a while (a stripped
 * STARTTLS is what an attacker on the way can do, RFC 3207 6). Pure.
 */
#ifndef POLICY_MEMORY_H
#define POLICY_MEMORY_H

#include "policy/fault.h"

#include <stddef.h>

/* Of one MX host of one domain. Times are Unix time in seconds; all zero: nothing is known. */
struct policy_memory {
	int64_t sealed_since_s;
	uint32_t sessions;         /* with TLS since then */
	bool was_trusted;          /* a certificate of the public CAs for its name, the last time */
	int64_t lost_since_s;      /* TLS was not to be had since; 0: it was */
	bool may_hold;             /* so many hosts lost it at once that the fault is ours: false */
	struct policy_fault fault; /* of the host, whatever the domain */
};

/* What a hop met, for those who remember. */
enum policy_seen {
	POLICY_SEEN_SEALED,
	POLICY_SEEN_TRUSTED, /* sealed, and a certificate of the public CAs for its name */
	POLICY_SEEN_LOST,    /* no STARTTLS, or it was refused or broken */
	POLICY_SEEN_COUNT
};

enum {
	POLICY_MEMORY_SESSIONS = 20, /* and so many days: then it is held without being listed */
	POLICY_MEMORY_DAYS = 30,
};

enum policy_memory_verdict {
	POLICY_MEMORY_QUIET,  /* nothing is known of it */
	POLICY_MEMORY_WARN,   /* mail may go, and somebody should know */
	POLICY_MEMORY_HOLD,   /* not now; a while later it may */
	POLICY_MEMORY_REFUSE, /* not without TLS */
};

struct policy_memory_rules {
	bool is_listed;  /* hold it however short it is known */
	bool is_refused; /* listed as never without the TLS that it had */
	int64_t hold_s;  /* how long at most */
};

/* So many lost their TLS within an hour, of those that had it within a week, that the fault is
 * presumed ours: nothing is held for it. */
bool policy_memory_is_our_fault(size_t lost, size_t known);

/* The host has no TLS now. */
enum policy_memory_verdict policy_memory_judge(const struct policy_memory *m,
                                               const struct policy_memory_rules *rules,
                                               int64_t now_s);

#endif
