#include "proc/ctl.h"

#include "base/clean.h"
#include "base/err.h"

static const struct proc_ctl_command commands[] = {
	[PROC_CTL_STATUS] = { "status", 0, 0, "status", NULL,
	                      "what runs, the sums of its sessions, what is to be mended" },
	[PROC_CTL_RELOAD] = { "reload", 0, 0, "reload", NULL,
	                      "read the configuration again; a bad file changes nothing" },
	[PROC_CTL_DRAIN] = { "drain", 0, 0, "drain", NULL,
	                     "accept no more, end idle sessions, then end" },
	[PROC_CTL_RELEASE] = { "release", 1, 1, "release DOMAIN", NULL,
	                       "forget what TLS its hosts had: mail that waits for them goes" },
	[PROC_CTL_FORGET] = { "forget", 1, 1, "forget USER", NULL,
	                      "delete all that the ledger has under this user's name" },
	[PROC_CTL_TLSRPT_SEND] = { "tlsrpt-send", 0, 1, "tlsrpt-send [DAY]", NULL,
	                           "send the TLS reports of DAY (YYYY-MM-DD, default: yesterday,\n"
	                           "in UTC) now, in place of some time in the morning; those\n"
	                           "that were given up, too" },
	[PROC_CTL_BAN] = { "ban", 1, 1, "ban TARGET", "[--for TIME]",
	                   "let ADDRESS, NETWORK/PREFIX or USER in no more, at all nodes of\n"
	                   "a cluster; sessions of theirs end. --for 1h (default 1d, 366d\n"
	                   "at most)" },
	[PROC_CTL_UNBAN] = { "unban", 1, 1, "unban TARGET", NULL, "let them in again" },
	[PROC_CTL_BANS] = { "bans", 0, 0, "bans", NULL, "who is banned, and until when" },
	[PROC_CTL_ACME_RENEW] = { "acme-renew", 1, 1, "acme-renew NAME", NULL,
	                          "order certificate NAME from its CA now, whatever is due" },
	[PROC_CTL_UPGRADE] = { "upgrade", 0, 1, "upgrade [BINARY]", NULL,
	                       "go on as another build (default: the file now at the path the\n"
	                       "daemon was started from); no connection is refused, sessions\n"
	                       "end as in a drain, a build that cannot take over changes\n"
	                       "nothing" },
	[PROC_CTL_TLSA_PLAN] = { "tlsa-plan", 1, 1, "tlsa-plan NAME", NULL, NULL },
	[PROC_CTL_TLSA_ABORT] = { "tlsa-abort", 1, 1, "tlsa-abort NAME", NULL, NULL },
	[PROC_CTL_TLSA_STATUS] = { "tlsa-status", 0, 0, "tlsa-status", NULL, NULL },
};
_Static_assert(COUNT_OF(commands) == PROC_CTL_COUNT, "a word without its row");

const struct proc_ctl_command *proc_ctl_command(enum proc_ctl which)
{
	return &commands[which];
}

enum proc_ctl proc_ctl_find(struct slice name)
{
	size_t i = 0;
	while (i < COUNT_OF(commands) && !slice_equal(name, slice_str(commands[i].name)))
		i++;
	return (enum proc_ctl)i;
}

int proc_ctl_list(struct buf *text)
{
	int r = 0;
	for (size_t i = 0; i < COUNT_OF(commands) && !r; i++)
		if (commands[i].help)
			r = buf_printf(text, "%s%s", i ? ", " : "", commands[i].name);
	return err_up(r);
}
