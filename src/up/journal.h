/*
 * What up needs to take its work back, kept in a folder of state_dir: for each file what stood
 * there before and what we made of it, and manifest.json, which is there exactly while something
 * may have to be taken back. All of it is on the disk before the first file changes, and the
 * manifest goes last: so a crash at any point leaves either nothing to do, or a work that can be
 * gone on with or taken back.
 */
#ifndef UP_JOURNAL_H
#define UP_JOURNAL_H

#include "up/work.h"

enum {
	UP_JOURNAL_NONE = 1, /* no work is in place */
	UP_JOURNAL_BROKEN =
		2, /* there is a manifest that cannot be read, or a file of it is missing */
	UP_JOURNAL_BUSY = 3,   /* another mailseal up is at it */
	UP_JOURNAL_UNSAFE = 4, /* somebody else may write where it is: what it says may be theirs */
};

/*
 * Makes the folder (its parent too) and takes its lock, which ends with *ret_fd. A journal names
 * files that root is to write: both folders have to be this user's or root's, and nobody else's to
 * write. 0, UP_JOURNAL_BUSY, UP_JOURNAL_UNSAFE, or what the calls said.
 */
[[nodiscard]] int up_journal_lock(const char *folder, int *ret_fd);

/* Keeps a work that is about to begin, or a change of its phase. 0, or what the calls said. */
[[nodiscard]] int up_journal_keep(const char *folder, const struct up_work *work);

/* ret_work: up_work_deinit() in any case. 0, UP_JOURNAL_NONE, UP_JOURNAL_BROKEN, or -ENOMEM. */
[[nodiscard]] int up_journal_read(const char *folder, struct up_work *ret_work);

/* It was taken back. What was kept stays (the manifest as undone.json) until the next work. */
[[nodiscard]] int up_journal_close(const char *folder);

#endif
