/* A process of the daemon begins: log, user, then its own main. */
#include "base/err.h"
#include "base/log.h"
#include "cmd/run.h"
#include "keys/keys.h"
#include "ledger/ledger.h"
#include "proc/box.h"
#include "resolver/resolver.h"
#include "runner/runner.h"
#include "site/site.h"
#include "watcher/watcher.h"
#include "witness/witness.h"
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
	{ "runner", false, runner_main },     { "witness", false, witness_main },
	{ "site", false, site_main },
};

static const struct role *role_find(const char *name)
{
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (!strcmp(roles[i].name, name))
			return &roles[i];
	return NULL;
}

static int user_become(const struct role *role, const char *user)
{
	const struct proc_identity identity = { .user = user, .is_secret = role->is_secret };
	int r = proc_drop(&identity);
	if (r)
		log_error(NULL, "cannot become its own user", kv_str("user", user),
		          kv_int("result", r));
	return r;
}

/* argv: ROLE NAME USER FORMAT TARGET, of watch an INTERFACE too */
int cmd_role(int argc, char **argv)
{
	bool is_watch = argc == 6 && !strcmp(argv[0], "watch");
	const struct role *role = argc == 5 ? role_find(argv[0]) : NULL;
	if (!role && !is_watch) {
		fputs("mailseal: --role is for the daemon itself; see mailseal --help\n", stderr);
		return 2;
	}
	log_setup(argv[1], !strcmp(argv[3], "json") ? LOG_FORMAT_JSON : LOG_FORMAT_LOGFMT,
	          !strcmp(argv[4], "syslog") ? LOG_TARGET_SYSLOG : LOG_TARGET_STDERR);
	if (is_watch) /* it opens its capture as who it is */
		return watcher_main(PROC_ROLE_FD, argv[2], argv[5]);
	return user_become(role, argv[2]) ? 1 : role->main(PROC_ROLE_FD);
}
