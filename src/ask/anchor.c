#include "ask/anchor.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SEED_MAX = 64 * 1024 };

/* Whole or not at all: what is there is taken for what the root's keys have become. */
static int copy_write(const char *path, struct slice text)
{
	char name[PATH_MAX + 40];
	snprintf(name, sizeof(name), "%s.new", path);
	CLEAN(closep) int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	ssize_t n = write(fd, text.data, text.len);
	if (n != (ssize_t)text.len)
		return n < 0 ? -errno : -ENOSPC;
	if (fsync(fd) || rename(name, path))
		return -errno;
	return 0;
}

static int seed_read(struct buf *ret_text, const char *seed)
{
	int r = file_read(ret_text, seed, SEED_MAX, NULL);
	if (r)
		log_error(NULL, "the DNSSEC trust anchor cannot be read", kv_str("file", seed),
		          kv_str("error", file_error(r)),
		          kv_str("mend", "apt-get install dns-root-data, or set "
		                         "resolver.trust_anchor"));
	return err_up(r);
}

static int seed_take(struct anchor *a, const char *seed, struct slice text)
{
	int fd; /* stays open as long as the process */
	int r = sealed_new(&fd, "mailseal-anchor", text);
	if (r)
		return err_up(r);
	snprintf(a->path, sizeof(a->path), "/proc/self/fd/%d", fd);
	log_error(NULL, "the DNSSEC trust anchor is not kept up to date", kv_str("file", seed),
	          kv_str("error", strerror(ENOSPC)),
	          kv_str("mend", "free space; until then this file is taken as it is"));
	return 0;
}

static int copy_keep(struct anchor *a, const char *folder, struct slice text)
{
	struct stat st;
	snprintf(a->path, sizeof(a->path), "%s/root-%016llx.key", folder,
	         (unsigned long long)hash_bytes(HASH_START, text.data, text.len));
	/* One of nothing is what a full disk left. */
	if (!access(a->path, R_OK | W_OK) && !stat(a->path, &st) && st.st_size)
		return 0;
	int r = copy_write(a->path, text);
	if (r)
		log_error(NULL, "the DNSSEC trust anchor cannot be kept", kv_str("file", a->path),
		          kv_str("error", strerror(-r)));
	return r ? err_raise(r) : 0;
}

int anchor_keep(struct anchor *ret_anchor, const struct anchor_settings *set)
{
	CLEAN(buf_deinit) struct buf text = {};
	int r = seed_read(&text, set->seed);
	if (r)
		return err_up(r);
	ret_anchor->is_kept = set->has_room;
	return err_up(set->has_room ? copy_keep(ret_anchor, set->folder, buf_slice(&text))
	                            : seed_take(ret_anchor, set->seed, buf_slice(&text)));
}
