/* A process of the daemon begins: log, user, then its own main. */
#include "base/err.h"
#include "base/log.h"
#include "cmd/run.h"
#include "keys/keys.h"
#include "ledger/ledger.h"
#include "proc/box.h"
#include "resolver/resolver.h"
#include "runner/runner.h"
#include "worker/worker.h"

#include <stdio.h>
#include <string.h>

struct role {
	const char *name;
	bool is_secret;
	int (*main)(int chan_fd);
};

static const struct role roles[] = {
	{ "worker", false, worker_main },     { "keys", true, keys_main },
	{ "resolver", false, resolver_main }, { "ledger", false, ledger_main },
	{ "runner", false, runner_main },
};

static const struct role *role_find(const char *name)
{
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (!strcmp(roles[i].name, name))
			return &roles[i];
	return NULL;
}

/* argv: ROLE NAME USER FORMAT TARGET */
int cmd_role(int argc, char **argv)
{
	const struct role *role = argc == 5 ? role_find(argv[0]) : NULL;
	if (!role) {
		fputs("mailseal: --role is for the daemon itself; see mailseal --help\n", stderr);
		return 2;
	}
	log_setup(argv[1], !strcmp(argv[3], "json") ? LOG_FORMAT_JSON : LOG_FORMAT_LOGFMT,
	          !strcmp(argv[4], "syslog") ? LOG_TARGET_SYSLOG : LOG_TARGET_STDERR);
	struct proc_identity identity = { .user = argv[2], .is_secret = role->is_secret };
	int r = proc_drop(&identity);
	if (r) {
		log_error(NULL, "cannot become its own user", kv_str("user", argv[2]),
		          kv_int("result", r));
		return 1;
	}
	return role->main(PROC_ROLE_FD);
}
