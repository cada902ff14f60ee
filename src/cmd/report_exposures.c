#include "cmd/report_exposures.h"

#include "base/err.h"
#include "cmd/report_options.h"
#include "report/exposures.h"

static const struct report_command command = {
	.name = "exposures",
	.about = "Usage: mailseal report exposures [OPTIONS]\n"
		 "\n"
		 "Whose password crossed in clear, or was about to: the user, where, from which\n"
		 "address, how often; the last first. Passwords are not in the ledger.\n",
	.end = "Exit: 0 there is none, 1 there are some, 2 could not tell.\n"
	       "Example: mailseal report exposures --since 24h --json\n",
};

static int answer(const struct report_asking *asking, struct report_table *ret_table,
                  int *ret_status)
{
	uint64_t total = 0;
	int r = report_exposures_table(ret_table, asking->ledger, &asking->filter,
	                               asking->options.limit, &total);
	*ret_status = total ? REPORT_NOT_WELL : REPORT_WELL;
	return err_up(r);
}

int cmd_report_exposures(int argc, char **argv)
{
	return report_run(&command, argc, argv, NULL, answer);
}
