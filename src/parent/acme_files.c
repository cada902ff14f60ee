#include "parent/acme_files.h"

#include "acme/names.h"
#include "base/clean.h"
#include "base/err.h"
#include "base/file.h"
#include "conf/materials.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Each client is sent the chain, and some take no more than 32 KiB of it: in PEM 40 KiB are less.
 */
enum { ISSUED_MAX = 40 * 1024, RECORD_MAX = 4096, FOLDER_CAP = 128 };

#define RECORD_FILE "order"
#define REQUESTS_FOLDER "requests" /* in the client's */

static int folder_make(const char *path)
{
	return mkdir(path, 0700) && errno != EEXIST ? err_raise(-errno) : 0;
}

int parent_acme_folder_make(const struct conf_settings *s, const char *name)
{
	char path[PARENT_ACME_PATH_CAP];
	snprintf(path, sizeof(path), "%s/" CONF_CERTIFICATES_FOLDER, s->state_dir);
	int r = folder_make(path);
	if (r)
		return err_up(r);
	snprintf(path, sizeof(path), "%s/" CONF_CERTIFICATES_FOLDER "/%s", s->state_dir, name);
	return err_up(folder_make(path));
}

int parent_acme_file_write(const char *path, struct slice bytes)
{
	char made[PARENT_ACME_PATH_CAP + 8];
	snprintf(made, sizeof(made), "%s.new", path);
	unlink(made);
	CLEAN(closep)
	int fd = open(made, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return err_raise(-errno);
	int r = file_write_fd(fd, bytes);
	if (r)
		return err_up(r);
	return fsync(fd) || rename(made, path) ? err_raise(-errno) : 0;
}

void parent_acme_paths(const struct conf_settings *s, const struct conf_certificate *c,
                       struct parent_acme_paths *ret_paths)
{
	const size_t cap = PARENT_ACME_PATH_CAP;
	char ca[FOLDER_CAP];
	acme_names_folder(c->acme, ca, sizeof(ca));
	snprintf(ret_paths->folder, cap, "%s/" CONF_ACME_FOLDER, s->state_dir);
	snprintf(ret_paths->home, cap, "%s/" CONF_ACME_FOLDER "/%s", s->state_dir, ca);
	snprintf(ret_paths->account, cap, "%s/" CONF_ACME_FOLDER "/%s/private/key.pem",
	         s->state_dir, ca);
	/* uacme puts the certificate beside the request */
	snprintf(ret_paths->request, cap, "%s/" CONF_ACME_FOLDER "/" REQUESTS_FOLDER "/%s.pem",
	         s->state_dir, c->name);
	snprintf(ret_paths->issued, cap, "%s/" CONF_ACME_FOLDER "/" REQUESTS_FOLDER "/%s-cert.pem",
	         s->state_dir, c->name);
}

static const char *last_part(const char *path)
{
	return strrchr(path, '/') + 1;
}

/* Of the client, below at. It may have put a link in place of any folder: none is followed. */
static int client_folder_open(int at, const char *name, int *ret_fd)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_raise(-errno);
	*ret_fd = fd;
	return 0;
}

static int client_folder_make(int at, const char *name, const struct passwd *user, int *ret_fd)
{
	CLEAN(closep) int fd = -1;
	if (mkdirat(at, name, 0700) && errno != EEXIST)
		return err_raise(-errno);
	int r = client_folder_open(at, name, &fd);
	if (r)
		return err_up(r);
	if (user && fchown(fd, user->pw_uid, user->pw_gid))
		return err_raise(-errno);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int client_folders_make(const struct conf_settings *s, const struct parent_acme_paths *paths,
                               int *ret_requests)
{
	const struct passwd *user = geteuid() ? NULL : getpwnam(s->user);
	CLEAN(closep) int all = -1, home = -1;
	int r = client_folder_make(AT_FDCWD, paths->folder, user, &all);
	if (!r)
		r = client_folder_make(all, last_part(paths->home), user, &home);
	if (!r)
		r = client_folder_make(all, REQUESTS_FOLDER, user, ret_requests);
	return err_up(r);
}

/* The folder is the client's: nothing in it is followed, what is there goes. */
int parent_acme_request_write(const struct conf_settings *s, const struct parent_acme_paths *paths,
                              struct slice request)
{
	CLEAN(closep) int requests = -1;
	int r = client_folders_make(s, paths, &requests);
	if (r)
		return err_up(r);
	const char *name = last_part(paths->request);
	unlinkat(requests, name, 0);
	unlinkat(requests, last_part(paths->issued), 0);
	CLEAN(closep)
	int fd = openat(requests, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return err_raise(-errno);
	return err_up(file_write_fd(fd, request));
}

static int issued_open(const struct parent_acme_paths *paths, int *ret_fd)
{
	CLEAN(closep) int all = -1, requests = -1;
	int r = client_folder_open(AT_FDCWD, paths->folder, &all);
	if (!r)
		r = client_folder_open(all, REQUESTS_FOLDER, &requests);
	if (r)
		return err_up(r);
	int fd = openat(requests, last_part(paths->issued),
	                O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return err_raise(-errno);
	*ret_fd = fd;
	return 0;
}

int parent_acme_issued_read(const struct parent_acme_paths *paths, struct buf *ret_pem)
{
	struct stat st;
	CLEAN(closep) int fd = -1;
	int r = issued_open(paths, &fd);
	if (r)
		return err_up(r);
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return err_raise(-EINVAL);
	return file_read_fd(ret_pem, fd, ISSUED_MAX) ? err_raise(-EIO) : 0;
}

void parent_acme_record_read(const struct conf_settings *s, const struct conf_certificate *c,
                             struct acme_record *ret_record)
{
	CLEAN(buf_deinit) struct buf text = {};
	char path[PARENT_ACME_PATH_CAP];
	conf_certificate_file_path(s, c, RECORD_FILE, path, sizeof(path));
	if (file_read(&text, path, RECORD_MAX, NULL))
		buf_clear(&text);
	acme_record_read(ret_record, buf_slice(&text));
}

int parent_acme_record_write(const struct conf_settings *s, const struct conf_certificate *c,
                             const struct acme_record *record)
{
	CLEAN(buf_deinit) struct buf text = {};
	char path[PARENT_ACME_PATH_CAP];
	conf_certificate_file_path(s, c, RECORD_FILE, path, sizeof(path));
	int r = acme_record_write(&text, record);
	return r ? err_up(r) : err_up(parent_acme_file_write(path, buf_slice(&text)));
}
