/* The two halves of proc_box(): inside of proc/ alone. */
#ifndef PROC_BOX_INSIDE_H
#define PROC_BOX_INSIDE_H

#include "proc/box.h"

/* *ret_abi: what the kernel has, 0 if it has no Landlock. 0 or a negative. */
[[nodiscard]] int box_landlock(enum proc_role role, const char *directory,
                               const char *const *readable, int *ret_abi);

/* *ret_has: false if the kernel has no seccomp filters. 0 or a negative. */
[[nodiscard]] int box_seccomp(enum proc_role role, bool *ret_has);

#endif
