/* Whole files, of a size that is bounded. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/buf.h"

#include <stdbool.h>
#include <time.h>

enum { FILE_TOO_LONG = 1 };

/* Appends all that fd still has. 0, FILE_TOO_LONG (more than max bytes are in the buf), or the
 * errno of read(). */
[[nodiscard]] int file_read_fd(struct buf *b, int fd, size_t max);

/* All of it. 0 or a negative. */
[[nodiscard]] int file_write_fd(int fd, struct slice bytes);

/*
 * Of a regular file, to be read. -EINVAL: it is none (who opens a FIFO waits for its writer), or
 * the errno of open().
 */
[[nodiscard]] int file_open_read(const char *path);

/*
 * Appends a regular file. ret_time: when it was changed; NULL: not asked. 0, FILE_TOO_LONG, -EINVAL
 * (no regular file), or the errno of open() and read().
 */
[[nodiscard]] int file_read(struct buf *b, const char *path, size_t max, struct timespec *ret_time);

/* When it was changed, links followed. All 0: it is not there. */
struct timespec file_time(const char *path);
bool file_time_is_same(struct timespec a, struct timespec b);

/* What was returned, in words. */
const char *file_error(int r);

#endif
