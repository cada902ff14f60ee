#include "parent/rollover_files.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "conf/materials.h"
#include "parent/acme_files.h"
#include "tls/label.h"
#include "tls/server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PATH_CAP = PARENT_ACME_PATH_CAP, CHAIN_MAX = 256 * 1024 };

#define NEW_KEY_FILE "next.pem.new" /* keys may die while it writes */

static void path_of(const struct conf_settings *s, const struct conf_certificate *c,
                    const char *file, char ret_path[PATH_CAP])
{
	conf_certificate_file_path(s, c, file, ret_path, PATH_CAP);
}

static void file_remove(const struct conf_settings *s, const struct conf_certificate *c,
                        const char *file)
{
	char path[PATH_CAP];
	path_of(s, c, file, path);
	if (unlink(path) && errno != ENOENT)
		log_warn(NULL, "a file of a rollover cannot be removed", kv_str("file", path),
		         kv_str("error", strerror(errno)));
}

/* 0 or a negative. */
static int file_move(const struct conf_settings *s, const struct conf_certificate *c,
                     const char *from, const char *to)
{
	char old[PATH_CAP], new[PATH_CAP];
	path_of(s, c, from, old);
	path_of(s, c, to, new);
	return rename(old, new) ? err_raise(-errno) : 0;
}

/* Names that were changed are on the disk before the next ones are. */
static int folder_sync(const struct conf_settings *s, const struct conf_certificate *c)
{
	char path[PATH_CAP];
	path_of(s, c, ".", path);
	CLEAN(closep) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fsync(fd) ? err_raise(-errno) : 0;
}

/* --- the plan --- */

int parent_rollover_file_read(const struct conf_settings *s, const struct conf_certificate *c,
                              struct rollover *ret_r)
{
	CLEAN(buf_deinit) struct buf text = {};
	char path[PATH_CAP];
	*ret_r = (struct rollover){};
	path_of(s, c, CONF_ROLLOVER_FILE, path);
	if (access(path, F_OK))
		return errno == ENOENT || errno == ENOTDIR ? 0 : err_raise(-errno);
	if (file_read(&text, path, ROLLOVER_TEXT_MAX, NULL))
		return ROLLOVER_BAD;
	return rollover_read(ret_r, buf_slice(&text));
}

int parent_rollover_file_write(const struct conf_settings *s, const struct conf_certificate *c,
                               const struct rollover *r)
{
	CLEAN(buf_deinit) struct buf text = {};
	char path[PATH_CAP];
	path_of(s, c, CONF_ROLLOVER_FILE, path);
	int e = rollover_write(&text, r);
	return e ? err_up(e) : err_up(parent_acme_file_write(path, buf_slice(&text)));
}

/* --- the next key --- */

/* By another name or by none: the very file. */
static bool is_key_in_use(const struct conf_settings *s, const struct conf_certificate *c)
{
	char next[PATH_CAP], key[PATH_CAP];
	struct stat a, b;
	path_of(s, c, CONF_NEXT_KEY_FILE, next);
	conf_certificate_key_path(s, c, key, sizeof(key));
	return !stat(next, &a) && !stat(key, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

int parent_rollover_key_prepare(const struct conf_settings *s, const struct conf_certificate *c,
                                char *ret_path, size_t cap)
{
	int r = parent_acme_folder_make(s, c->name);
	if (r)
		return err_up(r);
	if (is_key_in_use(s, c))
		return PARENT_ROLLOVER_IN_USE;
	parent_rollover_files_remove(s, c);
	conf_certificate_file_path(s, c, NEW_KEY_FILE, ret_path, cap);
	return 0;
}

int parent_rollover_key_keep(const struct conf_settings *s, const struct conf_certificate *c,
                             struct slice request)
{
	char path[PATH_CAP];
	path_of(s, c, CONF_NEXT_REQUEST_FILE, path);
	int r = c->acme ? 0 : parent_acme_file_write(path, request);
	if (!r)
		r = file_move(s, c, NEW_KEY_FILE, CONF_NEXT_KEY_FILE);
	return r ? err_up(r) : err_up(folder_sync(s, c));
}

/* The chain goes first: one without its key would be taken for a switch that was cut off. */
void parent_rollover_files_remove(const struct conf_settings *s, const struct conf_certificate *c)
{
	file_remove(s, c, CONF_NEXT_CHAIN_FILE);
	file_remove(s, c, CONF_NEXT_REQUEST_FILE);
	file_remove(s, c, NEW_KEY_FILE);
	if (!is_key_in_use(s, c))
		file_remove(s, c, CONF_NEXT_KEY_FILE);
	file_remove(s, c, CONF_ROLLOVER_FILE);
}

/* --- from one pair to the next --- */

bool parent_rollover_is_issued(const struct conf_settings *s, const struct conf_certificate *c,
                               const uint8_t *spki)
{
	CLEAN(buf_deinit) struct buf pem = {};
	char path[PATH_CAP];
	uint8_t digest[ROLLOVER_DIGEST_LEN];
	struct tls_label label = {};
	int64_t now_s = time(NULL);
	path_of(s, c, CONF_NEXT_CHAIN_FILE, path);
	if (access(path, F_OK))
		return false;
	bool is_well = !file_read(&pem, path, CHAIN_MAX, NULL) &&
	               !tls_chain_public_digest(buf_slice(&pem), digest) &&
	               memcmp(digest, spki, sizeof(digest)) == 0 &&
	               !tls_label_read(&label, buf_slice(&pem)) && now_s >= label.not_before_s &&
	               now_s < label.not_after_s;
	tls_label_deinit(&label);
	if (!is_well)
		file_remove(s, c, CONF_NEXT_CHAIN_FILE);
	return is_well;
}

static int previous_keep(const struct conf_settings *s, const struct conf_certificate *c)
{
	char key[PATH_CAP], previous[PATH_CAP];
	path_of(s, c, CONF_KEY_FILE, key);
	path_of(s, c, CONF_PREVIOUS_KEY_FILE, previous);
	file_remove(s, c, CONF_PREVIOUS_KEY_FILE);
	return link(key, previous) ? err_raise(-errno) : 0;
}

int parent_rollover_files_switch(const struct conf_settings *s, const struct conf_certificate *c)
{
	int r = previous_keep(s, c);
	if (!r)
		r = file_move(s, c, CONF_NEXT_KEY_FILE, CONF_KEY_FILE);
	if (!r)
		r = folder_sync(s, c);
	if (!r)
		r = file_move(s, c, CONF_NEXT_CHAIN_FILE, CONF_CHAIN_FILE);
	return r ? err_up(r) : err_up(folder_sync(s, c));
}

void parent_rollover_files_mend(const struct conf_settings *s, const struct conf_certificate *c)
{
	char key[PATH_CAP], chain[PATH_CAP];
	path_of(s, c, CONF_NEXT_KEY_FILE, key);
	path_of(s, c, CONF_NEXT_CHAIN_FILE, chain);
	if (access(chain, F_OK) || !access(key, F_OK))
		return;
	int r = file_move(s, c, CONF_NEXT_CHAIN_FILE, CONF_CHAIN_FILE);
	if (r)
		log_error(NULL, "a rollover that was cut off cannot go on", kv_str("file", chain),
		          kv_str("error", strerror(-r)));
	else
		log_notice(NULL, "a rollover that was cut off went on",
		           kv_str("certificate", c->name));
}

void parent_rollover_previous_remove(const struct conf_settings *s,
                                     const struct conf_certificate *c)
{
	file_remove(s, c, CONF_PREVIOUS_KEY_FILE);
}
