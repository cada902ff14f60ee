/* Inside tls/ only: what the making of keys, certificates and CRLs shares. */
#ifndef TLS_CA_PRIVATE_H
#define TLS_CA_PRIVATE_H

#include "tls/ca.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

struct tls_ca_key {
	EVP_PKEY *pkey;
};

/* What a key of ours signs with: NULL for Ed25519, which has its own. */
const EVP_MD *tls_ca_digest(EVP_PKEY *key);

/* Appends what was written. 0 or -ENOMEM. Empties OpenSSL's queue. */
[[nodiscard]] int tls_ca_bio_move(BIO *bio, struct buf *ret_text);

/* The first certificate of a text, or NULL. */
X509 *tls_ca_certificate(struct slice pem);

void tls_ca_bio_freep(BIO **bio);
void tls_ca_x509_freep(X509 **certificate);

#endif
