/*
 * One authentication as it passes through an edge: the mechanism, then the client's responses in
 * their order. Who tried and whether a password crossed is all that stays.
 */
#ifndef SASL_EXCHANGE_H
#define SASL_EXCHANGE_H

#include "sasl/sasl.h"

struct sasl_exchange {
	char mechanism[SASL_MECHANISM_MAX + 1]; /* upper case */
	char user[SASL_USER_MAX];               /* printable; empty: not known (yet) */
	unsigned responses;                     /* with something in them */
	bool has_password;                      /* a password or token came */
};

/* A new exchange. Returns 0, or SASL_BAD for what is no mechanism name (RFC 4422 3.1). */
[[nodiscard]] int sasl_exchange_start(struct sasl_exchange *x, struct slice mechanism);

/*
 * The client's next response: base64, empty, or "=" (an empty initial response). Returns 0, or
 * SASL_BAD if it does not decode. "*" (cancel) is the caller's business.
 */
[[nodiscard]] int sasl_exchange_take(struct sasl_exchange *x, struct slice base64);

#endif
