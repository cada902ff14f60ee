/* Inside tls/ only: pieces of a label that certificates of strangers have too. */
#ifndef TLS_LABEL_PRIVATE_H
#define TLS_LABEL_PRIVATE_H

#include "tls/label.h"

#include <openssl/x509.h>

/* Unix time; 0: it is none. */
int64_t tls_label_time(const ASN1_TIME *at);

/* "RSA 2048", "EC P-256" */
void tls_label_key(X509 *certificate, char *ret_text, size_t cap);

#endif
