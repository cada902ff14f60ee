/*
 * OpenSSL's provider "mailseal": keys that are not here (tls/signer.h), and in contexts made with
 * tls_provider_properties what a handshake does often and the default provider does slowly, because
 * it looks its parts up by name each time: TLS13-KDF (tls/schedule.h) and TLS1-PRF (tls/prf.h).
 */
#ifndef TLS_PROVIDER_H
#define TLS_PROVIDER_H

#include <openssl/provider.h>
#include <stdbool.h>

/* For SSL_CTX_new_ex(): what we have, and everything else as without. */
extern const char tls_provider_properties[];

/* NULL: OpenSSL does not take it. */
OSSL_PROVIDER *tls_provider_load(void);

#endif
