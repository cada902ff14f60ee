/*
 * A TLS report that somebody sent us, read from its JSON (RFC 8460 4.4). Lenient where senders are
 * known to err (no policy-domain, mx-host as a text, numbers as texts), strict in what it may cost.
 * Texts are made plain ASCII and cut to their room. Pure.
 */
#ifndef REPORT_RECEIVED_H
#define REPORT_RECEIVED_H

#include "base/buf.h"

enum {
	REPORT_RECEIVED_INPUT_MAX = 10 * 1024 * 1024, /* of a message or a file, as it comes */
	REPORT_RECEIVED_JSON_MAX = 64 * 1024 * 1024,  /* unzipped */
	REPORT_RECEIVED_RATIO_MAX = 200,              /* of the two */
	REPORT_RECEIVED_TOKENS_MAX = 400 * 1000, /* ",", ":", "{" and "[": what memory it takes */
	REPORT_RECEIVED_POLICIES_MAX = 1000,     /* those behind are not read */
	REPORT_RECEIVED_FAILURES_MAX = 1000,     /* of a policy */
};

struct report_received;

struct report_received_head {
	char organization[256]; /* never empty */
	char id[512];           /* never empty */
	char contact[256];
	int64_t begin_s, end_s;
};
struct report_received_policy {
	char kind[32];
	char domain[256]; /* "" */
	uint64_t succeeded, failed;
};
struct report_received_failure {
	char result[64]; /* never empty */
	char sender[64], mx[256], helo[256], receiver[64];
	char reason[256], more[256];
	uint64_t sessions;
};

/* 0, REPORT_RECEIVED_BAD with ret_why, or -ENOMEM. ret_r has nothing of json. */
enum { REPORT_RECEIVED_BAD = 1 };
[[nodiscard]] int report_received_read(struct report_received **ret_r, struct slice json,
                                       const char **ret_why);
void report_received_free(struct report_received *r);
void report_received_freep(struct report_received **r);

const struct report_received_head *report_received_head(const struct report_received *r);
/* False: there are no more. */
bool report_received_policy(const struct report_received *r, size_t number,
                            struct report_received_policy *ret_policy);
bool report_received_failure(const struct report_received *r, size_t policy, size_t number,
                             struct report_received_failure *ret_failure);

/*
 * A message, a file in gzip or JSON itself: appends the JSON. 0, REPORT_RECEIVED_BAD with ret_why,
 * or -ENOMEM.
 */
[[nodiscard]] int report_received_open(struct slice input, struct buf *ret_json,
                                       const char **ret_why);
/* It is a message, with header fields to look at. */
bool report_received_is_message(struct slice input);

#endif
