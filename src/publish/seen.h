/* A policy of our own as strangers see it, held against what is served here. Pure. */
#ifndef PUBLISH_SEEN_H
#define PUBLISH_SEEN_H

#include "policy/way.h"
#include "publish/served.h"

enum { PUBLISH_SEEN_WHY_CAP = 400 };

struct publish_seen {
	enum policy_sts_state state; /* of the search */
	const char *id;              /* of the record */
	const char *why;             /* of BROKEN; strangers wrote some of it */
	struct slice text;           /* of the file, if IN_FORCE */
};

enum publish_seen_verdict {
	PUBLISH_SEEN_SAME,
	PUBLISH_SEEN_OTHER,   /* what is published is not what is served */
	PUBLISH_SEEN_FAILED,  /* it could not be had; once may be chance */
	PUBLISH_SEEN_UNKNOWN, /* DNS does not answer, or nothing is served yet: nothing is said */
};

/* ret_why: PUBLISH_SEEN_WHY_CAP bytes, printable, of OTHER and FAILED. 0 or -ENOMEM. */
[[nodiscard]] int publish_seen_compare(const struct publish_served *s,
                                       const struct publish_seen *seen,
                                       enum publish_seen_verdict *ret_verdict, char *ret_why);

#endif
