/* Bytes that several processes share and none can change any more: a memfd under seals. */
#ifndef BASE_SEALED_H
#define BASE_SEALED_H

#include "base/slice.h"

/* name: for /proc. ret_fd: the caller's. 0 or a negative. */
[[nodiscard]] int sealed_new(int *ret_fd, const char *name, struct slice bytes);

enum { SEALED_BAD = 1 }; /* there is nothing in it */

/* All of fd, to read; fd stays the caller's. The caller unmaps it (munmap). 0, SEALED_BAD, or a
 * negative. */
[[nodiscard]] int sealed_map(void **ret_bytes, size_t *ret_len, int fd);

#endif
