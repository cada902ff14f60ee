/*
 * Hooks of exposures: what waits in the file is handed to runner, a few at a time, and how it ended
 * is written back. Where it failed it is tried again, with growing pauses, for a day.
 */
#ifndef LEDGER_HOOKS_H
#define LEDGER_HOOKS_H

#include "ledger/keeper.h"
#include "proc/hook.h"

struct hooks;

enum {
	HOOKS_AT_ONCE = 8, /* with runner, under way or in its line */
	HOOKS_LOOK_MS = 5 * 1000,
	HOOKS_SAY_MS = 60 * 1000, /* that some wait: once in this time at most */
	HOOKS_PAUSE_S = 5,        /* after the first failure; doubled each time */
	HOOKS_PAUSE_MAX_S = 3600,
	HOOKS_TRIES_MAX = 33, /* a day of that */
};

/* What else runner does for this process: all but exposures. Numbers begin at HOOKS_OTHERS. */
enum { HOOKS_NO_RUNNER = 1 };
#define HOOKS_OTHERS (1ULL << 63)
struct hooks_others {
	void *owner;
	void (*on_said)(void *owner, uint64_t number, struct slice said);
	/* Also of those whose runner is gone. */
	void (*on_ended)(void *owner, uint64_t number, enum proc_hook_end how);
};
void hooks_others_set(struct hooks *h, const struct hooks_others *others);
/* 0, HOOKS_NO_RUNNER or a negative. */
[[nodiscard]] int hooks_others_run(struct hooks *h, const struct proc_hook_run *run);

/* 0 or -ENOMEM. keeper has to live as long. */
[[nodiscard]] int hooks_new(struct hooks **ret_h, struct io_loop *loop, struct keeper *keeper);
/* NULL is fine. */
void hooks_free(struct hooks *h);
/* Takes fd, a channel to a runner, the last of which is asked. 0 or a negative. */
[[nodiscard]] int hooks_runner_add(struct hooks *h, int fd);
/* There may be new ones in the file. */
void hooks_look(struct hooks *h);

/* After so many tries that failed: seconds until the next. 0: it is given up. */
uint32_t hooks_pause_s(unsigned failed);

#endif
