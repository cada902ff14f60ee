#include "cmd/report_downgrades.h"

#include "base/err.h"
#include "cmd/report_options.h"
#include "conf/conf.h"
#include "report/downgrades.h"
#include "store/memory.h"

#include <stdio.h>
#include <unistd.h>

static const struct report_command command = {
	.name = "downgrades",
	.about = "Usage: mailseal report downgrades [OPTIONS]\n"
		 "\n"
		 "Partners that had better TLS before: who came in clear, or below policy,\n"
		 "after sealed sessions; who fell to plain text when its handshake was refused;\n"
		 "hosts of other providers that lost their TLS or their certificate, and\n"
		 "whether mail waits for them now. What an attacker on the way does looks the\n"
		 "same.\n",
	.end = "Exit: 0 there is none, 1 there are some, 2 could not tell.\n"
	       "Example: mailseal report downgrades --leg outbound\n",
};

/* NULL: there is no relay that remembers, or it has not begun. 0, or a negative. */
static int memory_open(const struct conf_settings *settings, struct store_memory **ret_memory)
{
	char path[REPORT_PATH_CAP];
	snprintf(path, sizeof(path), "%s/" CONF_RESOLVER_FOLDER "/" CONF_MEMORY_FILE,
	         settings->state_dir);
	if (!settings->relay_count || !settings->relays[0].remembers || access(path, F_OK))
		return 0;
	return err_up(store_memory_open(ret_memory, path, NULL));
}

static int answer(const struct report_asking *asking, struct report_table *ret_table,
                  int *ret_status)
{
	const struct conf_settings *settings = asking->settings;
	struct store_memory *memory = NULL;
	int r = memory_open(settings, &memory);
	const struct report_downgrades_asking wish = {
		.ledger = asking->ledger,
		.memory = memory,
		.relay = settings->relay_count ? settings->relays : NULL,
		.now_s = asking->options.now_s,
		.limit = asking->options.limit,
	};
	if (!r)
		r = report_downgrades_table(ret_table, &wish, &asking->filter);
	*ret_status = ret_table->row_count ? REPORT_NOT_WELL : REPORT_WELL;
	store_memory_close(memory);
	return err_up(r);
}

int cmd_report_downgrades(int argc, char **argv)
{
	return report_run(&command, argc, argv, NULL, answer);
}
