/*
 * Which MTA-STS policy of our own is served: what the settings want, compared with DNS and with
 * the certificates that port 25 shows, before it is in force. One that would stop mail is not: the
 * last good one stays. Pure.
 */
#ifndef PUBLISH_POLICY_H
#define PUBLISH_POLICY_H

#include "publish/served.h"

enum { PUBLISH_WHY_CAP = 400 };

/* Of a host of DNS. */
enum publish_cover {
	PUBLISH_COVERED,   /* port 25 shows a certificate that senders believe, with this name */
	PUBLISH_UNCOVERED, /* it is a name of our own edges, and it does not */
	PUBLISH_FOREIGN,   /* it is none of ours, and no certificate has its name */
};

struct publish_hosts {
	bool is_known;            /* DNS answered */
	const char *why;          /* it did not: why; NULL: it was not asked yet */
	const char *const *names; /* of MX records; none: the domain takes no mail */
	size_t count;
	bool is_cut; /* there are more */
	/* ret_why: PUBLISH_WHY_CAP bytes; filled in unless it is covered */
	enum publish_cover (*cover)(void *owner, const char *host, char *ret_why);
	void *owner;
};

enum publish_policy {
	PUBLISH_POLICY_AS_WISHED,
	PUBLISH_POLICY_KEPT,  /* it is as it was before */
	PUBLISH_POLICY_NONE,  /* there was none before: mode none */
	PUBLISH_POLICY_WAITS, /* there was none before, and DNS is not known: nothing is served */
};

/*
 * s: as it is served now, or empty but for its domain; changed
 * ret_why: PUBLISH_WHY_CAP bytes; "" or what has to be mended, also of one that is as wished
 *
 * ret_policy is written on success. 0 or -ENOMEM.
 */
[[nodiscard]] int publish_policy_decide(struct publish_served *s, const struct conf_mta_sts *wish,
                                        const struct publish_hosts *hosts, int64_t now_s,
                                        enum publish_policy *ret_policy, char *ret_why);

#endif
