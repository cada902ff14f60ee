/*
 * The PRF of TLS 1.2 (RFC 5246 5), and the same as a provider's KDF, for contexts made with
 * tls_provider_properties: as tls/schedule.h is for TLS 1.3. What is older than TLS 1.2 is handed
 * on to OpenSSL's own.
 */
#ifndef TLS_PRF_H
#define TLS_PRF_H

#include "base/slice.h"
#include "tls/library.h"

#include <openssl/core_dispatch.h>

enum { TLS_PRF_SEEDS_MAX = 8 };

struct tls_prf {
	enum tls_digest digest;                /* SHA-256 or SHA-384 */
	struct slice secret;                   /* no longer than a block of the digest */
	struct slice seeds[TLS_PRF_SEEDS_MAX]; /* one behind the other; the label is the first */
	size_t seed_count;
};

/* 0 or -ENOMEM. */
[[nodiscard]] int tls_prf_expand(const struct tls_prf *prf, uint8_t *ret_bytes, size_t len);

extern const OSSL_DISPATCH tls_prf_functions[];

#endif
