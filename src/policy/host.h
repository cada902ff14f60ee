/*
 * The addresses of a host of our own, as resolver answers a worker: what the hosts file says, else
 * DNS. It is asked for where a setting names a host; who that host is, its certificate proves.
 */
#ifndef POLICY_HOST_H
#define POLICY_HOST_H

#include "dns/message.h"
#include "policy/way.h"

enum { POLICY_HOST_ADDRESSES_MAX = POLICY_WAY_ADDRESSES_MAX };

struct policy_host_answer {
	bool is_known; /* these are its addresses, one at least; else why */
	bool is_file;  /* by the hosts file */
	uint32_t ttl_s;
	char addresses[POLICY_HOST_ADDRESSES_MAX][DNS_ADDRESS_CAP];
	size_t count;
	char why[POLICY_WAY_WHY_CAP];
};

/* Embedded in who asks (policy/ask.h). All else is the asker's. */
struct policy_host_question {
	struct policy_host_question *next, *prev;
	uint32_t number;
	char name[POLICY_WAY_NAME_CAP]; /* dns_name_is_host() */
	/* Once, in a later turn, unless it is cancelled before. No deadline but the owner's. */
	void (*fn)(struct policy_host_question *q, const struct policy_host_answer *host);
};

#endif
