#include "cmd/link.h"

#include "base/clean.h"
#include "conf/conf.h"
#include "link/redirect.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { WELL, NOT_WELL, UNKNOWN };

static const char usage[] =
	"Usage: mailseal link [-c FILE] redirect --print\n"
	"\n"
	"For links with transparent = true: the rules by which nftables catches connections of\n"
	"this host to their \"destination\". They are printed, not loaded.\n"
	"\n"
	"  -p, --print         print them: a script for nft -f\n"
	"  -c, --config FILE   configuration (default /etc/mailseal/mailseal.conf)\n"
	"  -h, --help          this text\n"
	"\n"
	"Exit: 0 well, 1 there is no such link, 2 the file could not be read.\n"
	"Example: mailseal link redirect --print | nft -f -\n"
	"(and to undo it: nft delete table inet mailseal_link)\n";

static int usage_wrong(const char *why)
{
	fprintf(stderr, "mailseal link: %s\n\n%s", why, usage);
	return UNKNOWN;
}

static int redirect_print(const char *path)
{
	CLEAN(conf_settings_freep) struct conf_settings *settings = NULL;
	CLEAN(conf_errors_deinit) struct conf_errors errors = {};
	CLEAN(buf_deinit) struct buf out = {};
	if (conf_read_file(&settings, path, time(NULL), &errors)) {
		conf_errors_print(&errors, stderr);
		fprintf(stderr, "mailseal link: %s could not be read\n", path);
		return UNKNOWN;
	}
	int r = link_redirect_write(&out, settings);
	if (r == LINK_REDIRECT_NONE) {
		fprintf(stderr,
		        "mailseal link: no link of %s is transparent; add transparent = true and "
		        "destination = [\"ADDRESS:PORT\"] to its near end\n",
		        path);
		return NOT_WELL;
	}
	if (r) {
		fputs("mailseal link: out of memory\n", stderr);
		return UNKNOWN;
	}
	fwrite(buf_slice(&out).data, 1, buf_len(&out), stdout);
	return WELL;
}

int cmd_link(int argc, char **argv)
{
	static const struct option options[] = { { "print", no_argument, NULL, 'p' },
		                                 { "config", required_argument, NULL, 'c' },
		                                 { "help", no_argument, NULL, 'h' },
		                                 { NULL, 0, NULL, 0 } };
	const char *path = "/etc/mailseal/mailseal.conf";
	bool prints = false;
	int option;
	opterr = 0;
	while ((option = getopt_long(argc, argv, "pc:h", options, NULL)) != -1) {
		switch (option) {
		case 'p':
			prints = true;
			break;
		case 'c':
			path = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return WELL;
		default:
			return usage_wrong("there is no such option");
		}
	}
	if (argc - optind != 1 || strcmp(argv[optind], "redirect") != 0)
		return usage_wrong("what is to be done? redirect");
	if (!prints)
		return usage_wrong("rules are only printed: add --print");
	return redirect_print(path);
}
