#include "base/replace.h"

#include "base/clean.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

static int write_whole(int fd, struct slice bytes)
{
	while (bytes.len) {
		ssize_t n = write(fd, bytes.data, bytes.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		bytes = slice_skip(bytes, (size_t)n);
	}
	return 0;
}

int file_sync_directory(const char *path)
{
	CLEAN(closep) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fsync(fd) ? -errno : 0;
}

static int directory_of_sync(const char *path)
{
	char directory[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int len = slash ? (int)(slash - path) : 0;
	snprintf(directory, sizeof(directory), "%.*s", len, path);
	return file_sync_directory(slash ? (len ? directory : "/") : ".");
}

int file_replace(const char *path, mode_t mode, struct slice bytes)
{
	char name[PATH_MAX];
	if (snprintf(name, sizeof(name), "%s.XXXXXX", path) >= (int)sizeof(name))
		return -ENAMETOOLONG;
	CLEAN(closep) int fd = mkostemp(name, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int r = write_whole(fd, bytes);
	if (!r && (fchmod(fd, mode) || fsync(fd) || rename(name, path)))
		r = -errno;
	if (r) {
		unlink(name);
		return r;
	}
	return directory_of_sync(path);
}
