/* HMAC (RFC 2104) with the digests of TLS, for who makes many: keys of sessions. */
#ifndef TLS_HMAC_H
#define TLS_HMAC_H

#include "base/slice.h"
#include "tls/library.h"

enum { TLS_HMAC_MAX = 64 };

/*
 * Of parts, one behind the other; key is no longer than a block of the digest (64 bytes, of SHA-384
 * and SHA-512 128). ret_hash has room for the digest, and may be one of the parts. 0 or -ENOMEM.
 */
[[nodiscard]] int tls_hmac(enum tls_digest name, struct slice key, const struct slice *parts,
                           size_t count, uint8_t *ret_hash);

#endif
