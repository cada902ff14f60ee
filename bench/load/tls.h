/*
 * The client's side of TLS for all connections. Signatures and chains are not checked unless that
 * is asked for.
 */
#ifndef LOAD_TLS_H
#define LOAD_TLS_H

#include "load/options.h"

#include <openssl/ssl.h>

struct tls {
	SSL_CTX *context;
	SSL_SESSION *session; /* the first that came and can be resumed, or NULL */
};

/* What OpenSSL refuses ends the program. tls may not move afterwards. */
void tls_init(struct tls *tls, const struct options *o);

#endif
