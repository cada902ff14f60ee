/*
 * Certificates made for tests of others: a little CA, and what it signs, faults included. Its keys
 * live in this process; nothing of a daemon uses this.
 */
#ifndef TLS_MINT_H
#define TLS_MINT_H

#include "base/buf.h"

struct tls_mint; /* a CA: key and certificate */

enum tls_mint_result {
	TLS_MINT_BAD_PEM = 1, /* not a private key and a CA certificate that belongs to it */
};

enum tls_mint_key { TLS_MINT_EC, TLS_MINT_RSA };

struct tls_mint_order {
	const char *const *names; /* DNS names, wildcards too; the first is the subject */
	size_t name_count;
	enum tls_mint_key key;
	bool is_self_signed;       /* not of the CA */
	int from_days, until_days; /* from now; both negative: expired */
};

/* A new CA, ten years, EC P-256. 0 or -ENOMEM. */
[[nodiscard]] int tls_mint_new(struct tls_mint **ret_mint, const char *name);
/* One that was kept. 0, TLS_MINT_BAD_PEM or -ENOMEM. */
[[nodiscard]] int tls_mint_read(struct tls_mint **ret_mint, struct slice pem);
void tls_mint_free(struct tls_mint *m);

/* Its private key and its certificate; the caller wipes ret_pem (buf_deinit_secret()). */
[[nodiscard]] int tls_mint_write(const struct tls_mint *m, struct buf *ret_pem);
/* Its certificate alone. */
[[nodiscard]] int tls_mint_certificate(const struct tls_mint *m, struct buf *ret_pem);
/* Of its public key, as a TLSA record 2 1 1 has it. */
[[nodiscard]] int tls_mint_digest(const struct tls_mint *m, uint8_t ret_sha256[32]);

/*
 * A key and its certificate; behind it the CA's, but for a self-signed one. The caller wipes
 * ret_key_pem. 0, -EINVAL (no names) or -ENOMEM.
 */
[[nodiscard]] int tls_mint_order(const struct tls_mint *m, const struct tls_mint_order *order,
                                 struct buf *ret_key_pem, struct buf *ret_chain_pem);

#endif
