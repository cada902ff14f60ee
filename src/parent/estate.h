/*
 * What one build of the parent leaves to the next when it executes it (`mailseal ctl upgrade`):
 * descriptors, children and a little memory, as text in a memfd. Pure; parent/upgrade.c writes it,
 * parent/heir.c takes it over.
 *
 * The first line is "mailseal-state FORMAT", the last "end"; between them one thing a line. A line
 * that begins with a word not known here is left out, so a newer build may add some; FORMAT
 * changes only where an older one must not go on.
 */
#ifndef PARENT_ESTATE_H
#define PARENT_ESTATE_H

#include "base/buf.h"
#include "proc/msg.h"

#include <sys/types.h>

enum {
	ESTATE_FORMAT = 1,
	ESTATE_LEN_MAX = 1024 * 1024,
	ESTATE_LISTENERS_MAX = 16384,
	ESTATE_CHILDREN_MAX = 1024,
	ESTATE_ASKERS_MAX = 16,
	ESTATE_TICKET_KEYS_LEN = 2 * PROC_TICKET_KEY_LEN,
	ESTATE_VERSION_CAP = 64,
};

struct estate_listener {
	unsigned slot;
	int fd;
};

struct estate_child {
	enum proc_role role; /* PROC_ROLE_KEYS or PROC_ROLE_WORKER */
	unsigned slot;
	pid_t pid;
	int fd;                    /* of its channel */
	unsigned messages_version; /* that it is spoken to in */
	bool is_drained;           /* was told to drain */
};

struct estate {
	char version[ESTATE_VERSION_CAP]; /* of the build that leaves it */
	uint64_t began_s;                 /* CLOCK_MONOTONIC */
	int lock_fd;
	int ctl_fd;
	uint32_t drain_timeout_ms;
	uint8_t ticket_keys[ESTATE_TICKET_KEYS_LEN];
	uint32_t tickets_left_ms; /* until they are rotated */
	struct estate_listener *listeners;
	size_t listener_count;
	struct estate_child *children;
	size_t child_count;
	int askers[ESTATE_ASKERS_MAX]; /* connections to the control socket that said nothing yet */
	size_t asker_count;
};

/* Wipes the ticket keys; descriptors stay open. */
void estate_deinit(struct estate *e);

/* Grow the lists. 0, or a negative when there are too many or no memory. */
[[nodiscard]] int estate_add_listener(struct estate *e, struct estate_listener l);
[[nodiscard]] int estate_add_child(struct estate *e, struct estate_child c);

[[nodiscard]] int estate_write(const struct estate *e, struct buf *ret_text);

enum { ESTATE_BAD = 1 }; /* not whole, another format, or a line that is wrong */

/* Returns 0, ESTATE_BAD or a negative. After a failure *ret_e is empty. */
[[nodiscard]] int estate_read(struct estate *ret_e, struct slice text);

#endif
