/*
 * Of a certificate in DER what thousands are looked up and compared by: names, and the key, as far
 * as the first bytes say. No object is made of it; whether all of it is well is for who uses it.
 */
#ifndef TLS_LEAF_H
#define TLS_LEAF_H

#include "tls/chain.h"

enum { TLS_LEAF_NAMES_MAX = 512 };

struct tls_leaf {
	struct slice key; /* SubjectPublicKeyInfo, whole */
	enum tls_key_kind kind;
	struct slice names[TLS_LEAF_NAMES_MAX]; /* dNSName, as they stand there: any bytes */
	size_t name_count;
};

/* Borrows from der. 0, TLS_CHAIN_BAD, or TLS_CHAIN_UNSUPPORTED. */
[[nodiscard]] int tls_leaf_read(struct tls_leaf *ret_leaf, struct slice der);

#endif
