#include "up/work.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

void up_work_deinit(struct up_work *work)
{
	for (size_t i = 0; i < work->file_count; i++) {
		free(work->files[i].path);
		buf_deinit(&work->files[i].before);
		buf_deinit(&work->files[i].after);
	}
	*work = (struct up_work){};
}

static bool is_same(const struct buf *a, const struct buf *b)
{
	return slice_equal(buf_slice(a), buf_slice(b));
}

/* The folder that the path is in. */
static void folder_of(const char *path, char ret_folder[PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	snprintf(ret_folder, PATH_MAX, "%.*s", slash ? (int)(slash - path) : 0, path);
}

static int file_ground(struct up_file *file)
{
	CLEAN(buf_deinit) struct buf now = {};
	if (!file->was_there)
		return access(file->path, F_OK) ? 0 : UP_WORK_CHANGED;
	char *real = realpath(file->path, NULL);
	if (!real)
		return err_raise(-errno);
	free(file->path);
	file->path = real;
	int r = up_disk_read(&now, file->path, &file->owner);
	if (r)
		return err_up(r);
	return is_same(&now, &file->before) ? 0 : UP_WORK_CHANGED;
}

int up_work_ground(struct up_work *work, const char **ret_path)
{
	for (size_t i = 0; i < work->file_count; i++) {
		*ret_path = work->files[i].path;
		int r = file_ground(&work->files[i]);
		if (r) {
			*ret_path = work->files[i].path;
			return r;
		}
	}
	return 0;
}

static int folder_make(const struct up_file *file)
{
	char folder[PATH_MAX];
	bool is_new;
	if (!file->made_folder)
		return 0;
	folder_of(file->path, folder);
	return err_up(up_disk_folder(folder, 0755, &is_new));
}

int up_file_put(const struct up_file *file)
{
	CLEAN(buf_deinit) struct buf now = {};
	int r = up_disk_read(&now, file->path, NULL);
	bool is_there = r == 0;
	if (r && r != UP_DISK_ABSENT)
		return err_up(r);
	if (is_there && is_same(&now, &file->after))
		return 0;
	if (is_there != file->was_there || !is_same(&now, &file->before))
		return UP_WORK_CHANGED;
	r = folder_make(file);
	if (!r)
		r = up_disk_put(file->path, buf_slice(&file->after), &file->owner);
	return err_up(r);
}

/* --- and back --- */

void up_return_deinit(struct up_return *how)
{
	buf_deinit(&how->now);
	buf_deinit(&how->then);
	up_changes_deinit(&how->changes);
}

static int changed_judge(const struct up_file *file, struct up_return *how)
{
	if (!file->was_there) {
		how->back = UP_BACK_ASIDE;
		return 0;
	}
	how->back = UP_BACK_TAKEN;
	int r = up_edit_take_back(&how->then, buf_slice(&how->now), buf_slice(&file->after),
	                          &how->changes);
	if (r == UP_EDIT_CONFLICT)
		return UP_WORK_CONFLICT;
	return err_up(r);
}

int up_file_judge(const struct up_file *file, struct up_return *ret_return)
{
	struct up_return *how = ret_return;
	*how = (struct up_return){};
	int r = up_disk_read(&how->now, file->path, &how->owner);
	if (r == UP_DISK_ABSENT) {
		how->back = file->was_there ? UP_BACK_GONE : UP_BACK_NOTHING;
		return 0;
	}
	if (r)
		return err_up(r);
	if (file->was_there && is_same(&how->now, &file->before)) {
		how->back = UP_BACK_NOTHING;
		return 0;
	}
	if (!is_same(&how->now, &file->after))
		return changed_judge(file, how);
	how->back = file->was_there ? UP_BACK_RESTORED : UP_BACK_REMOVED;
	return err_up(buf_add(&how->then, buf_slice(&file->before)));
}

static int put_aside(const struct up_file *file)
{
	char aside[PATH_MAX];
	if ((size_t)snprintf(aside, sizeof(aside), "%s.edited", file->path) >= sizeof(aside))
		return err_raise(-ENAMETOOLONG);
	if (rename(file->path, aside))
		return err_raise(-errno);
	return err_up(up_disk_sync_folder(file->path));
}

/* Only if nothing else has come into it. */
static int folder_remove(const struct up_file *file)
{
	char folder[PATH_MAX];
	if (!file->made_folder)
		return 0;
	folder_of(file->path, folder);
	if (rmdir(folder) && errno != ENOTEMPTY && errno != EEXIST && errno != ENOENT)
		return err_raise(-errno);
	return 0;
}

int up_file_back(const struct up_file *file, const struct up_return *how)
{
	int r = 0;
	switch (how->back) {
	case UP_BACK_NOTHING:
		r = file->was_there ? 0 : folder_remove(file);
		break;
	case UP_BACK_GONE:
		break;
	case UP_BACK_RESTORED:
		r = up_disk_put(file->path, buf_slice(&how->then), &file->owner);
		break;
	case UP_BACK_TAKEN:
		r = up_disk_put(file->path, buf_slice(&how->then), &how->owner);
		break;
	case UP_BACK_ASIDE:
		r = put_aside(file);
		break;
	case UP_BACK_REMOVED:
		r = up_disk_remove(file->path);
		if (!r)
			r = folder_remove(file);
		break;
	}
	return err_up(r);
}
