#include "up/journal.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

enum { VERSION = 1 };

static const char manifest_name[] = "manifest.json";
static const char undone_name[] = "undone.json";
static const struct up_owner private = { .mode = 0600 };

static void path_in(char ret_path[PATH_MAX], const char *folder, const char *name)
{
	snprintf(ret_path, PATH_MAX, "%s/%s", folder, name);
}

static void path_of(char ret_path[PATH_MAX], const char *folder, size_t number, const char *what)
{
	snprintf(ret_path, PATH_MAX, "%s/%zu.%s", folder, number, what);
}

/* Our own files, whoever runs this. */
static struct up_owner owner_own(void)
{
	struct up_owner owner = private;
	owner.uid = geteuid();
	owner.gid = getegid();
	return owner;
}

/* --- the lock --- */

/* No link, and nobody else's. */
static int folder_check(const char *path)
{
	struct stat st;
	if (lstat(path, &st))
		return err_raise(-errno);
	bool is_ours = S_ISDIR(st.st_mode) && (st.st_uid == geteuid() || !st.st_uid);
	return is_ours && !(st.st_mode & (S_IWGRP | S_IWOTH)) ? 0 : UP_JOURNAL_UNSAFE;
}

static int folder_make(const char *path, mode_t mode)
{
	bool is_new;
	int r = up_disk_folder(path, mode, &is_new);
	return r ? err_up(r) : folder_check(path);
}

static int folders_make(const char *folder)
{
	char parent[PATH_MAX];
	const char *slash = strrchr(folder, '/');
	snprintf(parent, sizeof(parent), "%.*s", slash ? (int)(slash - folder) : 0, folder);
	int r = *parent ? folder_make(parent, 0755) : 0;
	return r ? r : folder_make(folder, 0700);
}

int up_journal_lock(const char *folder, int *ret_fd)
{
	int r = folders_make(folder);
	if (r)
		return r; /* UNSAFE, or what the calls said */
	CLEAN(closep) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_raise(-errno);
	if (flock(fd, LOCK_EX | LOCK_NB))
		return errno == EWOULDBLOCK ? UP_JOURNAL_BUSY : err_raise(-errno);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* --- writing --- */

static json_t *file_json(const struct up_file *file)
{
	return json_pack("{s:s, s:b, s:b, s:i, s:I, s:I}", "path", file->path, "was_there",
	                 file->was_there, "made_folder", file->made_folder, "mode",
	                 (int)file->owner.mode, "uid", (json_int_t)file->owner.uid, "gid",
	                 (json_int_t)file->owner.gid);
}

static json_t *ports_json(const uint16_t *ports, size_t count)
{
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_integer(ports[i]));
	return list;
}

static json_t *work_json(const struct up_work *work)
{
	json_t *files = json_array();
	for (size_t i = 0; i < work->file_count; i++)
		json_array_append_new(files, file_json(&work->files[i]));
	return json_pack("{s:i, s:s, s:b, s:b, s:o, s:o, s:o}", "version", VERSION, "phase",
	                 work->phase == UP_DONE ? "done" : "begun", "postfix", work->has_postfix,
	                 "dovecot", work->has_dovecot, "ports",
	                 ports_json(work->ports, work->port_count), "backend_ports",
	                 ports_json(work->backend_ports, work->backend_port_count), "files", files);
}

static int backups_write(const char *folder, const struct up_work *work)
{
	const struct up_owner own = owner_own();
	char path[PATH_MAX];
	int r = 0;
	for (size_t i = 0; i < work->file_count && !r; i++) {
		path_of(path, folder, i, "before");
		r = up_disk_put(path, buf_slice(&work->files[i].before), &own);
		path_of(path, folder, i, "after");
		if (!r)
			r = up_disk_put(path, buf_slice(&work->files[i].after), &own);
	}
	return err_up(r);
}

static int manifest_write(const char *folder, const struct up_work *work)
{
	const struct up_owner own = owner_own();
	CLEAN(json_decrefp) json_t *json = work_json(work);
	CLEAN(freep) char *text = json ? json_dumps(json, JSON_INDENT(2)) : NULL;
	char path[PATH_MAX];
	if (!text)
		return err_raise(-ENOMEM);
	path_in(path, folder, manifest_name);
	return err_up(up_disk_put(path, slice_str(text), &own));
}

/* A manifest that is there already is of these very files: they stay, and it alone changes. */
int up_journal_keep(const char *folder, const struct up_work *work)
{
	char path[PATH_MAX];
	path_in(path, folder, manifest_name);
	if (!access(path, F_OK))
		return err_up(manifest_write(folder, work));
	path_in(path, folder, undone_name);
	int r = up_disk_remove(path);
	if (!r)
		r = backups_write(folder, work);
	return r ? err_up(r) : err_up(manifest_write(folder, work));
}

int up_journal_close(const char *folder)
{
	char from[PATH_MAX], to[PATH_MAX];
	path_in(from, folder, manifest_name);
	path_in(to, folder, undone_name);
	if (rename(from, to))
		return err_raise(-errno);
	return err_up(up_disk_sync_folder(from));
}

/* --- reading --- */

static int backup_read(const char *folder, size_t number, const char *what, struct buf *out)
{
	char path[PATH_MAX];
	path_of(path, folder, number, what);
	int r = up_disk_read(out, path, NULL);
	return r == -ENOMEM ? err_up(r) : r ? UP_JOURNAL_BROKEN : 0;
}

static int file_read_json(const char *folder, json_t *json, struct up_work *work)
{
	struct up_file *file = &work->files[work->file_count];
	const char *path;
	int was_there, made_folder, mode;
	json_int_t uid, gid;
	if (json_unpack(json, "{s:s, s:b, s:b, s:i, s:I, s:I}", "path", &path, "was_there",
	                &was_there, "made_folder", &made_folder, "mode", &mode, "uid", &uid, "gid",
	                &gid))
		return UP_JOURNAL_BROKEN;
	*file = (struct up_file){ .path = strdup(path),
		                  .was_there = was_there,
		                  .made_folder = made_folder,
		                  .owner = { (mode_t)mode, (uid_t)uid, (gid_t)gid } };
	if (!file->path)
		return err_raise(-ENOMEM);
	size_t number = work->file_count++;
	int r = backup_read(folder, number, "before", &file->before);
	return r ? r : backup_read(folder, number, "after", &file->after);
}

static void ports_read(json_t *list, uint16_t *ports, size_t *ret_count)
{
	for (size_t i = 0; i < json_array_size(list) && i < UP_WORK_PORTS_MAX; i++)
		ports[(*ret_count)++] = (uint16_t)json_integer_value(json_array_get(list, i));
}

static int work_read_json(const char *folder, json_t *json, struct up_work *work)
{
	int version, postfix, dovecot;
	const char *phase;
	json_t *ports, *backend_ports, *files;
	if (json_unpack(json, "{s:i, s:s, s:b, s:b, s:o, s:o, s:o}", "version", &version, "phase",
	                &phase, "postfix", &postfix, "dovecot", &dovecot, "ports", &ports,
	                "backend_ports", &backend_ports, "files", &files) ||
	    version != VERSION || json_array_size(files) > UP_WORK_FILES_MAX)
		return UP_JOURNAL_BROKEN;
	work->phase = strcmp(phase, "done") ? UP_BEGUN : UP_DONE;
	work->has_postfix = postfix;
	work->has_dovecot = dovecot;
	ports_read(ports, work->ports, &work->port_count);
	ports_read(backend_ports, work->backend_ports, &work->backend_port_count);
	for (size_t i = 0; i < json_array_size(files); i++) {
		int r = file_read_json(folder, json_array_get(files, i), work);
		if (r)
			return r;
	}
	return 0;
}

int up_journal_read(const char *folder, struct up_work *ret_work)
{
	char path[PATH_MAX];
	CLEAN(buf_deinit) struct buf text = {};
	CLEAN(json_decrefp) json_t *json = NULL;
	*ret_work = (struct up_work){};
	path_in(path, folder, manifest_name);
	int r = up_disk_read(&text, path, NULL);
	if (r == UP_DISK_ABSENT)
		return UP_JOURNAL_NONE;
	if (r)
		return r == -ENOMEM ? err_up(r) : UP_JOURNAL_BROKEN;
	json = json_loadb((const char *)buf_slice(&text).data, buf_len(&text), 0, NULL);
	return json ? work_read_json(folder, json, ret_work) : UP_JOURNAL_BROKEN;
}
