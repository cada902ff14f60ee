/*
 * A place at a far end: a connection there may be, whichever worker makes it (policy/ask.h). What
 * is over waits in line.
 */
#ifndef POLICY_PLACE_H
#define POLICY_PLACE_H

#include "policy/way.h"

/* At a time; 0 in any of these: no limit. */
struct policy_place_limits {
	unsigned domain;
	unsigned host;        /* of an MX host */
	unsigned mx_operator; /* of all hosts whose names are below one registrable domain */
	unsigned per_minute;  /* connections begun to an operator */
};

/* Embedded in who wants one. All but the first five is the asker's. */
struct policy_place {
	char domain[POLICY_WAY_NAME_CAP];
	char host[POLICY_WAY_NAME_CAP]; /* a name, or an address */
	struct policy_place_limits limits;
	void (*fn)(struct policy_place *p); /* it is taken; once, in a later turn */
	void *owner;
	struct policy_place *next, *prev;
	uint32_t number;
	bool is_taken;
	char mx_operator[POLICY_WAY_NAME_CAP]; /* once it is taken */
};

#endif
