#include "cmd/report_user.h"

#include "base/clean.h"
#include "base/err.h"
#include "cmd/report_options.h"
#include "conf/conf.h"
#include "report/user.h"

#include <stdio.h>

static const struct report_command command = {
	.name = "user",
	.about = "Usage: mailseal report user USER [OPTIONS]\n"
		 "\n"
		 "All that the ledger has of one user, of all times: sessions, clients,\n"
		 "credentials that crossed in clear. USER as it logs in; letter case counts.\n"
		 "`mailseal ctl forget USER` deletes it.\n",
	.end = "Exit: 0 this is all (it may be nothing), 2 could not tell.\n"
	       "Example: mailseal report user anna@example.org --json\n",
	.without = REPORT_WITHOUT_SPAN | REPORT_WITHOUT_LEG | REPORT_WITHOUT_EDGE |
	           REPORT_WITHOUT_LIMIT | REPORT_WITHOUT_CSV,
};

static int user_show(const struct report_options *o, struct store_ledger_read *ledger,
                     const char *user)
{
	struct report_table tables[REPORT_USER_COUNT];
	const struct report_table *shown[REPORT_USER_COUNT];
	int r = report_user_tables(tables, ledger, user);
	for (size_t i = 0; i < REPORT_USER_COUNT; i++)
		shown[i] = &tables[i];
	if (r)
		fprintf(stderr, "mailseal report user: the ledger cannot be read (%s)\n",
		        err_origin());
	else
		r = report_show(o, shown, REPORT_USER_COUNT);
	for (size_t i = 0; i < REPORT_USER_COUNT; i++)
		report_table_deinit(&tables[i]);
	return r ? REPORT_COULD_NOT_TELL : REPORT_WELL;
}

int cmd_report_user(int argc, char **argv)
{
	struct report_options o;
	struct conf_settings *settings = NULL;
	struct store_ledger_read *ledger = NULL;
	int status = report_options_read(&o, &command, argc, argv, NULL);
	if (status >= 0)
		return status;
	if (optind + 1 != argc || !argv[optind][0])
		return report_usage_wrong(&command, "one user is wanted");
	status = REPORT_COULD_NOT_TELL;
	if (!report_settings_read(&o, &settings) &&
	    !report_ledger_open(&command, settings, &ledger))
		status = user_show(&o, ledger, argv[optind]);
	store_ledger_read_close(ledger);
	conf_settings_free(settings);
	return status;
}
