/* Primes for Diffie-Hellman that many servers share (RFC 2409, 3526, 5114, 7919, old defaults). */
#ifndef TLS_DH_PRIMES_H
#define TLS_DH_PRIMES_H

#include "base/slice.h"

struct tls_dh_prime {
	const char *name; /* "ffdhe2048", "RFC 3526 group 14", "mod_ssl 2.0.x 512" */
	unsigned bits;
	bool is_rfc7919;
	bool is_safe;       /* (p - 1) / 2 is a prime too; false also of what is no prime at all */
	const char *sha256; /* of the prime's bytes without leading zeros, in hexadecimal */
};

/* prime: big endian, as in ServerKeyExchange. NULL: none that we know. */
const struct tls_dh_prime *tls_dh_prime_find(struct slice prime);
const struct tls_dh_prime *tls_dh_primes(size_t *ret_count);

#endif
