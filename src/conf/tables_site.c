/* What mailseal itself answers in HTTPS: policies of MTA-STS, and where users' servers are. */
#include "conf/tables_inside.h"

static const struct conf_word sts_mode_words[] = { { "none", CONF_STS_NONE, false },
	                                           { "testing", CONF_STS_TESTING, false },
	                                           { "enforce", CONF_STS_ENFORCE, false },
	                                           { NULL, 0, false } };

#define OF struct conf_mta_sts
static const struct conf_row mta_sts_rows[] = {
	ROW("domain", CONF_HOSTNAME, domain, NULL, NEW_SESSIONS, "Whose mail it is for"),
	ROW("mode", CONF_WORD, mode, "testing", NEW_SESSIONS,
	    "\"testing\": senders deliver and report; \"enforce\": they deliver to proven hosts or "
	    "not at all; \"none\": there is no policy (any more). \"enforce\" is not published "
	    "while it would stop mail: the policy before stays, and an alarm says why",
	    .words = sts_mode_words),
	ROW("max_age", CONF_DURATION_S, max_age_s, "7d", NEW_SESSIONS,
	    "How long senders keep it. A year protects best, and binds longest",
	    RANGE(HOUR / SECOND, 31557600)),
	LIST("mx", CONF_SNI_NAMES, mx, mx_count, "", NEW_SESSIONS,
	     "The hosts it names, where others than our own edges are among them; \"*.\" stands "
	     "for one label. Default: the MX hosts that DNS has now"),
};
#undef OF

#define OF struct conf_autoconfig
static const struct conf_row autoconfig_rows[] = {
	ROW("domain", CONF_HOSTNAME, domain, NULL, NEW_SESSIONS, "Whose users they are"),
	ROW("display_name", CONF_STRING, display_name, "", NEW_SESSIONS,
	    "What mail programs call the account. Default: the domain"),
	ROW("imap", CONF_HOSTNAME, imap, "", NEW_SESSIONS,
	    "The host of imap edges. Default: \"hostname\" of the edge"),
	ROW("pop3", CONF_HOSTNAME, pop3, "", NEW_SESSIONS, "The same of pop3 edges"),
	ROW("submission", CONF_HOSTNAME, submission, "", NEW_SESSIONS,
	    "The same of submission edges"),
};
#undef OF

#define OF struct conf_settings
const struct conf_group conf_group_mta_sts = {
	.name = "mta_sts",
	.kind = CONF_LIST,
	.help = "Policies of our own (RFC 8461), answered at https://mta-sts.DOMAIN by each http "
		"edge with TLS; all names that begin with \"mta-sts.\" and are not in a "
		"\"by_sni\" are then mailseal's. What is to be in DNS `mailseal dns` says. A "
		"domain "
		"that is taken out is served with mode none until no sender can hold its policy "
		"any more; as long as one is left here",
	ROWS(mta_sts_rows),
	.offset = offsetof(OF, mta_sts),
	.count_offset = offsetof(OF, mta_sts_count),
	.item_size = sizeof(struct conf_mta_sts),
	.line_offset = offsetof(struct conf_mta_sts, line),
	.file_offset = offsetof(struct conf_mta_sts, file),
	.reload = CONF_RELOAD_NEW_SESSIONS,
};

const struct conf_group conf_group_autoconfig = {
	.name = "autoconfig",
	.kind = CONF_LIST,
	.help = "Mail programs are told where the servers are, implicit TLS first: at "
		"https://autoconfig.DOMAIN (Thunderbird and others) and "
		"https://autodiscover.DOMAIN (Outlook). Only ports of edges are named",
	ROWS(autoconfig_rows),
	.offset = offsetof(OF, autoconfigs),
	.count_offset = offsetof(OF, autoconfig_count),
	.item_size = sizeof(struct conf_autoconfig),
	.line_offset = offsetof(struct conf_autoconfig, line),
	.file_offset = offsetof(struct conf_autoconfig, file),
	.reload = CONF_RELOAD_NEW_SESSIONS,
};
#undef OF
