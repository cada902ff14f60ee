/*
 * What a certificate that a server is to show will prove to who connects, without a connection:
 * whether published TLSA records match it, and whether the public CAs vouch for it.
 */
#ifndef TLS_SHOWN_H
#define TLS_SHOWN_H

#include "tls/proof.h"

#include <time.h>

struct tls_shown {
	struct slice chain_pem; /* leaf first */
	const char *host;       /* to be in it */
};

/*
 * One of the records matches (RFC 6698 2.1): of usage 3 the leaf; of usage 2 a certificate of the
 * chain above it, and the leaf has the host's name (RFC 7672 3.2.2). 0 (*ret_matches), or an
 * outcome of tls_chain_read_pem(), or -ENOMEM.
 */
[[nodiscard]] int tls_shown_matches(const struct tls_shown *shown, const struct tls_record *records,
                                    size_t count, bool *ret_matches);

/* The host's name is in the leaf. 0 (*ret_has), or as tls_shown_matches(). */
[[nodiscard]] int tls_shown_has_name(const struct tls_shown *shown, bool *ret_has);

/*
 * What RFC 8461 4.1 asks: a way to a CA of the bundle, the name, the dates. ret_result: as
 * tls_proof.pkix. 0, TLS_PROOF_BAD_CA, an outcome of tls_chain_read_pem() + TLS_SHOWN_CHAIN, or
 * -ENOMEM.
 */
enum { TLS_SHOWN_CHAIN = 100 };
[[nodiscard]] int tls_shown_pkix(const struct tls_shown *shown, struct slice ca_pem, time_t now,
                                 enum tls_proof_result *ret_result);

/* "3 1 1 HEX" of the leaf's public key, for who has to publish it. 0 or as tls_shown_matches(). */
enum { TLS_SHOWN_TLSA_CAP = 80 };
[[nodiscard]] int tls_shown_tlsa(struct slice chain_pem, char ret_text[TLS_SHOWN_TLSA_CAP]);

#endif
