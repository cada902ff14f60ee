/* Certificate chains from PEM: DER, names, the leaf's public key. Not whether they are trusted. */
#ifndef TLS_CHAIN_H
#define TLS_CHAIN_H

#include "base/buf.h"

#include <openssl/x509.h>

enum tls_chain_result {
	TLS_CHAIN_EMPTY = 1,   /* no certificate in it */
	TLS_CHAIN_BAD,         /* one does not parse */
	TLS_CHAIN_UNSUPPORTED, /* a key that is neither RSA nor EC */
};

enum tls_key_kind { TLS_KEY_RSA, TLS_KEY_EC, TLS_KEY_KIND_COUNT };

struct tls_chain {
	struct buf der; /* the certificates one behind the other, leaf first */
	enum tls_key_kind kind;
	char *names;            /* of the leaf: lower case, sorted, unique, "," between */
	uint8_t key_sha256[32]; /* of the leaf's SubjectPublicKeyInfo */
};

/* 0, enum tls_chain_result, or -ENOMEM. */
[[nodiscard]] int tls_chain_init(struct tls_chain *ret_chain, struct slice pem);
/* The same, and quick: nothing is parsed but names and key of the leaf (tls/leaf.h). */
[[nodiscard]] int tls_chain_take(struct tls_chain *ret_chain, struct slice pem);
/* Do all certificates of its DER parse? */
bool tls_chain_is_well(struct slice der);
void tls_chain_deinit(struct tls_chain *chain);

/* The certificates of DER bytes that tls_chain_init() made. NULL: no memory. */
STACK_OF(X509) * tls_chain_certificates(struct slice der);

/* All certificates of a PEM text. 0, TLS_CHAIN_EMPTY, TLS_CHAIN_BAD or -ENOMEM. */
[[nodiscard]] int tls_chain_read_pem(STACK_OF(X509) * *ret_list, struct slice pem);
void tls_chain_list_freep(STACK_OF(X509) * *list);

/* SHA-256 of the certificate's SubjectPublicKeyInfo. */
[[nodiscard]] bool tls_chain_spki_digest(X509 *certificate, uint8_t ret_sha256[32]);

/* The DNS names of a certificate: lower case, sorted, unique, "," between. NULL: no memory. */
char *tls_chain_names(X509 *certificate);

const char *tls_chain_result_words(int result);

#endif
