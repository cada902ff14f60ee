/* The CA's directory: who may have it, what is in it. */
#include "pki/inside.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/file.h"
#include "base/replace.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

enum { FILE_MAX_LEN = 64 * 1024 * 1024 }; /* issued.log: a quarter of a million certificates */

int pki_fails(struct pki *p, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	if (!p->error[0])
		vsnprintf(p->error, sizeof(p->error), format, args);
	va_end(args);
	return PKI_FAILED;
}

void pki_path(const struct pki *p, const char *name, char ret_path[PKI_PATH_CAP])
{
	snprintf(ret_path, PKI_PATH_CAP, "%s/%.120s", p->dir, name);
}

void pki_root_path(const struct pki *p, unsigned number, const char *name,
                   char ret_path[PKI_PATH_CAP])
{
	snprintf(ret_path, PKI_PATH_CAP, "%s/root-%u/%.120s", p->dir, number, name);
}

int pki_file_read(struct pki *p, const char *path, struct buf *ret_bytes)
{
	int r = file_read(ret_bytes, path, FILE_MAX_LEN, NULL);
	return r ? pki_fails(p, "%s: %s", path, file_error(r)) : 0;
}

int pki_file_write(struct pki *p, const char *path, mode_t mode, struct slice bytes)
{
	int r = file_replace(path, mode, bytes);
	return r ? pki_fails(p, "%s: %s", path, strerror(-r)) : 0;
}

int pki_directory_check(struct pki *p, const char *path)
{
	struct stat st;
	if (lstat(path, &st))
		return pki_fails(p, "%s: %s", path, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return pki_fails(p, "%s: it is no directory", path);
	if (st.st_uid && st.st_uid != geteuid())
		return pki_fails(p, "%s: it belongs to user %u; chown it to who runs this", path,
		                 (unsigned)st.st_uid);
	if (st.st_mode & 022)
		return pki_fails(p, "%s: others can write into it; chmod 700 %s, and look who did",
		                 path, path);
	return 0;
}

int pki_directory_ensure(struct pki *p, const char *path)
{
	struct stat st;
	if (lstat(path, &st) && mkdir(path, 0700) && errno != EEXIST)
		return pki_fails(p, "%s: %s%s", path, strerror(errno),
		                 errno == ENOENT ? "; make the directory above it first (mkdir -p)"
		                                 : "");
	return pki_directory_check(p, path);
}

static void dir_closep(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static void root_deinit(struct pki_root *root)
{
	buf_deinit(&root->root);
	buf_deinit(&root->issuing);
	buf_deinit(&root->cross);
	*root = (struct pki_root){};
}

static void roots_deinit(struct pki *p)
{
	while (p->root_count)
		root_deinit(&p->roots[--p->root_count]);
}

static int root_read(struct pki *p, struct pki_root *root, unsigned number)
{
	char path[PKI_PATH_CAP];
	struct tls_ca_facts facts = {};
	root->number = number;
	pki_root_path(p, number, "root.crt", path);
	int r = pki_file_read(p, path, &root->root);
	pki_root_path(p, number, "cross.crt", path);
	if (!r && !access(path, F_OK))
		r = pki_file_read(p, path, &root->cross);
	pki_root_path(p, number, "issuing.crt", path);
	if (!r)
		r = pki_file_read(p, path, &root->issuing);
	if (!r)
		r = tls_ca_facts_read(&facts, buf_slice(&root->issuing));
	if (r == TLS_CA_BAD_CERTIFICATE)
		return pki_fails(p, "%s: %s", path, tls_ca_result_words(r));
	snprintf(root->issuing_serial, sizeof(root->issuing_serial), "%s", facts.serial);
	root->not_after_s = facts.not_after_s;
	tls_ca_facts_deinit(&facts);
	return r;
}

static int numbers_read(struct pki *p, unsigned ret_numbers[PKI_ROOTS_MAX], size_t *ret_count)
{
	CLEAN(dir_closep) DIR *dir = opendir(p->dir);
	size_t count = 0;
	if (!dir)
		return pki_fails(p, "%s: %s", p->dir, strerror(errno));
	for (struct dirent *entry; (entry = readdir(dir));) {
		unsigned number;
		char end;
		if (sscanf(entry->d_name, "root-%5u%c", &number, &end) != 1)
			continue;
		if (count == PKI_ROOTS_MAX)
			return pki_fails(p, "%s: more than two roots in it", p->dir);
		ret_numbers[count++] = number;
	}
	*ret_count = count;
	return 0;
}

int pki_roots_read(struct pki *p)
{
	unsigned numbers[PKI_ROOTS_MAX] = {};
	size_t count = 0;
	int r = numbers_read(p, numbers, &count);
	if (count == 2 && numbers[0] > numbers[1]) {
		unsigned first = numbers[1];
		numbers[1] = numbers[0];
		numbers[0] = first;
	}
	roots_deinit(p);
	for (size_t i = 0; !r && i < count; i++)
		r = root_read(p, &p->roots[p->root_count++], numbers[i]);
	return r;
}

int pki_key_read(struct pki *p, unsigned number, const char *name, struct slice passphrase,
                 struct tls_ca_key **ret_key)
{
	char path[PKI_PATH_CAP];
	struct stat st;
	CLEAN(buf_deinit_secret) struct buf pem = {};
	pki_root_path(p, number, name, path);
	int r = pki_file_read(p, path, &pem);
	if (r)
		return r;
	if (stat(path, &st) || st.st_mode & 077)
		return pki_fails(
			p, "%s: others may read it; chmod 600 it, and think of it as known", path);
	r = tls_ca_key_read(ret_key, buf_slice(&pem), passphrase);
	if (r > 0)
		return pki_fails(p, "%s: %s", path, tls_ca_result_words(r));
	return err_up(r);
}

int pki_issuing_key(struct pki *p, struct tls_ca_key **ret_key)
{
	return pki_key_read(p, pki_root_current(p)->number, "issuing.key", (struct slice){},
	                    ret_key);
}

static int lock(struct pki *p)
{
	char path[PKI_PATH_CAP];
	pki_path(p, "lock", path);
	p->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (p->lock_fd < 0)
		return pki_fails(p, "%s: %s", path, strerror(errno));
	if (flock(p->lock_fd, LOCK_EX | LOCK_NB))
		return pki_fails(p, "%s: another one changes the CA now; try again", path);
	return 0;
}

static int journal_read(struct pki *p)
{
	char path[PKI_PATH_CAP];
	CLEAN(buf_deinit) struct buf text = {};
	unsigned line = 0;
	pki_path(p, "issued.log", path);
	int r = pki_file_read(p, path, &text);
	if (!r)
		r = pki_journal_read(&p->journal, buf_slice(&text), &line);
	if (r == PKI_JOURNAL_BAD && !p->error[0])
		return pki_fails(p, "%s:%u: it is no line of this log; restore it from a backup",
		                 path, line);
	return r;
}

/* Behind what a crash left of a line, a new one begins. */
int pki_journal_append(struct pki *p, struct slice lines)
{
	char path[PKI_PATH_CAP];
	pki_path(p, "issued.log", path);
	CLEAN(closep) int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return pki_fails(p, "%s: %s", path, strerror(errno));
	if (p->journal.is_torn) {
		CLEAN(buf_deinit) struct buf text = {};
		int r = file_read_fd(&text, fd, FILE_MAX_LEN);
		size_t whole = buf_len(&text);
		while (whole && buf_slice(&text).data[whole - 1] != '\n')
			whole--;
		if (r || ftruncate(fd, (off_t)whole))
			return pki_fails(p, "%s: %s", path, r ? file_error(r) : strerror(errno));
		p->journal.is_torn = false;
	}
	ssize_t n = write(fd, lines.data, lines.len);
	if (n != (ssize_t)lines.len || fsync(fd))
		return pki_fails(p, "%s: %s", path, n < 0 ? strerror(errno) : "not written");
	int r = file_sync_directory(p->dir);
	return r ? pki_fails(p, "%s: %s", p->dir, strerror(-r)) : 0;
}

int pki_open(struct pki *p, const char *dir, enum pki_access access)
{
	struct stat st;
	*p = (struct pki){ .lock_fd = -1 };
	if (snprintf(p->dir, sizeof(p->dir), "%s", dir) >= PKI_DIR_CAP)
		return pki_fails(p, "%.64s...: too long a name", dir);
	if (lstat(p->dir, &st) && errno == ENOENT)
		return pki_fails(p,
		                 "%s: there is no CA; mailseal pki init makes one, or --dir says "
		                 "where it is",
		                 p->dir);
	int r = pki_directory_check(p, p->dir);
	if (!r && access == PKI_CHANGE)
		r = lock(p);
	if (!r)
		r = pki_roots_read(p);
	if (!r && !p->root_count)
		return pki_fails(p, "%s: there is no CA in it; mailseal pki init makes one",
		                 p->dir);
	return r ? r : journal_read(p);
}

void pki_deinit(struct pki *p)
{
	roots_deinit(p);
	pki_journal_deinit(&p->journal);
	if (p->lock_fd >= 0)
		close(p->lock_fd);
	p->lock_fd = -1;
}

const struct pki_root *pki_root_current(const struct pki *p)
{
	return p->root_count ? &p->roots[p->root_count - 1] : NULL;
}
