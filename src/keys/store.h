/*
 * Private keys by number, and the one thing done with them: signing what a TLS handshake signs.
 * The padding is made here; there is no raw RSA operation and no decryption (DECISIONS 3). A
 * thousand of them are parsed at a time, others when they are used (DECISIONS 20).
 */
#ifndef KEYS_STORE_H
#define KEYS_STORE_H

#include "base/buf.h"

struct keys_store;

enum keys_store_result {
	KEYS_STORE_BAD_PEM = 1, /* no private key in it, or one with a passphrase */
	KEYS_STORE_UNSUPPORTED, /* RSA under 2048 bits, or a curve that TLS does not sign with */
	KEYS_STORE_NO_KEY,      /* nobody added that number */
	KEYS_STORE_BAD_SCHEME,  /* unknown, or not for this kind of key */
	KEYS_STORE_BAD_DIGEST,  /* its length is not the scheme's */
	KEYS_STORE_FAILED,      /* OpenSSL could not sign */
};

[[nodiscard]] int keys_store_new(struct keys_store **ret_store);

/* Forgets all keys; OpenSSL wipes them. */
void keys_store_free(struct keys_store *store);

/* Replaces what had that number. 0, BAD_PEM, UNSUPPORTED, or -ENOMEM. */
[[nodiscard]] int keys_store_add(struct keys_store *store, uint32_t id, struct slice pem);
void keys_store_remove(struct keys_store *store, uint32_t id);
size_t keys_store_count(const struct keys_store *store);

/*
 * Appends the signature of digest to ret_sig.
 *
 * scheme: a SignatureScheme of RFC 8446 4.2.3, or 0xff01 for RSA over MD5 and SHA-1 (RFC 4346)
 *
 * Returns 0, NO_KEY, BAD_SCHEME, BAD_DIGEST, FAILED, or -ENOMEM.
 */
[[nodiscard]] int keys_store_sign(struct keys_store *store, uint32_t id, uint16_t scheme,
                                  struct slice digest, struct buf *ret_sig);

/* SHA-256 of the SubjectPublicKeyInfo, as tls_chain_public_digest() has it. 0, NO_KEY, FAILED. */
[[nodiscard]] int keys_store_public_digest(struct keys_store *store, uint32_t id,
                                           uint8_t ret_sha256[32]);

#endif
