/* Inside tls/ only: TLS towards a backend. */
#ifndef TLS_CLIENT_PRIVATE_H
#define TLS_CLIENT_PRIVATE_H

#include "tls/client.h"

#include <openssl/ssl.h>

struct tls_library;

struct tls_client {
	size_t references;
	struct tls_library *library;
	SSL_CTX *context;
	enum tls_verify verify;
	uint8_t (*pins)[32];
	size_t pin_count;
	char *sni; /* NULL: the name is an address, or there is none */
};

#endif
