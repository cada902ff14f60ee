/*
 * What up does to the files of this machine, so that it can be done, gone on with after a crash,
 * and taken back, each any number of times.
 */
#ifndef UP_WORK_H
#define UP_WORK_H

#include "up/disk.h"
#include "up/edit.h"

enum { UP_WORK_FILES_MAX = 8, UP_WORK_PORTS_MAX = 64 };

struct up_file {
	char *path; /* absolute, no symbolic link */
	bool was_there;
	bool made_folder;      /* that it is in */
	struct up_owner owner; /* before; of a new file: what it gets */
	struct buf before, after;
};

enum up_phase {
	UP_BEGUN, /* some of it may be in place */
	UP_DONE,
};

struct up_work {
	enum up_phase phase;
	struct up_file files[UP_WORK_FILES_MAX];
	size_t file_count;
	bool has_postfix, has_dovecot;     /* whose files they are: to be checked and reloaded */
	uint16_t ports[UP_WORK_PORTS_MAX]; /* that the servers leave to mailseal */
	size_t port_count;
	uint16_t backend_ports[UP_WORK_PORTS_MAX]; /* of loopback, where the servers are then */
	size_t backend_port_count;
};

void up_work_deinit(struct up_work *work);

enum {
	UP_WORK_CHANGED = 1,  /* neither as it was before nor as we make it */
	UP_WORK_CONFLICT = 2, /* somebody changed our lines in it */
};

/*
 * Before it is kept: symbolic links of the paths are followed, owners are read, and the files are
 * as the plan knew them. 0, UP_WORK_CHANGED (*ret_path, of the work), or what the calls said.
 */
[[nodiscard]] int up_work_ground(struct up_work *work, const char **ret_path);

/*
 * Puts one file in place; nothing if it is already. 0, UP_WORK_CHANGED (somebody changed it since
 * the plan was made), or what the calls said.
 */
[[nodiscard]] int up_file_put(const struct up_file *file);

enum up_back {
	UP_BACK_NOTHING,  /* it is as it was before */
	UP_BACK_RESTORED, /* nobody had changed it: byte for byte as before */
	UP_BACK_TAKEN,    /* our lines alone were taken out */
	UP_BACK_ASIDE,    /* a new file of ours that somebody changed: moved to PATH.edited */
	UP_BACK_REMOVED,  /* a new file of ours */
	UP_BACK_GONE,     /* somebody had removed the file: it stays away */
};

/* What one file needs to be as before. */
struct up_return {
	enum up_back back;
	struct buf now;            /* what stands there */
	struct buf then;           /* what will */
	struct up_changes changes; /* of TAKEN, and what is wrong in a CONFLICT */
	struct up_owner owner;     /* that it has, and keeps if somebody changed it */
};

/* Changes nothing. ret_return: up_return_deinit() in any case. 0, UP_WORK_CONFLICT, or what the
 * calls said. */
[[nodiscard]] int up_file_judge(const struct up_file *file, struct up_return *ret_return);
/* Does it. 0, or what the calls said. */
[[nodiscard]] int up_file_back(const struct up_file *file, const struct up_return *how);
void up_return_deinit(struct up_return *how);

#endif
