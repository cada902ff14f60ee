#include "ask/anchor.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

enum { SEED_MAX = 64 * 1024 };

/* Whole or not at all: what is there is taken for what the root's keys have become. */
static int copy_write(const char *path, struct slice text)
{
	char name[512];
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

int anchor_keep(char *ret_path, size_t cap, const char *folder, const char *seed)
{
	CLEAN(buf_deinit) struct buf text = {};
	int r = file_read(&text, seed, SEED_MAX, NULL);
	if (r) {
		log_error(NULL, "the DNSSEC trust anchor cannot be read", kv_str("file", seed),
		          kv_str("error", file_error(r)),
		          kv_str("mend", "apt-get install dns-root-data, or set "
		                         "resolver.trust_anchor"));
		return err_up(r);
	}
	struct slice s = buf_slice(&text);
	snprintf(ret_path, cap, "%s/root-%016llx.key", folder,
	         (unsigned long long)hash_bytes(HASH_START, s.data, s.len));
	if (!access(ret_path, R_OK | W_OK))
		return 0;
	r = copy_write(ret_path, s);
	if (r)
		log_error(NULL, "the DNSSEC trust anchor cannot be kept", kv_str("file", ret_path),
		          kv_str("error", strerror(-r)));
	return r ? err_raise(r) : 0;
}
