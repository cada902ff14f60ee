/*
 * Files that change whole or not at all, and are on the disk when a call returns: a crash finds the
 * one before or the one after.
 */
#ifndef UP_DISK_H
#define UP_DISK_H

#include "base/buf.h"

#include <sys/types.h>

enum { UP_DISK_FILE_MAX = 4 * 1024 * 1024 };

struct up_owner {
	mode_t mode; /* permissions alone */
	uid_t uid;
	gid_t gid;
};

enum { UP_DISK_ABSENT = 1 };

/* Appends a regular file. ret_owner: may be NULL. 0, UP_DISK_ABSENT, or what open() and read() say
 * (-EINVAL: no regular file). */
[[nodiscard]] int up_disk_read(struct buf *out, const char *path, struct up_owner *ret_owner);

/* Puts it there, whether there was one or not (whose access list and labels it keeps); its folder
 * has to be there. path must not be a symbolic link. 0, or what the calls said. */
[[nodiscard]] int up_disk_put(const char *path, struct slice bytes, const struct up_owner *owner);

/* Also fine if it is not there. */
[[nodiscard]] int up_disk_remove(const char *path);

/* Makes a folder; *ret_is_new: it was not there. Its parents have to be there. */
[[nodiscard]] int up_disk_folder(const char *path, mode_t mode, bool *ret_is_new);

/* The entries of the folder that has this file reach the disk. */
[[nodiscard]] int up_disk_sync_folder(const char *path);

#endif
