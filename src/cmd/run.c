#include "cmd/run.h"

#include "base/log.h"
#include "conf/conf.h"
#include "parent/parent.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char usage[] =
	"Usage: mailseal run [-c FILE]\n"
	"\n"
	"Runs the daemon in the foreground; logs go to stderr (or syslog, see mailseal.conf(5)).\n"
	"SIGHUP reloads, SIGTERM drains, a second SIGTERM ends at once.\n"
	"\n"
	"  -c, --config FILE   configuration (default /etc/mailseal/mailseal.conf)\n"
	"  -h, --help          this text\n"
	"\n"
	"Example: mailseal run -c /etc/mailseal/mailseal.conf\n";

/*
 * A build that is upgraded executes this one with what it leaves: then a file that cannot be read
 * is no reason to end, its old workers serve.
 */
static int daemon_run(const char *path, int inherit_fd)
{
	struct conf_errors errors = {};
	struct conf_settings *settings = NULL;
	int r = conf_read_file(&settings, path, time(NULL), &errors);
	conf_errors_print(&errors, stderr);
	conf_errors_deinit(&errors);
	if (r && inherit_fd < 0)
		return 1;
	bool as_json = !r && settings->log_format == CONF_LOG_JSON;
	bool to_syslog = !r && settings->log_target == CONF_LOG_SYSLOG;
	log_setup("parent", as_json ? LOG_FORMAT_JSON : LOG_FORMAT_LOGFMT,
	          to_syslog ? LOG_TARGET_SYSLOG : LOG_TARGET_STDERR);
	return parent_run(settings, path, inherit_fd);
}

/* The number of a descriptor, or -1. */
static int fd_read(const char *text)
{
	char *end;
	long fd = strtol(text, &end, 10);
	return end > text && !*end && fd > 2 && fd < INT_MAX ? (int)fd : -1;
}

int cmd_run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "inherit", required_argument, NULL, 'i' }, /* of parent/upgrade.c alone */
		{ "help", no_argument, NULL, 'h' },
		{},
	};
	const char *path = CONF_USUAL_FILE;
	int c, inherit_fd = -1;
	while ((c = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		if (c == 'h') {
			fputs(usage, stdout);
			return 0;
		}
		if (c == 'i' && !strcmp(optarg, "ask")) {
			parent_upgrade_describe(stdout);
			return 0;
		}
		if (c == 'i' && (inherit_fd = fd_read(optarg)) >= 0)
			continue;
		if (c != 'c') {
			fputs(usage, stderr);
			return 2;
		}
		path = optarg;
	}
	if (optind != argc) {
		fprintf(stderr, "mailseal run: \"%s\" is too much\n%s", argv[optind], usage);
		return 2;
	}
	return daemon_run(path, inherit_fd);
}
