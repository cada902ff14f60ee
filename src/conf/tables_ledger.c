/* What is recorded, where it is shown, and own domains looked at from outside. */
#include "conf/tables_inside.h"

static const struct conf_word keep_words[] = { { "notable", CONF_KEEP_NOTABLE, false },
	                                       { "all", CONF_KEEP_ALL, false },
	                                       { "none", CONF_KEEP_NONE, false },
	                                       { NULL, 0, false } };

static const struct conf_word client_address_words[] = { { "full", CONF_CLIENT_FULL, false },
	                                                 { "truncated", CONF_CLIENT_TRUNCATED,
	                                                   false },
	                                                 { "none", CONF_CLIENT_NONE, false },
	                                                 { NULL, 0, false } };

#define OF struct conf_ledger
static const struct conf_row ledger_rows[] = {
	ROW("keep", CONF_WORD, keep, "notable", WORKERS,
	    "Of which sessions there are rows: \"notable\" (in clear, with old TLS, refused, "
	    "failed, "
	    "first seen) or \"all\". All count in sums by the hour, which stay for years and name "
	    "neither users nor addresses. \"none\": nothing is recorded",
	    .words = keep_words),
	ROW("retention", CONF_DURATION_S, retention_s, "30d", WORKERS,
	    "How long rows are kept, and who came with which TLS",
	    RANGE(HOUR / SECOND, 3660ULL * 24 * HOUR / SECOND)),
	ROW("max_size", CONF_SIZE, max_size, "2G", WORKERS,
	    "How large its file may grow; then the oldest rows go first",
	    RANGE(16 << 20, 1ULL << 42)),
	ROW("client_address", CONF_WORD, client_address, "full", WORKERS,
	    "How much of a client's address is kept: \"truncated\" is its /24 (IPv6: its /48)",
	    .words = client_address_words),
	LIST("exposure_hook", CONF_COMMAND, exposure_hook, exposure_hook_count, "", HOOKS,
	     "A program that is run as \"user\" for each new credential that was sent in clear, "
	     "with "
	     "JSON on its stdin: see mailseal-run(8), HOOKS. No shell reads it"),
	ROW("hook_rate", CONF_NUMBER, hook_rate, "60", HOOKS,
	    "Runs of hooks a minute at most; what is above that waits", RANGE(1, 6000)),
	ROW("hook_timeout", CONF_DURATION_MS, hook_timeout_ms, "30s", HOOKS,
	    "End a hook that takes longer; it has failed then", RANGE(1 * SECOND, 10 * MINUTE)),
};
#undef OF

static const struct conf_word metrics_words[] = { { "closed", false, false },
	                                          { "open", true, false },
	                                          { NULL, 0, false } };

#define OF struct conf_dashboard
static const struct conf_row dashboard_rows[] = {
	ROW("listen", CONF_PLACE, listen, NULL, LISTENERS,
	    "Where it answers HTTP: an address of loopback or \"unix:/PATH\". From elsewhere: "
	    "through an SSH tunnel, or a web server of this host that speaks TLS"),
	ROW("group", CONF_STRING, group, "", LISTENERS,
	    "The group of its unix socket. Default: the daemon's own"),
	ROW("mode", CONF_MODE, mode, "0660", LISTENERS, "Who may use its unix socket"),
	ROW("password_file", CONF_PATH, password_file, "", NEW_SESSIONS,
	    "Lines \"user:HASH\", as `mkpasswd` prints hashes (yescrypt, bcrypt, SHA-512): who may "
	    "look (HTTP Basic). Without it everybody who can connect may: on loopback each user "
	    "of this host. A changed file is read at the next reload"),
	LIST("names", CONF_HOSTNAMES, names, name_count, "", NEW_SESSIONS,
	     "Names by which a browser may ask for it, such as that of a web server in front. "
	     "\"localhost\" and addresses of loopback are always well; another Host is refused, "
	     "for a page elsewhere may point its own name here"),
	ROW("metrics", CONF_WORD, metrics_are_open, "closed", NEW_SESSIONS,
	    "\"open\": /metrics needs no password. /healthz never does", .words = metrics_words),
};
#undef OF

static const struct conf_word check_profile_words[] = {
	{ "m3aawg", CONF_CHECK_M3AAWG, false },   { "ncsc2025", CONF_CHECK_NCSC2025, false },
	{ "bsi2026", CONF_CHECK_BSI2026, false }, { "mozilla6", CONF_CHECK_MOZILLA6, false },
	{ "rfc9325", CONF_CHECK_RFC9325, false }, { NULL, 0, false }
};

const char *conf_check_profile_name(enum conf_check_profile profile)
{
	return check_profile_words[profile].name;
}

#define OF struct conf_check
static const struct conf_row check_rows[] = {
	LIST("domains", CONF_HOSTNAMES, domains, domain_count, NULL, HOOKS,
	     "Domains of your own, which are looked at as the outside sees them. Results are on "
	     "the "
	     "dashboard and in /metrics; what got worse is a warning in the log"),
	ROW("every", CONF_DURATION_S, every_s, "1d", HOOKS, "How often each of them is looked at",
	    RANGE(HOUR / SECOND, 30ULL * 24 * HOUR / SECOND)),
	ROW("profile", CONF_WORD, profile, "m3aawg", HOOKS,
	    "Whose recommendations they are judged by: see mailseal-check(1)",
	    .words = check_profile_words),
};
#undef OF

#define OF struct conf_settings
const struct conf_group conf_group_ledger = {
	.name = "ledger",
	.kind = CONF_ONE,
	.help = "The record of every session and of what sealed it, in \"state_dir\"",
	ROWS(ledger_rows),
	.offset = offsetof(OF, ledger),
};

const struct conf_group conf_group_dashboard = {
	.name = "dashboard",
	.kind = CONF_ONE,
	.help = "Pages that show how much is sealed, where and for whom not, drawn on the "
		"server; "
		"/metrics for Prometheus, /healthz for balancers",
	ROWS(dashboard_rows),
	.offset = offsetof(OF, dashboard),
	.has_flag = true,
	.flag_offset = offsetof(struct conf_dashboard, is_set),
	.is_shown_if_set = true,
	.reload = CONF_RELOAD_LISTENERS,
};

const struct conf_group conf_group_check = {
	.name = "check",
	.kind = CONF_ONE,
	.help = "Own domains, looked at on a schedule as the outside sees them (`mailseal check "
		"--mine`)",
	ROWS(check_rows),
	.offset = offsetof(OF, check),
	.has_flag = true,
	.flag_offset = offsetof(struct conf_check, is_set),
	.is_shown_if_set = true,
	.reload = CONF_RELOAD_HOOKS,
};
#undef OF
