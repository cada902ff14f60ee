/*
 * What the certificate of a server says, as far as a listener sees it: up to TLS 1.2, in clear.
 * Whether anybody would trust it is not known here. Pure.
 */
#ifndef WATCH_CERTIFICATE_H
#define WATCH_CERTIFICATE_H

#include "base/slice.h"

/* Strangers write certificates: all text is printable, and cut where it is too long. */
struct watch_certificate {
	char subject[128], issuer[128];    /* RFC 4514 */
	char names[256];                   /* DNS names in it, "," between; the last may be cut */
	int64_t not_before_s, not_after_s; /* Unix time; 0: it does not say */
	bool is_self_signed;
};

/* Owned by the caller; NULL: it is none that can be read. 0 or -ENOMEM. */
[[nodiscard]] int watch_certificate_read(struct watch_certificate **ret_certificate,
                                         struct slice der);

/* Was it over when it was shown? c: may be NULL. */
bool watch_certificate_has_expired(const struct watch_certificate *c, int64_t at_s);

/* Keeps the one that ends first, frees the other. *kept: may be NULL. Takes *other, NULL behind. */
void watch_certificate_merge(struct watch_certificate **kept, struct watch_certificate **other);

#endif
