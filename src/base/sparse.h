/*
 * Memory that is mostly zeros, kept without them: of each eight bytes in which something is, those
 * eight, and for all a bit. For structures that rest for hours.
 */
#ifndef BASE_SPARSE_H
#define BASE_SPARSE_H

#include <stddef.h>

struct sparse;

/* A copy of len bytes. NULL: no memory. */
struct sparse *sparse_new(const void *bytes, size_t len);

/* Wipes it first. */
void sparse_free(struct sparse *s);

/* The first len bytes, as they were; what is behind the end of the copy is zero. */
void sparse_read(const struct sparse *s, void *ret_bytes, size_t len);

/* What it takes, for tests. */
size_t sparse_size(const struct sparse *s);

#endif
