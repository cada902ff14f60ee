/* The two halves of proc_box(): inside of proc/ alone. */
#ifndef PROC_BOX_INSIDE_H
#define PROC_BOX_INSIDE_H

#include "proc/box.h"

struct box_wish {
	enum proc_role role;
	const char *directory;              /* or NULL */
	const char *const *readable;        /* NULL last; NULL: none */
	const struct proc_box_ports *ports; /* NULL: it does not share */
	int capture_fd;                     /* of WATCH: nothing is sent by it; -1: none */
};

/* *ret_abi: what the kernel has, 0 if it has no Landlock. 0 or a negative. */
[[nodiscard]] int box_landlock(const struct box_wish *wish, int *ret_abi);

/* *ret_has: false if the kernel has no seccomp filters. 0 or a negative. */
[[nodiscard]] int box_seccomp(const struct box_wish *wish, bool *ret_has);

#endif
