/* Inside tls/ only: TLS towards a backend, and what hops (tls/proof.c) share with it. */
#ifndef TLS_CLIENT_PRIVATE_H
#define TLS_CLIENT_PRIVATE_H

#include "tls/client.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

struct tls_client {
	size_t references;
	SSL_CTX *context;
	enum tls_verify verify;
	uint8_t (*pins)[32];
	size_t pin_count;
	struct tls_inside *inside; /* a reference, or NULL */
	struct tls_signer *signer;
	bool is_compact;
	char *sni; /* NULL: the name is an address, or there is none */
};

/* RFC 9525 6.3: names from the SAN only, a wildcard is a whole label. */
enum {
	TLS_CLIENT_NAME_FLAGS =
		X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS,
};

/* The wide list of suites, no resumption. groups: of which the library may lack some. 0 or ours. */
[[nodiscard]] int tls_client_context(SSL_CTX **ret_context, enum tls_version min_version,
                                     const char *groups);

/* The certificate that we show where a server asks for it; NULL: none. 0, TLS_CLIENT_BAD_CHAIN or
 * -ENOMEM. */
[[nodiscard]] int tls_client_show(SSL_CTX *context, const struct tls_certificate_spec *own,
                                  char *ret_error, size_t error_cap);

/* Trusts the certificates of a PEM text. 0, enum tls_chain_result, or -ENOMEM. */
[[nodiscard]] int tls_client_trust(X509_STORE *store, struct slice pem);

#endif
