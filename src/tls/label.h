/* What a person wants to know of a certificate. Not whether anybody trusts it. */
#ifndef TLS_LABEL_H
#define TLS_LABEL_H

#include "base/slice.h"

#include <stdint.h>

struct tls_label {
	int64_t not_before_s, not_after_s; /* Unix time; 0: it does not say */
	char key[40];                      /* "RSA 2048", "EC P-256" */
	char issuer[128];                  /* its common name, or organisation; printable */
	char *names;                       /* tls_chain_names() of the leaf; owned */
};

/* Of the leaf of a chain. 0, enum tls_chain_result (tls/chain.h), or -ENOMEM. */
[[nodiscard]] int tls_label_read(struct tls_label *ret_label, struct slice chain_pem);
void tls_label_deinit(struct tls_label *label);

#endif
