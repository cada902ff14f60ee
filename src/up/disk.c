#include "up/disk.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>

enum { ATTRIBUTE_MAX = 4096 }; /* bytes of one, and of all names */

int up_disk_read(struct buf *out, const char *path, struct up_owner *ret_owner)
{
	struct stat st;
	CLEAN(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		return UP_DISK_ABSENT;
	if (fd < 0 || fstat(fd, &st))
		return err_raise(-errno);
	if (!S_ISREG(st.st_mode))
		return err_raise(-EINVAL);
	if (ret_owner)
		*ret_owner = (struct up_owner){ st.st_mode & 07777, st.st_uid, st.st_gid };
	int r = file_read_fd(out, fd, UP_DISK_FILE_MAX);
	return r == FILE_TOO_LONG ? err_raise(-EFBIG) : err_up(r);
}

int up_disk_sync_folder(const char *path)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int len = slash == path ? 1 : slash ? (int)(slash - path) : 0;
	snprintf(folder, sizeof(folder), "%.*s", len ? len : 1, len ? path : ".");
	CLEAN(closep) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd))
		return err_raise(-errno);
	return 0;
}

static int bytes_write(int fd, struct slice bytes)
{
	while (bytes.len) {
		ssize_t n = write(fd, bytes.data, bytes.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_raise(-errno);
		bytes = slice_skip(bytes, (size_t)n);
	}
	return 0;
}

/* Owner first: a change of it takes set-id bits away. */
static int file_fill(int fd, struct slice bytes, const struct up_owner *owner)
{
	int r = bytes_write(fd, bytes);
	if (r)
		return err_up(r);
	if (fchown(fd, owner->uid, owner->gid) || fchmod(fd, owner->mode) || fsync(fd))
		return err_raise(-errno);
	return 0;
}

/* Access lists and labels, as far as the file system has such. The mode comes after them: it is a
 * part of an access list. */
static void attribute_copy(int from, int to, const char *name)
{
	char value[ATTRIBUTE_MAX];
	ssize_t len = fgetxattr(from, name, value, sizeof(value));
	if (len >= 0)
		(void)!fsetxattr(to, name, value, (size_t)len, 0);
}

static void attributes_copy(const char *path, int to)
{
	char names[ATTRIBUTE_MAX];
	CLEAN(closep) int from = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	ssize_t len = from < 0 ? -1 : flistxattr(from, names, sizeof(names));
	for (ssize_t at = 0; at < len; at += (ssize_t)strlen(names + at) + 1)
		attribute_copy(from, to, names + at);
}

int up_disk_put(const char *path, struct slice bytes, const struct up_owner *owner)
{
	char temporary[PATH_MAX];
	if ((size_t)snprintf(temporary, sizeof(temporary), "%s.mailseal-new", path) >=
	    sizeof(temporary))
		return err_raise(-ENAMETOOLONG);
	/* Of a run that was ended in the midst of it. */
	if (unlink(temporary) && errno != ENOENT)
		return err_raise(-errno);
	CLEAN(closep)
	int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_raise(-errno);
	attributes_copy(path, fd);
	int r = file_fill(fd, bytes, owner);
	if (!r && rename(temporary, path))
		r = err_raise(-errno);
	if (r) {
		unlink(temporary);
		return err_up(r);
	}
	return err_up(up_disk_sync_folder(path));
}

int up_disk_remove(const char *path)
{
	if (unlink(path))
		return errno == ENOENT ? 0 : err_raise(-errno);
	return err_up(up_disk_sync_folder(path));
}

int up_disk_folder(const char *path, mode_t mode, bool *ret_is_new)
{
	*ret_is_new = !mkdir(path, mode);
	if (!*ret_is_new)
		return errno == EEXIST ? 0 : err_raise(-errno);
	if (chmod(path, mode)) /* whatever the umask is */
		return err_raise(-errno);
	return err_up(up_disk_sync_folder(path));
}
