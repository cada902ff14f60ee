/* One binary: a table of subcommands, nothing else. */
#include "acme/word.h"
#include "cmd/acme_hook.h"
#include "cmd/audit.h"
#include "cmd/check.h"
#include "cmd/config.h"
#include "cmd/ctl.h"
#include "cmd/dns.h"
#include "cmd/hops.h"
#include "cmd/link.h"
#include "cmd/pki.h"
#include "cmd/policy.h"
#include "cmd/report.h"
#include "cmd/run.h"
#include "cmd/tlsa.h"
#include "cmd/up.h"
#include "cmd/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
};

static const struct command commands[] = {
	/* Those that change nothing come first. */
	{ "check", cmd_check, "look at any provider from outside, all of its mail" },
	{ "audit", cmd_audit, "the mail servers installed here against the recommendation" },
	{ "hops", cmd_hops,
	  "a message's way, hop by hop: sealed or not, from its Received fields" },
	{ "watch", cmd_watch, "what crosses this network in clear, and what seals it" },
	{ "policy", cmd_policy, "how mail to a domain would be sealed, and why" },
	{ "dns", cmd_dns, "the records that a domain needs, and which are missing" },
	{ "tlsa", cmd_tlsa, "show|status|plan|abort: TLSA records, and from a key to the next" },
	{ "up", cmd_up, "put mailseal in front of the Postfix and Dovecot of this machine" },
	{ "run", cmd_run, "the daemon: TLS in front of the mail servers of this provider" },
	{ "config", cmd_config, "check|show|defaults|man: the configuration" },
	{ "ctl", cmd_ctl, "status|reload|drain|ban|unban|bans|release|...: of the daemon" },
	{ "link", cmd_link, "redirect --print: nftables rules for transparent links" },
	{ "pki", cmd_pki, "init|issue|token|join|renew|revoke|list|...: the CA of our own hosts" },
	{ "report", cmd_report,
	  "coverage|impact|exposures|downgrades|alarms|peers|user|tlsrpt: what it saw" },
};

static void usage_print(FILE *out)
{
	fputs("Usage: mailseal COMMAND [OPTIONS]\n\n", out);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].help);
	fputs("\nmailseal COMMAND --help says more; mailseal(1) is the manual.\n"
	      "Example: mailseal run -c /etc/mailseal/mailseal.conf\n",
	      out);
}

/* The exit status; what was printed may be lost: a full disk must not look well. */
static int written(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	fprintf(stderr, "mailseal: cannot write: %s\n", strerror(errno));
	return 2;
}

/* A file that is opened where stdout should be would get what is printed. What is opened instead
 * can be neither read nor written: that it was not there is still an error. */
static void standard_files_open(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/", O_RDONLY | O_DIRECTORY) != fd)
			_exit(2);
}

/* getopt says by argv[0] whose option it does not know. */
static int command_run(const struct command *command, int argc, char **argv)
{
	char title[32];
	snprintf(title, sizeof(title), "mailseal %s", command->name);
	argv[0] = title;
	return written(command->run(argc, argv));
}

int main(int argc, char **argv)
{
	standard_files_open();
	if (argc >= 2 && !strcmp(argv[1], "--role"))
		return cmd_role(argc - 2, argv + 2);
	if (argc >= 2 && acme_word_is_call(argc - 1, argv + 1))
		return cmd_acme_hook(argv + 1);
	if (argc >= 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		usage_print(stdout);
		return 0;
	}
	if (argc >= 2 && !strcmp(argv[1], "--version")) {
		puts("mailseal " MAILSEAL_VERSION);
		return 0;
	}
	for (size_t i = 0; argc >= 2 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[1], commands[i].name))
			return command_run(&commands[i], argc - 1, argv + 1);
	if (argc >= 2)
		fprintf(stderr, "mailseal: no command \"%s\"\n", argv[1]);
	usage_print(stderr);
	return 2;
}
