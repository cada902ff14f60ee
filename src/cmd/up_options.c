#include "cmd/up_options.h"

#include "base/clean.h"
#include "cmd/kept.h"
#include "conf/conf.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
	"Usage: mailseal up [OPTIONS]\n"
	"       mailseal up --undo\n"
	"\n"
	"Finds the Postfix and Dovecot of this machine and shows what would put mailseal in front\n"
	"of them: a configuration, the servers' changes, commands. With --apply it is done: all "
	"of\n"
	"it or nothing. It goes on serving the certificates that the servers served.\n"
	"\n"
	"      --apply           do it; files as they were are kept, servers are reloaded\n"
	"      --undo            take it back: what nobody changed since is as before, byte for\n"
	"                        byte; from what somebody changed our lines alone are taken out\n"
	"      --only LIST       of postfix,dovecot: leave the other alone\n"
	"      --root DIR        plan for a machine whose files are there\n"
	"      --domain NAME     look up what this domain has published too (again for more);\n"
	"                        those that Postfix names are looked up anyway\n"
	"      --no-dns          ask nobody whether published TLSA records and MTA-STS fit\n"
	"  -f, --forward ADDR    ask this resolver (ADDRESS or ADDRESS@PORT; again for more);\n"
	"                        without it from the root down. Its answers are validated here\n"
	"  -s, --stub ZONE=ADDR  ask this server for ZONE and all below\n"
	"  -a, --trust-anchor FILE   DNSSEC's root keys (default /usr/share/dns/root.key)\n"
	"  -C, --ca-file FILE    CAs beside the system's\n"
	"  -c, --config FILE     the configuration to write (default\n"
	"                        /etc/mailseal/mailseal.conf)\n"
	"  -j, --json            the same for programs\n"
	"  -h, --help            this text\n"
	"\n"
	"Exit: 0 well, 1 it cannot be done (said why) or was not, 2 could not tell.\n"
	"Example: mailseal up && mailseal up --apply\n";

static int options_fail(const char *text)
{
	fprintf(stderr, "mailseal up: %s\nmailseal up --help says more\n", text);
	return UNKNOWN;
}

static bool only_parse(struct up_options *o, const char *list)
{
	o->takes_postfix = servers_words_have(list, "postfix");
	o->takes_dovecot = servers_words_have(list, "dovecot");
	const char *word = NULL;
	size_t len = 0, count = 0;
	while (servers_word_next(&list, &word, &len))
		count++;
	return count && count == (size_t)o->takes_postfix + o->takes_dovecot;
}

enum { OPTION_APPLY = 256, OPTION_UNDO, OPTION_ONLY, OPTION_ROOT, OPTION_DOMAIN, OPTION_NO_DNS };

static bool domain_add(struct up_options *o, const char *text)
{
	if (o->domain_count == UP_DOMAINS_MAX)
		return false;
	o->domains[o->domain_count++] = text;
	return true;
}

static bool is_kept(struct up_options *o, int c)
{
	const struct kept list[] = {
		{ OPTION_APPLY, .flag = &o->applies },
		{ OPTION_UNDO, .flag = &o->undoes },
		{ OPTION_NO_DNS, .flag = &o->asks_nobody },
		{ OPTION_ROOT, .text = &o->root },
		{ 'c', .text = &o->conf_path },
		{ 'j', .flag = &o->is_json },
	};
	return kept_take(list, COUNT_OF(list), c, optarg);
}

/* -1: go on; else the exit status. */
static int option_take(struct up_options *o, int c)
{
	const char *why;
	if (is_kept(o, c))
		return -1;
	switch (c) {
	case OPTION_ONLY:
		return only_parse(o, optarg) ? -1
		                             : options_fail("--only is a list of postfix, dovecot");
	case OPTION_DOMAIN:
		return domain_add(o, optarg) ? -1 : options_fail("too many domains: 64 at most");
	case 'f':
	case 's':
	case 'a':
	case 'C':
		return dns_options_take(&o->dns, c, optarg, &why) ? options_fail(why) : -1;
	case 'h':
		fputs(usage, stdout);
		return WELL;
	default:
		fputs("mailseal up --help says more\n", stderr);
		return UNKNOWN;
	}
}

static int options_take(struct up_options *o, int argc, char **argv)
{
	static const struct option table[] = {
		{ "apply", no_argument, NULL, OPTION_APPLY },
		{ "undo", no_argument, NULL, OPTION_UNDO },
		{ "only", required_argument, NULL, OPTION_ONLY },
		{ "root", required_argument, NULL, OPTION_ROOT },
		{ "domain", required_argument, NULL, OPTION_DOMAIN },
		{ "no-dns", no_argument, NULL, OPTION_NO_DNS },
		{ "forward", required_argument, NULL, 'f' },
		{ "stub", required_argument, NULL, 's' },
		{ "trust-anchor", required_argument, NULL, 'a' },
		{ "ca-file", required_argument, NULL, 'C' },
		{ "config", required_argument, NULL, 'c' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{},
	};
	int c, status = -1;
	while (status < 0 && (c = getopt_long(argc, argv, "c:f:s:a:C:jh", table, NULL)) != -1)
		status = option_take(o, c);
	return status;
}

/* -1: go on; else the exit status. */
static int options_check(const struct up_options *o, bool has_more)
{
	bool changes = o->applies || o->undoes;
	if (has_more)
		return options_fail("nothing but options is wanted");
	if (o->applies && o->undoes)
		return options_fail("--apply or --undo: not both");
	if (changes && o->root)
		return options_fail(
			"--root is for the plan alone: a machine is changed from inside");
	if (o->root && access(o->root, X_OK)) {
		fprintf(stderr, "mailseal up: %s: %s\n", o->root, strerror(errno));
		return UNKNOWN;
	}
	if (changes && geteuid()) {
		fputs("mailseal up: it changes files of servers: run it as root, or with sudo\n",
		      stderr);
		return UNKNOWN;
	}
	if (o->conf_path[0] != '/')
		return options_fail("--config wants a path that begins with \"/\"");
	return -1;
}

void up_options_deinit(struct up_options *o)
{
	dns_options_deinit(&o->dns);
}

int up_options_read(struct up_options *ret_o, int argc, char **argv)
{
	*ret_o = (struct up_options){ .takes_postfix = true,
		                      .takes_dovecot = true,
		                      .conf_path = CONF_USUAL_FILE };
	int status = options_take(ret_o, argc, argv);
	return status < 0 ? options_check(ret_o, optind != argc) : status;
}
