#include "cmd/run.h"

#include "base/log.h"
#include "conf/conf.h"
#include "parent/parent.h"

#include <getopt.h>
#include <stdio.h>
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

static int daemon_run(const char *path)
{
	struct conf_errors errors = {};
	struct conf_settings *settings = NULL;
	int r = conf_read_file(&settings, path, time(NULL), &errors);
	conf_errors_print(&errors, stderr);
	conf_errors_deinit(&errors);
	if (r)
		return 1;
	log_setup("parent",
	          settings->log_format == CONF_LOG_JSON ? LOG_FORMAT_JSON : LOG_FORMAT_LOGFMT,
	          settings->log_target == CONF_LOG_SYSLOG ? LOG_TARGET_SYSLOG : LOG_TARGET_STDERR);
	return parent_run(settings, path);
}

int cmd_run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{},
	};
	const char *path = "/etc/mailseal/mailseal.conf";
	int c;
	while ((c = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		if (c == 'h') {
			fputs(usage, stdout);
			return 0;
		}
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
	return daemon_run(path);
}
