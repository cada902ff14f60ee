/*
 * JA4 (FoxIO): a ClientHello as one word, the same for all connections of one client software.
 * Lists are sorted before they are hashed, so a client that mixes its extensions stays the same.
 */
#ifndef TLS_JA4_H
#define TLS_JA4_H

#include "tls/hello.h"

enum { TLS_JA4_CAP = 37 };

/* "t13d1516h2_8daaf6152771_e5627efa2ab1" of a hello over TCP; "" if it cannot be computed. */
void tls_ja4_write(const struct tls_hello *hello, char ret_text[TLS_JA4_CAP]);

#endif
