#include "cmd/report_exposures.h"

#include "base/clean.h"
#include "base/err.h"
#include "cmd/report_hook.h"
#include "cmd/report_options.h"
#include "report/exposures.h"

#include <limits.h>
#include <string.h>

static const struct report_command command = {
	.name = "exposures",
	.about = "Usage: mailseal report exposures [OPTIONS] [--hook CMD [ARG...]]\n"
		 "\n"
		 "Whose password crossed in clear, or was about to: the user, where, from which\n"
		 "address, how often; the last first. Passwords are not in the ledger.\n",
	.own = "      --hook CMD [ARG...] the last of the options: run CMD for each of them "
	       "(without\n"
	       "                      --limit: for all), with what is known as JSON on its stdin\n",
	.end = "Exit: 0 there is none, 1 there are some, 2 could not tell.\n"
	       "With --hook: 0 all ran well, 1 one has failed, 2 could not tell.\n"
	       "Example: mailseal report exposures --since 24h --json\n"
	       "Example: mailseal report exposures --since 1h --hook /usr/local/sbin/force-reset\n",
};

static int answer(const struct report_asking *asking, struct report_table *ret_table,
                  int *ret_status)
{
	char *const *hook = asking->owner;
	uint64_t total = 0;
	size_t failed = 0;
	int r = report_exposures_table(ret_table, asking->ledger, &asking->filter,
	                               asking->options.limit, &total);
	if (!r && hook)
		r = report_hook_exposures(asking, hook, &failed);
	*ret_status = (hook ? failed : total) ? REPORT_NOT_WELL : REPORT_WELL;
	return err_up(r);
}

/* It runs in "/". A name without "/" is looked for in PATH. */
static bool hook_find(char **hook, char path[PATH_MAX])
{
	if (!hook[0])
		return false;
	if (strchr(hook[0], '/') && realpath(hook[0], path))
		hook[0] = path;
	return true;
}

/* What follows --hook is not ours, and before it an own limit counts, else none. */
static int hook_run(int count, char **argv, char **hook)
{
	char path[PATH_MAX];
	CLEAN(freep) char **words = calloc((size_t)count + 3, sizeof(*words));
	if (!hook_find(hook, path))
		return report_usage_wrong(&command, "--hook needs a command");
	if (!words)
		return REPORT_COULD_NOT_TELL;
	words[0] = argv[0];
	words[1] = (char *)"--limit"; /* getopt_long() only reads */
	words[2] = (char *)"0";
	memcpy(words + 3, argv + 1, (size_t)(count - 1) * sizeof(*words));
	return report_run(&command, count + 2, words, hook, answer);
}

int cmd_report_exposures(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--hook"))
			return hook_run(i, argv, argv + i + 1);
	return report_run(&command, argc, argv, NULL, answer);
}
