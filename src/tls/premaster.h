/*
 * What a client sends a server as its premaster secret under the server's RSA key, well and badly
 * padded (RFC 8446 11, RFC 5246 7.4.7.1): a server that answers one otherwise than the other
 * decrypts for whoever asks often enough (ROBOT).
 */
#ifndef TLS_PREMASTER_H
#define TLS_PREMASTER_H

#include "base/buf.h"

enum tls_premaster {
	TLS_PREMASTER_GOOD,          /* but the Finished behind it is not */
	TLS_PREMASTER_WRONG_START,   /* 41 17 instead of 00 02 */
	TLS_PREMASTER_WRONG_ZERO,    /* 00 in the middle of the padding */
	TLS_PREMASTER_NO_ZERO,       /* nowhere */
	TLS_PREMASTER_WRONG_VERSION, /* 02 02 in front of the secret */
	TLS_PREMASTER_COUNT
};

/*
 * Appends the ciphertext, as long as the key's modulus.
 *
 * chain: DER, the server's certificate first
 *
 * Returns 0, TLS_PREMASTER_NO_KEY (its key is no RSA key, or one nobody has), or -ENOMEM.
 */
enum { TLS_PREMASTER_NO_KEY = 1 };
[[nodiscard]] int tls_premaster_write(struct slice chain, enum tls_premaster how, struct buf *out);

#endif
