/*
 * The next step of an MTA-STS policy of our own: none, testing, enforce (RFC 8461 3.2), by what
 * senders reported of it (RFC 8460). A suggestion: who decides is the operator. Pure.
 */
#ifndef PUBLISH_STEP_H
#define PUBLISH_STEP_H

#include "conf/settings.h"

enum {
	PUBLISH_STEP_TESTING_S = 14 * 24 * 3600, /* testing takes so long, whatever is reported */
	PUBLISH_STEP_SENDERS = 2,                /* that reported */
	PUBLISH_STEP_CAP = 700,
};

/* What is known of a domain, since its policy has the mode it has or 30 days, what is less.
 * Reports that nobody vouches for, and failures of DANE, are not in it. */
struct publish_step_facts {
	enum conf_sts_mode mode; /* served now */
	bool is_served;          /* false: there is no policy */
	int64_t since_s;         /* Unix time when it got the mode */
	uint64_t reports, senders, succeeded;
	uint64_t failed;         /* sessions */
	uint64_t failed_senders; /* who told of them */
	const char *worst; /* "RESULT at MX, told by SENDER" of most of them; strangers' words */
};

enum publish_step {
	PUBLISH_STEP_TO_TESTING,
	PUBLISH_STEP_TO_ENFORCE,
	PUBLISH_STEP_WAIT, /* not yet: too early, or nobody reports */
	PUBLISH_STEP_MEND, /* TLS fails: first that */
	PUBLISH_STEP_STAY, /* it is enforced, and well */
	PUBLISH_STEP_COUNT
};
const char *publish_step_name(enum publish_step step); /* "to-testing", ... */

/* ret_text: PUBLISH_STEP_CAP bytes: what to do and why, on one line of printable ASCII. */
enum publish_step publish_step_next(const struct publish_step_facts *facts, int64_t now_s,
                                    char *ret_text);

/* Is this result of a report (RFC 8460 4.3) one that a policy of MTA-STS is about? */
bool publish_step_counts(const char *result);

#endif
