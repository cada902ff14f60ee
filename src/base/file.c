#include "base/file.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 16384 };

int file_read_fd(struct buf *b, int fd, size_t max)
{
	for (;;) {
		uint8_t *at;
		int r = buf_reserve(b, PIECE, &at);
		if (r)
			return err_up(r);
		ssize_t n = read(fd, at, PIECE);
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		buf_commit(b, (size_t)n);
		if (buf_len(b) > max)
			return FILE_TOO_LONG;
	}
}

int file_open_read(const char *path)
{
	struct stat st;
	CLEAN(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st))
		return -errno;
	return S_ISREG(st.st_mode) ? TAKE_FD(fd) : -EINVAL;
}

int file_read(struct buf *b, const char *path, size_t max, struct timespec *ret_time)
{
	struct stat st;
	CLEAN(closep) int fd = file_open_read(path);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st))
		return -errno;
	if (ret_time)
		*ret_time = st.st_mtim;
	return file_read_fd(b, fd, max);
}

struct timespec file_time(const char *path)
{
	struct stat st = {};
	return stat(path, &st) ? (struct timespec){} : st.st_mtim;
}

bool file_time_is_same(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

const char *file_error(int r)
{
	return r == FILE_TOO_LONG ? "longer than is read" : strerror(-r);
}

int file_write_fd(int fd, struct slice bytes)
{
	while (bytes.len) {
		ssize_t n = write(fd, bytes.data, bytes.len);
		if (n < 0)
			return err_raise(-errno);
		bytes = slice_skip(bytes, (size_t)n);
	}
	return 0;
}
