/* Keys of records from secrets: HKDF-Expand-Label of TLS 1.3, the PRF of TLS 1.2. Pure. */
#ifndef TLS_RECORD_KEYS_H
#define TLS_RECORD_KEYS_H

#include "base/slice.h"
#include "tls/library.h"

/* HKDF-Expand-Label(secret, label, "", len), RFC 8446 7.1; len is at most that of the digest. 0 or
 * -ENOMEM. */
[[nodiscard]] int tls_record_expand(enum tls_digest digest, struct slice secret, const char *label,
                                    uint8_t *ret_bytes, size_t len);

struct tls_record_prf {
	enum tls_digest digest;
	struct slice secret;
	const char *label;
	struct slice seed[2]; /* one behind the other */
};
/* The first len bytes of PRF(secret, label, seed), RFC 5246 5. 0 or -ENOMEM. */
[[nodiscard]] int tls_record_prf(const struct tls_record_prf *p, uint8_t *ret_bytes, size_t len);

#endif
