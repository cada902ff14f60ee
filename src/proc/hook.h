/*
 * Programs that the configuration names, to be run when something happened: which there are (parent
 * to runner), what they are told, how it ended. The program and its arguments are fixed by the
 * configuration; facts come on its stdin. Pure. Unpacking believes nothing.
 */
#ifndef PROC_HOOK_H
#define PROC_HOOK_H

#include "proc/msg.h"

struct store_exposure;

/* The numbers are the wire's: only append. */
enum proc_hook {
	PROC_HOOK_EXPOSURE, /* a password crossed in clear */
	PROC_HOOK_CHECK,    /* this binary itself: an own domain is looked at; facts: its name */
	PROC_HOOK_ALARM,    /* something is wrong and stays so (proc/alarm.h): the parent asks */
	PROC_HOOK_COUNT
};
const char *proc_hook_name(enum proc_hook hook);

/* Of PROC_MSG_HOOK_ENDED. The numbers are the wire's: only append. */
enum proc_hook_end {
	PROC_HOOK_WELL,   /* it ran, exit status 0 */
	PROC_HOOK_FAILED, /* it ran, and not well; or it cannot be run */
	PROC_HOOK_NO_ROOM /* it did not run: for later, or for another runner */
};

enum {
	PROC_HOOK_ARGS_MAX = 32, /* its path included */
	PROC_HOOK_ARG_MAX = 1000,
	PROC_HOOK_RATE_MAX = 6000,
	PROC_HOOK_FACTS_MAX = 16 * 1024,
	PROC_HOOK_SAID_MAX =
		4 * 1024 * 1024 - 8, /* stdout of PROC_HOOK_CHECK; with a number a payload */
	PROC_HOOK_CHECK_MS = 10 * 60 * 1000, /* its deadline, whatever that of the others is */
};

struct proc_hooks {
	unsigned rate;        /* runs a minute, of all */
	uint32_t deadline_ms; /* of a run */
	/* Ended by NULL; all NULL: that one is not there. */
	char *argv[PROC_HOOK_COUNT][PROC_HOOK_ARGS_MAX + 1];
};

void proc_hooks_pack(struct proc_packer *p, const struct proc_hooks *hooks);
/* False: it is none, or there is no memory. *ret_hooks has to be deinitialised in any case. */
bool proc_hooks_unpack(struct slice payload, struct proc_hooks *ret_hooks);
void proc_hooks_deinit(struct proc_hooks *hooks);

struct proc_hook_run {
	uint64_t number; /* of the asker's, for the answer */
	enum proc_hook hook;
	char whom[256]; /* for the log */
	struct slice facts;
};
void proc_hook_run_pack(struct proc_packer *p, const struct proc_hook_run *run);
/* ret_run->facts borrows from the payload. */
bool proc_hook_run_unpack(struct slice payload, struct proc_hook_run *ret_run);

/*
 * The facts of an exposure as one line of JSON; of its texts what is not printable ASCII becomes
 * '?'. at_s is when it was first seen. is_known: this user has logged in here. 0 or a negative.
 */
[[nodiscard]] int proc_hook_exposure_facts(struct buf *ret_json,
                                           const struct store_exposure *exposure, bool is_known);

#endif
