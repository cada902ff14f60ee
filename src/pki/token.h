/*
 * One-time tokens: a name that the CA's host gave, a secret, an end. Of the secret the CA keeps a
 * hash (DIR/tokens/NAME). The token also has the SHA-256 of the root's certificate, by which the
 * node knows the CA before it trusts anybody:
 *
 *	NAME:SECRET:PIN
 */
#ifndef PKI_TOKEN_H
#define PKI_TOKEN_H

#include "pki/pki.h"
#include "pki/talk.h"

enum { PKI_TOKEN_CAP = IDENTITY_NAME_CAP + 1 + PKI_SECRET_LEN + 1 + 64 + 1 };

struct pki_token {
	char name[IDENTITY_NAME_CAP];
	char secret[PKI_SECRET_LEN + 1];
	uint8_t pin[32];
};
/* False: it is none. */
bool pki_token_read(const char *text, struct pki_token *ret_token);

struct pki_token_order {
	const char *name;
	const struct pki_names *names;
	unsigned days;    /* of the certificate */
	uint32_t seconds; /* of the token */
	int64_t now_s;
};
/* One that there was for this name is good no more. 0, PKI_FAILED or -ENOMEM. */
[[nodiscard]] int pki_token_make(struct pki *p, const struct pki_token_order *order,
                                 char ret_text[PKI_TOKEN_CAP]);

/* What a token is good for. */
struct pki_token_use {
	struct pki_names names;
	unsigned days;
};
enum { PKI_TOKEN_WRONG = 2 }; /* none of that name, another secret, or too late */
/* It is good no more, whatever becomes of the certificate. 0, PKI_FAILED, PKI_TOKEN_WRONG or
 * -ENOMEM. */
[[nodiscard]] int pki_token_take(struct pki *p, const char *name, const char *secret, int64_t now_s,
                                 struct pki_token_use *ret_use);

#endif
