/* Tokens of http-01 as the nodes of a cluster tell them: "TOKEN AUTHORIZATION\n" each. Pure. */
#ifndef ACME_TOKENS_H
#define ACME_TOKENS_H

#include "acme/challenges.h"

enum { ACME_TOKENS_MAX = ACME_CHALLENGES_MAX * (ACME_TOKEN_CAP + ACME_AUTHORIZATION_CAP) };

/* Those of the list; other challenges stay out of it. 0 or -ENOMEM. */
[[nodiscard]] int acme_tokens_write(struct buf *out, const struct acme_challenges *list);
/*
 * Adds them to list, which may have some, until it is full; a line that is none is passed over.
 * Returns 0 or -ENOMEM.
 */
[[nodiscard]] int acme_tokens_read(struct acme_challenges *list, struct slice text);

#endif
