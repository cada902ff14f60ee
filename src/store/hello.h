/* A ClientHello as the ledger keeps it. */
#ifndef STORE_HELLO_H
#define STORE_HELLO_H

#include "store/record.h"
#include "tls/hello.h"

/* Its lists are borrowed from hello. */
struct store_hello store_hello_of(const struct tls_hello *hello);

#endif
