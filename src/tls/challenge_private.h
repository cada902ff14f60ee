/* Inside tls/ only: what a CA is shown that comes to see whether a name is ours (RFC 8737). */
#ifndef TLS_CHALLENGE_PRIVATE_H
#define TLS_CHALLENGE_PRIVATE_H

#include "tls/server_private.h"

/*
 * In the callback for the server's name: does the client speak acme-tls/1 first, and is the name
 * one that a CA may ask for now? Then it gets that certificate. False: a client like any other.
 */
bool tls_challenge_take(SSL *ssl, struct tls_server *s, const char *sni);

#endif
