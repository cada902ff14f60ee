/* Every setting: those of no group, and the groups, in the order of the manual. */
#include "conf/tables_inside.h"

#include <string.h>

static const struct conf_word log_format_words[] = { { "logfmt", CONF_LOG_LOGFMT, false },
	                                             { "json", CONF_LOG_JSON, false },
	                                             { NULL, 0, false } };

static const struct conf_word log_target_words[] = { { "stderr", CONF_LOG_STDERR, false },
	                                             { "syslog", CONF_LOG_SYSLOG, false },
	                                             { NULL, 0, false } };

#define OF struct conf_settings
static const struct conf_row root_rows[] = {
	ROW("hostname", CONF_HOSTNAME, hostname, "", NEW_SESSIONS,
	    "The name of this host in greetings and Received fields. Default: the system's"),
	ROW("state_dir", CONF_PATH, state_dir, "/var/lib/mailseal", RESTART,
	    "What is kept over a restart"),
	ROW("run_dir", CONF_PATH, run_dir, "/run/mailseal", RESTART,
	    "Lock and control socket of the running daemon"),
	ROW("user", CONF_STRING, user, "mailseal", RESTART,
	    "Whom the processes run as, if started as root"),
	ROW("keys_user", CONF_STRING, keys_user, "mailseal-keys", RESTART,
	    "Whom the process with the private keys runs as; \"user\" where it does not exist"),
	ROW("workers", CONF_NUMBER, workers, "0", WORKERS,
	    "Processes that run the sessions. 0: one a core", RANGE(0, 256)),
	ROW("keys_processes", CONF_NUMBER, keys_processes, "0", WORKERS,
	    "Processes that sign; each has all keys, and each worker asks one of them. 0: one for "
	    "each worker where a key is RSA, else one for four. Never more than \"workers\"",
	    RANGE(0, 16)),
	ROW("log_format", CONF_WORD, log_format, "logfmt", RESTART, "How log lines are written",
	    .words = log_format_words),
	ROW("log_target", CONF_WORD, log_target, "stderr", RESTART, "Where log lines go",
	    .words = log_target_words),
	ROW("drain_timeout", CONF_DURATION_MS, drain_timeout_ms, "30s", NEW_SESSIONS,
	    "When a worker ends: sessions that are not through after this long are ended politely",
	    RANGE(0, 24ULL * HOUR)),
	ROW("drain_rate", CONF_NUMBER, drain_rate, "500", NEW_SESSIONS,
	    "When a worker ends: idle sessions ended a second", RANGE(1, 1000000)),
	ROW("drain_notice", CONF_DURATION_MS, drain_notice_ms, "0", NEW_SESSIONS,
	    "Before the daemon ends: /healthz answers 503 for so long while connections are still "
	    "accepted, so that a balancer sends its clients elsewhere",
	    RANGE(0, 1ULL * HOUR)),
	ROW("certificate_dir", CONF_PATH, certificate_dir, "", NEW_SESSIONS,
	    "A tree of certificates, thousands if need be, beside those of \"certificate\": each "
	    "fullchain.pem with a privkey.pem, each NAME.crt with a NAME.key. Their names are "
	    "those "
	    "in them. They are shown by edges that have no \"certificates\", to who asks for a "
	    "name "
	    "that no other certificate has; which one others get is for \"certificate\" to say. A "
	    "pair that is bad is left out, and said. The tree is looked at every minute, and by a "
	    "reload"),
	ROW("witness_every", CONF_DURATION_MS, witness_every_ms, "1m", NEW_SESSIONS,
	    "How often all edges and \"watch_certificates\" are asked which certificate they "
	    "serve; "
	    "what differs from the files, from what is in force, from DNS (TLSA) or expires is an "
	    "alarm: see mailseal-run(8), ALARMS. 0: never",
	    RANGE(0, 1ULL * HOUR)),
	LIST("watch_certificates", CONF_WATCHES, watched, watched_count, "", NEW_SESSIONS,
	     "Ports of servers that mailseal does not front, looked at too: "
	     "\"mail2.example.org:993/imap\", \"[2001:db8::7]:25/smtp\". With \"=/PATH\" behind it "
	     "that file is what should be served there. Protocols: smtp, submission, imap, pop3, "
	     "managesieve (STARTTLS; at 465, 993 and 995 TLS from the first byte), submissions, "
	     "imaps, pop3s, https, tls"),
	LIST("alarm_hook", CONF_COMMAND, alarm_hook, alarm_hook_count, "", HOOKS,
	     "A program that is run as \"user\" for each new alarm, with JSON on its stdin: see "
	     "mailseal-run(8), ALARMS. No shell reads it"),
};
#undef OF

static const struct conf_group *const root_groups[] = {
	&conf_group_tls,         &conf_group_limits,
	&conf_group_certificate, &conf_group_backend,
	&conf_group_edge,        &conf_group_relay,
	&conf_group_route,       &conf_group_link,
	&conf_group_resolver,    &conf_group_policy_service,
	&conf_group_tlsrpt,      &conf_group_ledger,
	&conf_group_dashboard,   &conf_group_check,
	&conf_group_cluster,     &conf_group_pki,
	&conf_group_watch,       &conf_group_mirror,
	&conf_group_mta_sts,     &conf_group_autoconfig,
	&conf_group_lookup,      &conf_group_exception,
};

const struct conf_group conf_root = {
	.name = "",
	.kind = CONF_ONE,
	ROWS(root_rows),
	GROUPS(root_groups),
};

static const struct {
	const char *name;
	const char *sentence;
} missing[] = {
	{ "legacy_kex", "RSA key exchange is not in this version" },
	{ "suites", "a choice of suites is not in this version" },
	{ "interface", "a route through a tunnel is not in this version" },
};

const char *conf_missing_sentence(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(missing); i++)
		if (!strcmp(missing[i].name, name))
			return missing[i].sentence;
	return NULL;
}
