/*
 * The key schedule of TLS 1.3 (RFC 8446 7.1) as a provider's KDF: libssl asks it instead of
 * OpenSSL's own where an SSL_CTX was made with tls_provider_properties. It finds nothing by name
 * and takes no memory, so a handshake takes less; and it sees the two secrets that a compact
 * session goes on with, which OpenSSL else tells by its SSLKEYLOGFILE callback alone: slowly, as
 * text.
 */
#ifndef TLS_SCHEDULE_H
#define TLS_SCHEDULE_H

#include <openssl/core_dispatch.h>

extern const OSSL_DISPATCH tls_schedule_functions[];

#endif
