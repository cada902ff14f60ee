/* The name that a client asks for (RFC 6066 3), as certificates are looked up by it. */
#ifndef TLS_SNI_H
#define TLS_SNI_H

#include <stdbool.h>

enum { TLS_SNI_CAP = 256 };

/* In lower case, without a dot at the end. False: no certificate has such a name. */
bool tls_sni_fold(const char *sni, char ret_name[TLS_SNI_CAP]);

/* Of a folded name: "*" in place of its left-most label. It is name that changes, and the result
 * points into it. NULL: it has but one label. */
const char *tls_sni_wildcard(char name[TLS_SNI_CAP]);

#endif
