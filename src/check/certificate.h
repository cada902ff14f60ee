/* A chain of certificates, as the facts of an endpoint have it. Pure but for the time it is given.
 */
#ifndef CHECK_CERTIFICATE_H
#define CHECK_CERTIFICATE_H

#include "check/endpoint.h"
#include "tls/inspect.h"

struct check_chain {
	struct slice der;    /* as sent, leaf first */
	struct slice staple; /* OCSP, DER; empty: none */
	bool was_asked_to_staple;
	const char *name;        /* the leaf's to be */
	struct tls_roots *roots; /* NULL: not held against CAs */
	int64_t now_s;
};

/* 0, enum tls_inspect_result (nothing is written), or -ENOMEM. ret_certificate->names is freed. */
[[nodiscard]] int check_certificate_read(struct check_certificate *ret_certificate,
                                         const struct check_chain *chain);

#endif
