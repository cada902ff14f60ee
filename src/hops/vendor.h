/* Which software wrote a Received field, and whether it would have said so had there been TLS. */
#ifndef HOPS_VENDOR_H
#define HOPS_VENDOR_H

#include "hops/peer.h"
#include "hops/received.h"

/* What it means if a field says nothing of TLS. */
enum hops_marks {
	HOPS_MARKS_UNKNOWN, /* nothing: this software does not always tell */
	HOPS_MARKS_LIKELY,  /* there was none, if the layout of the field did not deceive us */
	HOPS_MARKS_ALWAYS,  /* there was none */
};

struct hops_vendor {
	const char *name; /* "Postfix"; "" if it is not known */
	enum hops_marks marks;
	bool checks_names; /* the name of DNS was looked up both ways */
	bool is_mailseal;  /* it wrote the field, with a session id of its form */
};

/* has_date, at_s: of the field; some began to tell at some time. */
struct hops_vendor hops_vendor_find(const struct hops_received *r, const struct hops_peer *peer,
                                    bool has_date, int64_t at_s);

#endif
