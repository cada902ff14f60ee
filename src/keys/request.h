/* Keys of certificates that are ordered, and the requests for them (PKCS #10, RFC 2986). */
#ifndef KEYS_REQUEST_H
#define KEYS_REQUEST_H

#include "base/buf.h"

#include <openssl/evp.h>

enum keys_kind { KEYS_P256, KEYS_RSA2048 };

/* NULL: no memory. */
EVP_PKEY *keys_key_new(enum keys_kind kind);
/* NULL: no private key in PEM without a passphrase. */
EVP_PKEY *keys_key_read(struct slice pem);

/* For these DNS names, without a subject. 0, -EINVAL (no name) or -ENOMEM. */
[[nodiscard]] int keys_request_make(struct buf *ret_pem, EVP_PKEY *key, const char *const *names,
                                    size_t count);

#endif
