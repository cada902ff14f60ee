#include "cmd/report.h"

#include "base/clean.h"
#include "cmd/report_alarms.h"
#include "cmd/report_coverage.h"
#include "cmd/report_downgrades.h"
#include "cmd/report_exposures.h"
#include "cmd/report_impact.h"
#include "cmd/report_peers.h"
#include "cmd/report_tlsrpt.h"
#include "cmd/report_user.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { WELL, UNKNOWN = 2 };

struct report {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
};

static const struct report reports[] = {
	{ "coverage", cmd_report_coverage, "how much of each leg is sealed" },
	{ "impact", cmd_report_impact, "who would break if a planned TLS policy came into force" },
	{ "exposures", cmd_report_exposures, "whose password crossed in clear" },
	{ "alarms", cmd_report_alarms, "what is wrong until somebody mends it" },
	{ "downgrades", cmd_report_downgrades, "who had better TLS before" },
	{ "peers", cmd_report_peers, "partners, and what sealed their mail" },
	{ "user", cmd_report_user, "all that the ledger has of one user" },
	{ "tlsrpt", cmd_report_tlsrpt, "how sessions that go out ended, for TLS reports" },
};

static void usage_print(FILE *out)
{
	fputs("Usage: mailseal report REPORT [OPTIONS]\n\n", out);
	for (size_t i = 0; i < COUNT_OF(reports); i++)
		fprintf(out, "  %-10s  %s\n", reports[i].name, reports[i].help);
	fputs("\nmailseal report REPORT --help says more; mailseal-report(8) is the manual.\n"
	      "Example: mailseal report coverage --since 7d\n",
	      out);
}

int cmd_report(int argc, char **argv)
{
	bool is_help = argc >= 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"));
	for (size_t i = 0; argc >= 2 && i < COUNT_OF(reports); i++)
		if (!strcmp(argv[1], reports[i].name))
			return reports[i].run(argc - 1, argv + 1);
	if (argc >= 2 && !is_help)
		fprintf(stderr, "mailseal report: there is no report \"%s\"\n", argv[1]);
	usage_print(is_help ? stdout : stderr);
	return is_help ? WELL : UNKNOWN;
}
