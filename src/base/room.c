#include "base/room.h"

#include "base/clean.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <unistd.h>

static int zeros_write(int fd, size_t len)
{
	static const char zeros[4096];
	while (len) {
		size_t part = len < sizeof(zeros) ? len : sizeof(zeros);
		ssize_t n = write(fd, zeros, part);
		if (n < 0)
			return -errno;
		len -= (size_t)n;
	}
	return 0;
}

bool room_is_there(const char *folder, size_t len)
{
	char name[PATH_MAX + 8];
	snprintf(name, sizeof(name), "%s/room", folder);
	CLEAN(closep)
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : zeros_write(fd, len);
	unlink(name);
	return r != -ENOSPC && r != -EDQUOT;
}

bool room_seems_there(const char *folder, size_t len)
{
	struct statvfs fs;
	if (statvfs(folder, &fs))
		return true;
	bool has_file = fs.f_favail || !fs.f_files; /* some have no number of files */
	return has_file && fs.f_bavail >= len / fs.f_frsize + 1;
}
