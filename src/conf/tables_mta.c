/* For MTAs that deliver themselves, and TLS reports. */
#include "conf/tables_inside.h"

static const struct conf_word dialect_words[] = { { "auto", CONF_DIALECT_AUTO, false },
	                                          { "plain", CONF_DIALECT_PLAIN, false },
	                                          { "tlsrpt", CONF_DIALECT_TLSRPT, false },
	                                          { NULL, 0, false } };

#define OF struct conf_policy_service
static const struct conf_row policy_service_rows[] = {
	LIST("socketmap", CONF_ADDRESSES, socketmap, socketmap_count, NULL, LISTENERS,
	     "Where Postfix asks (smtp_tls_policy_maps): unix sockets alone, for who can ask is "
	     "told. Postfix's smtp is in a chroot: a path in its queue directory. It is told one "
	     "level for all hosts of a domain: \"dane-only\" where all have TLSA records, or some "
	     "and MTA-STS demands a proof of the others, which Postfix then passes over "
	     "(\"secure\" "
	     "would overrule DANE, RFC 8461 2, and \"dane\" MTA-STS); else \"secure\" where "
	     "MTA-STS "
	     "demands a proof, \"dane\" where some have TLSA records, or nothing"),
	ROW("group", CONF_STRING, group, "", LISTENERS,
	    "The group of these sockets. Default: the daemon's own"),
	ROW("mode", CONF_MODE, mode, "0660", LISTENERS, "Who may use them"),
	ROW("dialect", CONF_WORD, dialect, "auto", NEW_SESSIONS,
	    "\"plain\" is what every Postfix understands, \"tlsrpt\" adds what 3.10 wants for TLS "
	    "reports and older ones refuse, policy_failure where an enforced policy names none of "
	    "the MX hosts (never for a policy that is broken: Postfix would keep the mail). "
	    "\"auto\": by the map's name, \"policy\" or "
	    "\"policy-tlsrpt\"",
	    .words = dialect_words),
	LIST("local_domains", CONF_DOMAINS, local_domains, local_domain_count, "", NEW_SESSIONS,
	     "Your own domains, which the map \"transport\" leaves alone. It gives Postfix "
	     "(transport_maps) for every other domain an address of loopback of its own, where a "
	     "relay listens: a slow destination is slow alone"),
};
#undef OF

#define OF struct conf_tlsrpt
static const struct conf_row tlsrpt_rows[] = {
	LIST("collector", CONF_ADDRESSES, collector, collector_count, "", LISTENERS,
	     "Where MTAs that deliver themselves and speak libtlsrpt (Postfix from 3.10) tell it "
	     "(smtp_tlsrpt_socket_name): unix sockets. Postfix's smtp is in a chroot: a path in "
	     "its queue directory"),
	ROW("group", CONF_STRING, group, "", LISTENERS,
	    "The group of these sockets. Default: the daemon's own"),
	ROW("mode", CONF_MODE, mode, "0660", LISTENERS, "Who may use them"),
	ROW("send", CONF_BOOL, sends, "false", NEW_SESSIONS,
	    "Send reports: every day, for the day before, to each domain that had sessions and "
	    "asks for them in DNS (_smtp._tls)"),
	ROW("from", CONF_STRING, from, "", NEW_SESSIONS,
	    "Who sends them, a mailbox that sends nothing else: mail of this sender is not counted "
	    "by the relay. Answers and bounces come there"),
	ROW("organization", CONF_STRING, organization, "", NEW_SESSIONS,
	    "Whose reports they are. Default: the domain of \"from\""),
	ROW("contact", CONF_STRING, contact, "", NEW_SESSIONS,
	    "A mailbox for questions about them. Default: \"from\""),
	ROW("submit", CONF_PLACE, submit, "127.0.0.1:25", NEW_SESSIONS,
	    "Your MTA, which takes reports by SMTP, signs them (DKIM) and sends them: an address "
	    "of this host or a unix socket"),
	LIST("private_networks", CONF_NETWORKS, private_networks, private_network_count, "",
	     NEW_SESSIONS,
	     "A report for a web server goes to no address of loopback or a private network, for "
	     "strangers name these servers, but for those in here"),
};
#undef OF

#define OF struct conf_settings
const struct conf_group conf_group_policy_service = {
	.name = "policy_service",
	.kind = CONF_ONE,
	.help = "For a Postfix that delivers itself: what TLS each destination must have",
	ROWS(policy_service_rows),
	.offset = offsetof(OF, policy_service),
	.has_flag = true,
	.flag_offset = offsetof(struct conf_policy_service, is_set),
	.is_shown_if_set = true,
	.reload = CONF_RELOAD_LISTENERS,
};

const struct conf_group conf_group_tlsrpt = {
	.name = "tlsrpt",
	.kind = CONF_ONE,
	.help = "TLS reports (RFC 8460): how sessions of a relay, and of MTAs that tell it, "
		"ended, "
		"for the domains they went to",
	ROWS(tlsrpt_rows),
	.offset = offsetof(OF, tlsrpt),
	.has_flag = true,
	.flag_offset = offsetof(struct conf_tlsrpt, is_set),
	.is_shown_if_set = true,
	.reload = CONF_RELOAD_LISTENERS,
};
#undef OF
