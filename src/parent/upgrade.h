/* From this build to another, in the same process. */
#ifndef PARENT_UPGRADE_H
#define PARENT_UPGRADE_H

#include "io/loop.h"
#include "parent/estate.h"

#include <linux/limits.h>
#include <stdbool.h>
#include <sys/types.h>

struct parent;

/* On the way to another build: it is asked what it is, checks the file, then is executed. */
enum parent_upgrade_step {
	PARENT_UPGRADE_NONE,
	PARENT_UPGRADE_ASK,
	PARENT_UPGRADE_CHECK,
	PARENT_UPGRADE_SETTLE, /* until no message is half read or half sent */
};
struct parent_upgrade {
	enum parent_upgrade_step step;
	char binary[PATH_MAX];
	char version[ESTATE_VERSION_CAP];
	pid_t pid;  /* of the binary that is asked */
	int out_fd; /* what it says */
	bool is_late;
	struct io_deadline tick;
	unsigned ticks;
	bool holds_signals; /* blocked: they wait for the new image */
};

/* Why it cannot be now, or NULL. */
const char *parent_upgrade_against(const struct parent *p);
/* binary: "" is the path that this one was started from. Answers through parent/ctl.c. */
void parent_upgrade_begin(struct parent *p, const char *binary);
/* Was it the binary that is asked? */
bool parent_upgrade_reaped(struct parent *p, pid_t pid, int status);
void parent_signals_hold(bool hold);

#endif
