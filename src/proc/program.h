/*
 * A program of the operator's, run on the loop: what it may have, what it is told, how long it may
 * take, what it said. For hooks, and whatever else runs commands; capture.h waits for one.
 *
 * It begins in a session of its own, in "/", with an environment of PATH and LANG alone, with its
 * stdin, stdout and stderr and no other descriptor, without a core file, with a minute of CPU and
 * files of a GiB at most. Users and privileges are those of the caller. When it has ended, or is
 * too late, its process group ends with it.
 */
#ifndef PROC_PROGRAM_H
#define PROC_PROGRAM_H

#include "base/buf.h"

#include <stdint.h>

struct io_loop;
struct proc_program;

enum {
	PROC_PROGRAM_OUTPUT_MAX = 400, /* bytes of its output that are kept: the first */
	PROC_PROGRAM_GRACE_MS = 5000,  /* after SIGTERM comes SIGKILL */
};

struct proc_program_result {
	int exit;   /* status, 127 also if it could not be executed; -1: a signal ended it */
	int signal; /* 0: none */
	bool is_late;
	uint64_t duration_ms;
	bool is_too_long;      /* more came than out takes: it was killed */
	struct slice output;   /* of stdout and stderr; bytes of its own choice, so hostile */
	uint64_t output_total; /* bytes that it wrote */
};

static inline bool proc_program_is_well(const struct proc_program_result *result)
{
	return result->exit == 0 && !result->is_late && !result->is_too_long;
}

struct proc_program_settings {
	struct io_loop *loop;
	char *const *argv;   /* ended by NULL; a name without "/" is looked for in PATH */
	struct slice input;  /* all of its stdin; copied */
	const int *input_fd; /* or its stdin itself, the caller's; NULL: input */
	uint32_t deadline_ms;
	struct buf *out; /* all of its stdout, apart from output; NULL: in output. The caller's */
	size_t out_max;  /* bytes */
	void *owner;
	/* The last call; it may free the program. result is borrowed. */
	void (*on_end)(void *owner, struct proc_program *program,
	               const struct proc_program_result *result);
};

/* 0, or a negative: there is no process, and no on_end. */
[[nodiscard]] int proc_program_start(struct proc_program **ret_program,
                                     const struct proc_program_settings *set);
/* Kills it if it runs. NULL is fine. */
void proc_program_free(struct proc_program *program);

#endif
