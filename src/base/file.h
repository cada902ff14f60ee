/* Whole files, of a size that is bounded. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/buf.h"

#include <time.h>

/* Appends all that fd still has. 0, -EFBIG (more than max bytes are in the buf), or what read()
 * says. */
[[nodiscard]] int file_read_fd(struct buf *b, int fd, size_t max);

/*
 * Appends a regular file. ret_time: when it was changed; NULL: not asked. 0, -EINVAL (no regular
 * file), -EFBIG, or what open() and read() say.
 */
[[nodiscard]] int file_read(struct buf *b, const char *path, size_t max, struct timespec *ret_time);

#endif
