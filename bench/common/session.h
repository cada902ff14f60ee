/* The session that a client of OpenSSL resumes. */
#ifndef COMMON_SESSION_H
#define COMMON_SESSION_H

#include <openssl/ssl.h>

/* The first that comes and can be resumed is put into *kept (NULL before), owned by the caller.
 * Takes the app data of the context. */
void session_keep_first(SSL_CTX *client, SSL_SESSION **kept);

#endif
