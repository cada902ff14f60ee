/*
 * Words of the control socket: what `mailseal ctl` and other commands ask the parent for. A command
 * is a line, the word and perhaps one more.
 */
#ifndef PROC_CTL_H
#define PROC_CTL_H

#include "base/buf.h"

#include <stdbool.h>

enum proc_ctl {
	PROC_CTL_STATUS,
	PROC_CTL_RELOAD,
	PROC_CTL_DRAIN,
	PROC_CTL_RELEASE,
	PROC_CTL_FORGET,
	PROC_CTL_TLSRPT_SEND,
	PROC_CTL_BAN,
	PROC_CTL_UNBAN,
	PROC_CTL_BANS,
	PROC_CTL_ACME_RENEW,
	PROC_CTL_UPGRADE,
	PROC_CTL_TLSA_PLAN,
	PROC_CTL_TLSA_ABORT,
	PROC_CTL_TLSA_STATUS,
	PROC_CTL_COUNT
};

struct proc_ctl_command {
	const char *name;
	unsigned least, most; /* words behind it */
	const char *form;     /* "release DOMAIN" */
	const char *option;   /* of `mailseal ctl`, behind the form; NULL: none */
	const char *help;     /* lines; NULL: another command of mailseal asks for it */
};

const struct proc_ctl_command *proc_ctl_command(enum proc_ctl which);
/* PROC_CTL_COUNT: there is no such word. */
enum proc_ctl proc_ctl_find(struct slice name);

/* "status, reload, ...": those that `mailseal ctl` has. 0 or -ENOMEM. */
[[nodiscard]] int proc_ctl_list(struct buf *text);

#endif
