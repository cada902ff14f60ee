/*
 * What one Received field says of its hop: was it encrypted? Never whether it was secure: that is
 * not for a field to say. Pure.
 */
#ifndef HOPS_JUDGE_H
#define HOPS_JUDGE_H

#include "hops/notation.h"
#include "hops/peer.h"
#include "hops/received.h"
#include "hops/vendor.h"

enum hops_verdict {
	HOPS_NOT_STATED, /* the field does not say */
	HOPS_PLAINTEXT,
	HOPS_ENCRYPTED,
	HOPS_LOCAL, /* it never left the host */
	HOPS_VERDICT_COUNT
};
const char *hops_verdict_name(enum hops_verdict verdict); /* "not stated" */

/* A field, read and judged by itself. Slices are of the field. */
struct hops_judged {
	struct hops_received parts;
	struct hops_peer peer;
	struct hops_vendor vendor;
	struct slice protocol; /* the keyword, or all words behind "with" */
	bool has_date;
	int64_t at_s; /* Unix time */
	enum hops_verdict verdict;
	bool is_likely;    /* the verdict is the layout's, and no word's */
	bool is_logged_in; /* RFC 3848's A, or a comment */
	struct hops_tls tls;
	const char *why; /* in words */
};

/* value: of the field, unfolded. is_terminated(): the host stands behind something that ends TLS
 * for it, so that its field cannot know. */
struct hops_judge {
	void *owner;
	bool (*is_terminated)(void *owner, struct slice host, const struct hops_address *address);
};
void hops_judge_field(struct hops_judged *ret_judged, struct slice value,
                      const struct hops_judge *judge);

#endif
