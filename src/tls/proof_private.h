/* Inside tls/ only: what hops (proof.c) and certificates as such (inspect_trust.c) share. */
#ifndef TLS_PROOF_PRIVATE_H
#define TLS_PROOF_PRIVATE_H

#include "tls/proof.h"

#include <openssl/ssl.h>

/* What is verified, and by what: store, or the DANE of a session. */
struct tls_way {
	X509 *leaf;
	STACK_OF(X509) * chain; /* as sent */
	X509_STORE *store;
	SSL *dane_of;
	int64_t now_s;                   /* Unix time; 0: now */
	const struct tls_inside *inside; /* the leaf is to be of our own hosts, or NULL */
	int64_t *expired_s;              /* with inside: tls_session_expired_s() */
};

/* ret_error: X509_V_OK or what OpenSSL says; not of the name. 0 or -ENOMEM. */
[[nodiscard]] int tls_proof_verify(const struct tls_way *way, int *ret_error);

/* RFC 9525: in the SAN, also by a wildcard; of an address itself. */
bool tls_proof_has_name(X509 *leaf, const char *name);

#endif
