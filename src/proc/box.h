/*
 * The walls around a process: it is made by executing the binary anew in a role, gives up its
 * user (drop), then the kernel takes away files and system calls (box). What a kernel lacks is
 * reported, the rest still applies.
 *
 * Order in a role: log_setup(), what needs files, proc_drop(), proc_box(), then the event loop
 * (libuv made before the box may have an io_uring that the box forbids to use; made after, it
 * does without), then messages.
 */
#ifndef PROC_BOX_H
#define PROC_BOX_H

#include "proc/msg.h"

#include <stdbool.h>
#include <sys/types.h>

enum {
	PROC_ROLE_FD = 3, /* where a role finds its channel to the parent */
	/* How a process ends so that another begins in its place; it has said why. */
	PROC_EXIT_ANEW = 75,
};

/*
 * Executes this binary again, as `mailseal --role ROLE ARGS...` (shown as "mailseal: ROLE").
 *
 * role:    "worker", "keys", "resolver", "ledger", "runner", "watch", "witness",
 *          "site"
 * args:    more arguments, NULL last; or NULL
 * chan_fd: becomes descriptor PROC_ROLE_FD there (not close-on-exec); stays the caller's here
 *
 * The child has descriptors 0, 1, 2 and 3, nothing else; every signal is reset and unblocked,
 * but SIGPIPE ignored. That it could not execute shows as exit status 127. Returns 0 or a
 * negative.
 */
[[nodiscard]] int proc_exec_role(const char *role, const char *const *args, int chan_fd,
                                 pid_t *ret_pid);

/*
 * Executes another program with argv (NULL last). It has /dev/null as stdin, out_fd as stdout and
 * stderr, nothing else; signals as above. That it could not execute shows as exit status 127.
 * Returns 0 or a negative.
 */
[[nodiscard]] int proc_exec_program(const char *path, char *const argv[], int out_fd,
                                    pid_t *ret_pid);

struct proc_identity {
	const char *user; /* NULL: stay who we are. Ignored, too, when not started as root */
	bool is_secret;   /* holds keys: never dumpable, so no ptrace and no /proc/PID/mem */
};

enum proc_drop_result { PROC_DROP_NO_USER = 1 }; /* no such user: nothing was changed */

/*
 * No new privileges, no core file, and as root: the user's ids and no other groups, for good.
 * A user whose id is 0 is refused as PROC_DROP_NO_USER. Returns 0, PROC_DROP_NO_USER or a
 * negative (then the process must end).
 */
[[nodiscard]] int proc_drop(const struct proc_identity *identity);

struct proc_box_report {
	int landlock_abi; /* 0: this kernel has no Landlock; files are kept off by seccomp alone */
	bool has_seccomp; /* false: this kernel has none */
};

/*
 * From here on: no file can be opened, nothing executed, no process made or traced, no memory
 * made executable. keys, ledger and watch: no network either, no socket at all but those they
 * hold, of which a watch has its capture.
 * resolver, ledger and witness: files of the one directory may be made, read, changed and removed.
 * For good.
 *
 * directory: of RESOLVER, WITNESS, SITE and LEDGER (NULL there: no file at all); NULL for the
 * others
 *
 * Not for the parent and runner. A forbidden call fails with EPERM, it does not kill: libraries try
 * files lazily. Returns 0 (look at the report) or a negative (then the process must end).
 */
[[nodiscard]] int proc_box(enum proc_role role, const char *directory,
                           struct proc_box_report *ret_report);

/* For a command whose loop has to be there before its box: libuv makes it without an io_uring, as
 * behind a box. Before the loop. No new privileges from here on. 0 or a negative. */
[[nodiscard]] int proc_box_foresee(void);

/* The same for a watch that captures by capture_fd: it is read, and nothing is sent by it. */
[[nodiscard]] int proc_box_capturing(int capture_fd, struct proc_box_report *ret_report);

/* The same for RESOLVER and LEDGER; and files of other directories may be read. readable: NULL
 * last; those that are not there are left out. */
[[nodiscard]] int proc_box_reading(enum proc_role role, const char *directory,
                                   const char *const *readable, struct proc_box_report *ret_report);

/* The same for a ledger that shares what it has: it may also connect, by TCP to these ports alone
 * (where the kernel's Landlock knows ports), and to unix sockets. */
struct proc_box_ports {
	const uint16_t *ports;
	size_t count;
};
[[nodiscard]] int proc_box_sharing(const char *directory, const char *const *readable,
                                   struct proc_box_ports ports, struct proc_box_report *ret_report);

#endif
