/*
 * Certificates that nobody vouches for: of an edge that has none (good for opportunistic TLS, which
 * needs no CA), in the place of one that is ordered, and for a CA that looks (RFC 8737).
 */
#ifndef KEYS_SELFSIGNED_H
#define KEYS_SELFSIGNED_H

#include "base/buf.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>

enum { KEYS_DIGEST_LEN = 32 };

struct keys_certificate {
	const char *const *names; /* DNS names; the first is the subject */
	size_t name_count;
	const uint8_t *acme_digest; /* of a key authorization, KEYS_DIGEST_LEN bytes; or NULL */
};

/* Ten years, signed by its own key. 0, -EINVAL (no name, or one that is too long), or -ENOMEM. */
[[nodiscard]] int keys_certificate_make(struct buf *ret_pem, EVP_PKEY *key,
                                        const struct keys_certificate *what);

/* The caller wipes ret_pem (buf_deinit_secret()). 0 or -ENOMEM. */
[[nodiscard]] int keys_key_write(struct buf *ret_pem, EVP_PKEY *key);

/* As a SAN has them. NULL: no memory. */
GENERAL_NAMES *keys_names_new(const char *const *names, size_t count);

/*
 * A P-256 key and a certificate for hostname, ten years. The caller wipes ret_key_pem
 * (buf_deinit_secret()). 0, -EINVAL (no host name), or -ENOMEM.
 */
[[nodiscard]] int keys_self_signed_make(struct buf *ret_key_pem, struct buf *ret_chain_pem,
                                        const char *hostname);

#endif
