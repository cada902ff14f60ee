/* The answer of OCSP that a server staples to its certificate (RFC 6066 8, RFC 6960): who signed
 * it, and what it says of the certificate. Nobody else is asked. */
#ifndef TLS_STAPLE_H
#define TLS_STAPLE_H

#include "base/slice.h"

enum tls_staple {
	TLS_STAPLE_GOOD,
	TLS_STAPLE_REVOKED,
	TLS_STAPLE_UNKNOWN, /* it does not know this certificate */
	TLS_STAPLE_BAD,     /* broken, out of date, or not signed by the issuer or for it */
	TLS_STAPLE_COUNT
};

/*
 * chain:  DER, the server's certificate first, its issuer behind it
 * staple: DER, as stapled
 *
 * What is out of date says nothing, also of a certificate that was revoked by then. -ENOMEM is
 * TLS_STAPLE_BAD too.
 */
enum tls_staple tls_staple_read(struct slice chain, struct slice staple);

#endif
