/* Inside tls/ only: what the verification of a peer asks of our own rules. */
#ifndef TLS_INSIDE_PRIVATE_H
#define TLS_INSIDE_PRIVATE_H

#include "tls/inside.h"

#include <openssl/x509_vfy.h>

/*
 * For OpenSSL's verify callback: its opinion in, ours out. inside may be NULL. Notes in
 * *ret_expired_s what tls_session_expired_s() says.
 */
int tls_inside_judge(const struct tls_inside *inside, int is_ok, X509_STORE_CTX *ctx,
                     int64_t *ret_expired_s);

#endif
