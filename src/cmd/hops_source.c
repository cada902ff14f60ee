#include "cmd/hops_source.h"

#include "base/clean.h"
#include "base/err.h"
#include "hops/mbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

enum { BLOCK = 64 * 1024 };

/* What is read of one file. */
struct reading {
	const struct hops_source *source;
	int fd;
	bool is_mbox, has_begun, is_in_body;
	struct hops_header header;
	struct hops_mbox mbox;
	struct slice left; /* of block, not looked at */
	uint8_t block[BLOCK];
};

/* 0: there is something, or the end (then left is empty); or a negative errno. */
static int block_fill(struct reading *g)
{
	ssize_t n;
	do
		n = read(g->fd, g->block, sizeof(g->block));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno; /* the file's: told by who asked */
	g->left = slice_of(g->block, (size_t)n);
	return 0;
}

static void message_begin(struct reading *g)
{
	g->header = (struct hops_header){};
	g->is_in_body = false;
	hops_way_init(g->source->way, g->source->settings);
}

static int message_end(struct reading *g)
{
	struct hops_way *way = g->source->way;
	g->is_in_body = true;
	hops_way_finish(way);
	return err_up(g->source->message(g->source->owner, way));
}

/* At the end of the header nothing more is waited for. */
static int header_take(struct reading *g, size_t *ret_used)
{
	int result = hops_header_feed(&g->header, g->left, ret_used);
	if (!result)
		hops_way_add(g->source->way, &g->header);
	return g->header.state == HOPS_AT_END ? err_up(message_end(g)) : 0;
}

/* Looks at what is left of the block. 0, or what message() said. */
static int block_take(struct reading *g)
{
	int r = 0;
	while (!r && g->left.len && (!g->is_in_body || g->is_mbox)) {
		size_t used = 0;
		if (!g->is_in_body)
			r = header_take(g, &used);
		else if (!hops_mbox_skip(&g->mbox, g->left, &used))
			message_begin(g);
		g->left = slice_skip(g->left, used);
	}
	return err_up(r);
}

/* The file ended in a header: that is a message too. */
static int rest_take(struct reading *g)
{
	if (g->is_in_body)
		return 0;
	if (hops_header_finish(&g->header))
		hops_way_add(g->source->way, &g->header);
	return err_up(message_end(g));
}

static int file_read_all(struct reading *g, const char *path)
{
	message_begin(g);
	for (;;) {
		int r = block_fill(g);
		if (r) {
			g->source->fail(g->source->owner, path, -r);
			return 0;
		}
		if (!g->left.len)
			return err_up(rest_take(g));
		if (!g->has_begun)
			g->is_mbox |= hops_mbox_begins(g->left) && g->fd != STDIN_FILENO;
		g->has_begun = true;
		r = block_take(g);
		if (r || (g->is_in_body && !g->is_mbox))
			return err_up(r);
	}
}

static int fd_read(const struct hops_source *s, int fd, const char *path)
{
	CLEAN(freep) struct reading *g = calloc(1, sizeof(*g));
	if (!g)
		return err_raise(-ENOMEM);
	g->source = s;
	g->fd = fd;
	g->is_mbox = s->is_mbox;
	return err_up(file_read_all(g, path));
}

static int entry_read(const struct hops_source *s, int folder, const char *path, const char *name)
{
	CLEAN(closep) int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	if (fd < 0 || fstat(fd, &st)) {
		/* Delivered and moved on meanwhile. */
		if (errno != ENOENT)
			s->fail(s->owner, path, errno);
		return 0;
	}
	return S_ISREG(st.st_mode) ? err_up(fd_read(s, fd, path)) : 0;
}

/* All files of a folder, whose names do not begin with a dot. */
static int folder_read(const struct hops_source *s, int fd, const char *path)
{
	DIR *folder = fdopendir(fd);
	int r = 0;
	if (!folder) {
		int error = errno;
		close(fd);
		s->fail(s->owner, path, error);
		return 0;
	}
	for (struct dirent *entry; !r && (entry = readdir(folder));)
		if (entry->d_name[0] != '.')
			r = entry_read(s, dirfd(folder), path, entry->d_name);
	closedir(folder);
	return err_up(r);
}

/* A maildir's messages are in two folders of it. */
static int maildir_read(const struct hops_source *s, int fd, const char *path)
{
	static const char *const parts[] = { "new", "cur" };
	bool is_maildir = false;
	int r = 0;
	for (size_t i = 0; !r && i < COUNT_OF(parts); i++) {
		int part = openat(fd, parts[i], O_RDONLY | O_CLOEXEC | O_DIRECTORY);
		if (part < 0)
			continue;
		is_maildir = true;
		r = folder_read(s, part, path);
	}
	if (!r && !is_maildir)
		return err_up(folder_read(s, dup(fd), path));
	return err_up(r);
}

int hops_source_read(const struct hops_source *s, const char *path)
{
	if (!strcmp(path, "-"))
		return err_up(fd_read(s, STDIN_FILENO, path));
	CLEAN(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st)) {
		s->fail(s->owner, path, errno);
		return 0;
	}
	return err_up(S_ISDIR(st.st_mode) ? maildir_read(s, fd, path) : fd_read(s, fd, path));
}
