/*
 * What CAs may ask for now, so that they see that our names are ours (RFC 8555 8.3, RFC 8737): a
 * bounded list, in force only while an order is open. Pure.
 */
#ifndef ACME_CHALLENGES_H
#define ACME_CHALLENGES_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

enum acme_type { ACME_HTTP_01, ACME_TLS_ALPN_01, ACME_TYPE_COUNT };

enum {
	ACME_CHALLENGES_MAX = 128,
	ACME_NAME_CAP = 254,
	ACME_TOKEN_CAP = 129,         /* RFC 8555 8.3: 128 bits at least; CAs send 43 bytes */
	ACME_AUTHORIZATION_CAP = 256, /* token, ".", 43 bytes of base64url */
};

struct acme_challenge {
	enum acme_type type;
	char name[ACME_NAME_CAP]; /* lower case */
	/* Of http-01 */
	char token[ACME_TOKEN_CAP];
	char authorization[ACME_AUTHORIZATION_CAP]; /* the answer */
	/* Of tls-alpn-01 */
	uint32_t key_id; /* what keys calls it */
	struct buf chain_pem;
};

/* All zero is fine, and empty. */
struct acme_challenges {
	struct acme_challenge *items;
	size_t count;
};

/* Takes what *c has, in place of one with the same type, name and token. 0, or
 * ACME_CHALLENGES_FULL or -ENOMEM: then c is still the caller's. */
enum { ACME_CHALLENGES_FULL = 1 };
[[nodiscard]] int acme_challenges_add(struct acme_challenges *list, struct acme_challenge *c);
/* False: it was not there. */
bool acme_challenges_remove(struct acme_challenges *list, enum acme_type type, const char *name,
                            const char *token);
void acme_challenges_clear(struct acme_challenges *list);
void acme_challenge_deinit(struct acme_challenge *c);

/* The answer to a token, which is compared byte by byte; NULL: it is none of ours. */
const char *acme_challenges_answer(const struct acme_challenges *list, struct slice token);
/* For a name, whatever its case; NULL: nobody asks for that. */
const struct acme_challenge *acme_challenges_find(const struct acme_challenges *list,
                                                  const char *name);

#endif
