/* Files that are there whole or not at all, also after a crash. */
#ifndef BASE_REPLACE_H
#define BASE_REPLACE_H

#include "base/slice.h"

#include <sys/types.h>

/*
 * Puts bytes in the place of path: written beside it, synced, renamed, the directory synced. mode
 * is what the file has, whatever the umask. 0, or what open(), write(), fsync() and rename() say;
 * then the old file is still there.
 */
[[nodiscard]] int file_replace(const char *path, mode_t mode, struct slice bytes);

/* What was renamed or deleted in this directory is on disk. 0, or what open() and fsync() say. */
[[nodiscard]] int file_sync_directory(const char *path);

#endif
