#include "cmd/report_peers.h"

#include "base/err.h"
#include "cmd/report_options.h"
#include "report/peers.h"

#include <sys/random.h>

static const struct option own_options[] = { { "weak", no_argument, NULL, 'w' }, {} };

/* Its own options. */
struct wish {
	bool only_weak;
};

static int take(void *owner, int val, const char *value)
{
	struct wish *wish = owner;
	if (val != 'w')
		return REPORT_TAKE_WRONG;
	wish->only_weak = true;
	return 0;
}

static const struct report_command command = {
	.name = "peers",
	.about = "Usage: mailseal report peers [--weak] [OPTIONS]\n"
		 "\n"
		 "Partners and what sealed their mail: addresses that bring it (and how they\n"
		 "call themselves), domains and hosts that it was brought to (and by which\n"
		 "policy). The weakest first, and among equals those with most mail. Sessions,\n"
		 "messages and bytes are all since the first, of those met in this time.\n",
	.own = "  -w, --weak          only those that are not always sealed\n",
	.end = "Exit: 0 well, 1 with --weak: there are some, 2 could not tell.\n"
	       "Example: mailseal report peers --weak --leg inbound\n",
	.options = own_options,
	.letters = "w",
	.take = take,
};

static int answer(const struct report_asking *asking, struct report_table *ret_table,
                  int *ret_status)
{
	const struct wish *own = asking->owner;
	struct report_peers_wish wish = { .filter = asking->filter,
		                          .only_weak = own->only_weak,
		                          .limit = asking->options.limit };
	if (getrandom(&wish.seed, sizeof(wish.seed), 0) < 0)
		wish.seed = (uint64_t)asking->options.now_s;
	int r = report_peers_table(ret_table, asking->ledger, &wish);
	*ret_status = wish.only_weak && ret_table->row_count ? REPORT_NOT_WELL : REPORT_WELL;
	return err_up(r);
}

int cmd_report_peers(int argc, char **argv)
{
	struct wish wish = {};
	return report_run(&command, argc, argv, &wish, answer);
}
