/* Files beneath the root, each read once. */
#include "base/file.h"
#include "base/clean.h"
#include "base/err.h"
#include "servers/reader.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool is_own_root(const struct servers *s)
{
	return !strcmp(s->root, "/");
}

/* A descriptor, or a negative errno. A link that leads out of the root is followed within it: the
 * tree may be anybody's. */
static int open_beneath(const struct servers *s, const char *path, int flags)
{
	/* openat2() takes neither beside O_PATH. */
	flags |= flags & O_PATH ? O_CLOEXEC : O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	if (is_own_root(s)) {
		int fd = open(path, flags);
		return fd < 0 ? -errno : fd;
	}
	CLEAN(closep) int root = open(s->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -errno;
	struct open_how how = { .flags = (uint64_t)flags, .resolve = RESOLVE_IN_ROOT };
	long fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
	return fd < 0 ? -errno : (int)fd;
}

bool servers_is_there(const struct servers *s, const char *path)
{
	CLEAN(closep) int fd = open_beneath(s, path, O_PATH);
	return fd >= 0;
}

const char *servers_real_path(struct servers *s, const char *path)
{
	char link[64], root[PATH_MAX], real[PATH_MAX];
	CLEAN(closep) int fd = open_beneath(s, path, O_PATH);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t len = fd < 0 ? -1 : readlink(link, real, sizeof(real));
	if (len < 0 || !realpath(s->root, root))
		return servers_text_str(s, path);
	size_t skip = strcmp(root, "/") != 0 ? strlen(root) : 0;
	bool is_beneath = (size_t)len > skip && !memcmp(real, root, skip) && real[skip] == '/';
	return is_beneath ? servers_text(s, slice_of(real + skip, (size_t)len - skip))
	                  : servers_text_str(s, path);
}

const struct servers_file *servers_file_find(const struct servers *s, const char *path)
{
	const struct servers_file *file = s->files;
	while (file && strcmp(file->path, path) != 0)
		file = file->next;
	return file;
}

struct slice servers_lines_at(const struct servers *s, const struct servers_place *place)
{
	const struct servers_file *file = servers_file_find(s, place->path);
	struct slice text = file ? buf_slice(&file->text) : (struct slice){};
	struct slice line;
	for (unsigned i = 1; i < place->line; i++)
		(void)slice_line_next(&text, &line);
	struct slice rest = text;
	for (unsigned i = 0; i < place->lines; i++)
		(void)slice_line_next(&rest, &line);
	return slice_head(text, text.len - rest.len);
}

/* 0, FILE_TOO_LONG or a negative errno: that of the file, which is told. */
static int text_read(struct servers *s, const char *path, struct buf *ret_text)
{
	CLEAN(closep) int fd = open_beneath(s, path, O_RDONLY);
	struct stat about;
	if (fd < 0)
		return fd;
	if (fstat(fd, &about))
		return -errno;
	if (S_ISDIR(about.st_mode))
		return -EISDIR;
	if (!S_ISREG(about.st_mode))
		return -EINVAL;
	return file_read_fd(ret_text, fd, SERVERS_FILE_MAX);
}

static int keep(struct servers *s, const char *path, struct buf *text,
                struct servers_file **ret_file)
{
	struct servers_file *file = calloc(1, sizeof(*file));
	if (!file)
		return err_raise(-ENOMEM);
	file->path = servers_text_str(s, path);
	if (!file->path) {
		free(file);
		return err_raise(-ENOMEM);
	}
	file->text = *text;
	*text = (struct buf){};
	file->next = s->files;
	s->files = file;
	s->file_count++;
	s->file_total += buf_len(&file->text);
	*ret_file = file;
	return 0;
}

int servers_file_put(struct servers *s, const char *path, struct slice text)
{
	CLEAN(buf_deinit) struct buf copy = {};
	struct servers_file *file = NULL;
	int r = buf_add(&copy, text);
	return r ? err_up(r) : err_up(keep(s, path, &copy, &file));
}

static int refuse(struct servers *s, const char *path, const char *why)
{
	int r = servers_fault(s, path, 0, "%s", why);
	return r ? err_up(r) : SERVERS_FILE_UNREADABLE;
}

int servers_open(struct servers *s, const char *path, struct servers_file **ret_file)
{
	struct servers_file *known = (struct servers_file *)servers_file_find(s, path);
	if (known) {
		*ret_file = known;
		return 0;
	}
	if (s->file_count >= SERVERS_FILES_MAX || s->file_total >= SERVERS_TOTAL_MAX)
		return refuse(s, path, "too many files are read already");
	CLEAN(buf_deinit) struct buf text = {};
	int r = text_read(s, path, &text);
	if (r == -ENOENT || r == -ENOTDIR)
		return SERVERS_FILE_ABSENT;
	if (r == -ENOMEM)
		return err_up(r);
	if (r)
		return refuse(s, path, r == FILE_TOO_LONG ? "longer than 4 MiB" : strerror(-r));
	r = keep(s, path, &text, ret_file);
	return err_up(r);
}

/* --- patterns --- */

struct names {
	char **names;
	size_t count;
};

static void names_deinit(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->names[i]);
	free(names->names);
}

static int names_add(struct names *names, const char *name)
{
	char **grown = reallocarray(names->names, names->count + 1, sizeof(char *));
	if (!grown)
		return err_raise(-ENOMEM);
	names->names = grown;
	names->names[names->count] = strdup(name);
	if (!names->names[names->count])
		return err_raise(-ENOMEM);
	names->count++;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A folder that is not there has no names. */
static int names_read(struct servers *s, const char *folder, const char *pattern,
                      struct names *names)
{
	int fd = open_beneath(s, folder, O_RDONLY | O_DIRECTORY);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int r = 0;
	if (!dir) {
		closep(&fd);
		return 0;
	}
	for (struct dirent *entry; !r && (entry = readdir(dir));)
		if (!fnmatch(pattern, entry->d_name, FNM_PERIOD) &&
		    names->count < SERVERS_FILES_MAX)
			r = names_add(names, entry->d_name);
	closedir(dir);
	if (names->count)
		qsort(names->names, names->count, sizeof(char *), by_name);
	return err_up(r);
}

int servers_glob(struct servers *s, const char *pattern, int (*fn)(void *owner, const char *path),
                 void *owner)
{
	const char *slash = strrchr(pattern, '/');
	if (!slash)
		return 0;
	CLEAN(freep) char *folder = strndup(pattern, (size_t)(slash - pattern + 1));
	CLEAN(names_deinit) struct names names = {};
	if (!folder)
		return err_raise(-ENOMEM);
	int r = names_read(s, folder, slash + 1, &names);
	for (size_t i = 0; !r && i < names.count; i++) {
		const char *path = servers_text_printf(s, "%s%s", folder, names.names[i]);
		r = path ? fn(owner, path) : err_raise(-ENOMEM);
	}
	return r;
}
