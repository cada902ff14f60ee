/* Inside tls/ only: the extension by which both ends know of a word (tls/word.h). */
#ifndef TLS_WORD_PRIVATE_H
#define TLS_WORD_PRIVATE_H

#include "tls/word.h"

#include <openssl/ssl.h>

/* Sessions of this context offer it, or take it where it is offered. TLS 1.3 alone. */
[[nodiscard]] bool tls_word_add(SSL_CTX *context);

#endif
