/* Between inspect.c and inspect_trust.c. */
#ifndef TLS_INSPECT_PRIVATE_H
#define TLS_INSPECT_PRIVATE_H

#include "tls/inspect.h"

#include <openssl/x509.h>

/* At least one. 0, enum tls_inspect_result, or -ENOMEM. */
[[nodiscard]] int tls_inspect_read(STACK_OF(X509) * *ret_list, struct slice chain);

#endif
