/*
 * What is wrong with a host's TLS, and what helps: since when its handshakes fail, so that plain
 * text is not tried before they have for long, and whether a smaller ClientHello (one segment, no
 * post-quantum share) is known to help.
 */
#ifndef POLICY_FAULT_H
#define POLICY_FAULT_H

#include <stdbool.h>
#include <stdint.h>

/* Times are Unix time in seconds. */
struct policy_fault {
	int64_t failing_since_s; /* 0: it does not fail */
	int64_t small_until_s; /* the smaller ClientHello comes first until then; 0: it does not */
};

/* What a hop met. */
enum policy_fault_seen {
	POLICY_FAULT_FAILED, /* the handshake, with the smaller ClientHello too */
	POLICY_FAULT_SMALL,  /* with the smaller it went well, and not with the full one */
	POLICY_FAULT_WELL,   /* it went well again */
	POLICY_FAULT_SEEN_COUNT
};

enum {
	POLICY_FAULT_SMALL_S = 7 * 24 * 3600, /* then the full one is tried again */
	POLICY_FAULT_FORGET_S = 24 * 3600,    /* a failure this long ago is no failure "since" */
};

#endif
