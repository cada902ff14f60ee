/*
 * What the MTA is told: the far end's words with the host named, or our own (RFC 5321 4.2, RFC
 * 3463). "CODE X.Y.Z host[address] said: TEXT", every line of it. Pure.
 */
#ifndef RELAY_WORDS_H
#define RELAY_WORDS_H

#include "smtp/reply.h"

/* The far end's reply; an enhanced code that it has not is CLASS.0.0. 0 or -ENOMEM. */
[[nodiscard]] int relay_words_pass(struct buf *out, const struct smtp_reply *reply,
                                   const char *host, const char *address);

/* Our own. code: "451 4.4.1"; address may be NULL. 0 or -ENOMEM. */
[[nodiscard]] int relay_words_own(struct buf *out, const char *code, const char *host,
                                  const char *address, const char *text);

#endif
