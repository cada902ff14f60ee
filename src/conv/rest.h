/*
 * A conversation at rest: its session is spliced, nobody speaks to it any more, and what it knows
 * is wanted again for the record. Kept in a sixth of its memory.
 */
#ifndef CONV_REST_H
#define CONV_REST_H

#include "conv/conv.h"

struct sparse;

/*
 * Frees *c and sets it to NULL; ret_rest is the caller's, for sparse_free(). What the protocol has
 * of its own is gone. Nothing may wait in out[]. 0, or -ENOMEM: then *c is as it was.
 */
[[nodiscard]] int conv_rest(struct sparse **ret_rest, struct conv **c);

/* What all conversations share, as it was, to look at: nobody's memory but the caller's. */
void conv_rest_read(const struct sparse *rest, struct conv *ret_c);

/* As it was before, for the end: conv_end() and what the record wants; it is fed no more. Frees
 * rest on success. 0 or -ENOMEM. */
[[nodiscard]] int conv_wake(struct conv **ret_c, struct sparse *rest);

#endif
