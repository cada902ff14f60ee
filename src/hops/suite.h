/* What the name of a cipher suite says, in the spelling of whatever library (IANA, OpenSSL, GnuTLS,
 * rustls), also of suites that we never offer. Pure. */
#ifndef HOPS_SUITE_H
#define HOPS_SUITE_H

#include "base/slice.h"

enum hops_exchange {
	HOPS_EXCHANGE_UNKNOWN, /* TLS 1.3 says it elsewhere */
	HOPS_ECDHE,
	HOPS_DHE,
	HOPS_STATIC, /* no forward secrecy */
	HOPS_ANON,   /* without a certificate */
};

struct hops_suite {
	enum hops_exchange exchange;
	bool is_13;        /* of TLS 1.3 alone */
	bool is_12;        /* of TLS 1.2 alone, as all AEAD are that are not of 1.3 */
	bool is_aead;      /* else CBC or a stream */
	bool is_weak;      /* RC4, DES, 3DES, export, MD5, nothing at all */
	bool is_null;      /* it encrypts nothing */
	const char *group; /* that the name holds (GnuTLS); NULL: none */
};

/* A word looks like the name of a suite. */
bool hops_suite_is_name(struct slice word);

void hops_suite_read(struct hops_suite *ret_suite, struct slice name);

#endif
