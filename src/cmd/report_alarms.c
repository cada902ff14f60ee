#include "cmd/report_alarms.h"

#include "base/err.h"
#include "cmd/report_options.h"
#include "report/alarms.h"

static const struct report_command command = {
	.name = "alarms",
	.about = "Usage: mailseal report alarms [OPTIONS]\n"
		 "\n"
		 "What is wrong until somebody mends it, and what was: a certificate that is on\n"
		 "the disk and not served, that expires, that no TLSA record covers, ports that\n"
		 "do not answer. What is so now is in `mailseal ctl status` too.\n",
	.end = "Exit: 0 nothing is wrong now, 1 something is, 2 could not tell.\n"
	       "Example: mailseal report alarms --since 7d --json\n",
	.without = REPORT_WITHOUT_LEG | REPORT_WITHOUT_EDGE,
};

static int answer(const struct report_asking *asking, struct report_table *ret_table,
                  int *ret_status)
{
	size_t open = 0;
	int r = report_alarms_table(ret_table, asking->ledger, &asking->filter,
	                            asking->options.now_s, asking->options.limit, &open);
	*ret_status = open ? REPORT_NOT_WELL : REPORT_WELL;
	return err_up(r);
}

int cmd_report_alarms(int argc, char **argv)
{
	return report_run(&command, argc, argv, NULL, answer);
}
