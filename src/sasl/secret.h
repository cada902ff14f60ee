/* Growing a buf that may hold a password: no copy of it stays in freed memory. */
#ifndef SASL_SECRET_H
#define SASL_SECRET_H

#include "base/buf.h"

/* As buf_add(), but memory given up on the way is wiped. 0 or -ENOMEM. */
[[nodiscard]] int sasl_secret_add(struct buf *b, struct slice s);

/* Forgets and wipes all that is in it, and gives the memory back. */
void sasl_secret_clear(struct buf *b);

#endif
