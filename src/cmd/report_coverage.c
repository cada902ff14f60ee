#include "cmd/report_coverage.h"

#include "base/clean.h"
#include "base/err.h"
#include "cmd/report_options.h"
#include "report/coverage.h"

static const struct report_command command = {
	.name = "coverage",
	.about = "Usage: mailseal report coverage [OPTIONS]\n"
		 "\n"
		 "How much of each leg was sealed (encrypted as policy wants, with forward\n"
		 "secrecy), how much of that was proven (the far end showed its name), what was\n"
		 "legacy (TLS below policy) and what was plain. Sessions that never left the\n"
		 "host are local, and count apart, as failed handshakes do.\n",
	.end = "Exit: 0 well, 1 something is plain on the user or internal leg, 2 could not tell.\n"
	       "Example: mailseal report coverage --since 7d --leg inbound\n",
	.without = REPORT_WITHOUT_LIMIT,
};

static int answer(const struct report_asking *asking, struct report_table *ret_table,
                  int *ret_status)
{
	static const int statuses[] = {
		[REPORT_COVERAGE_WELL] = REPORT_WELL,
		[REPORT_COVERAGE_NOT_WELL] = REPORT_NOT_WELL,
		[REPORT_COVERAGE_UNKNOWN] = REPORT_COULD_NOT_TELL,
	};
	CLEAN(report_coverage_deinit) struct report_coverage coverage = {};
	report_coverage_configure(&coverage, asking->settings);
	int r = report_coverage_read(&coverage, asking->ledger, &asking->filter);
	if (!r)
		r = report_coverage_table(ret_table, &coverage, &asking->filter);
	*ret_status = statuses[report_coverage_judge(&coverage)];
	return err_up(r);
}

int cmd_report_coverage(int argc, char **argv)
{
	return report_run(&command, argc, argv, NULL, answer);
}
