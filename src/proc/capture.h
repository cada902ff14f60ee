/* Runs a program to its end and gives what it wrote: for commands, which have nothing else to do
 * meanwhile. What it may have is said in program.h. */
#ifndef PROC_CAPTURE_H
#define PROC_CAPTURE_H

#include "base/buf.h"

#include <stdint.h>

enum {
	PROC_CAPTURE_ABSENT = 1, /* there is no such program */
	PROC_CAPTURE_FAILED,     /* it ended badly, was too late, or wrote too much */
};

struct proc_capture_limits {
	uint32_t deadline_ms;
	size_t out_max; /* bytes */
};

/*
 * argv: ended by NULL, by no shell; a name without "/" is looked for in PATH. ret_out: its stdout;
 * ret_said: why it failed, with the begin of its stderr. Both are appended. 0, an outcome or a
 * negative.
 */
[[nodiscard]] int proc_capture(char *const *argv, const struct proc_capture_limits *limits,
                               struct buf *ret_out, struct buf *ret_said);

#endif
