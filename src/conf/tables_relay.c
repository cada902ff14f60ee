/* The way out: relays, routes and how DNS is asked for them. */
#include "conf/tables_inside.h"

static const struct conf_word client_verify_words[] = { { "file", TLS_VERIFY_FILE, false },
	                                                { "internal", TLS_VERIFY_INTERNAL, false },
	                                                { NULL, 0, false } };

#define OF struct conf_tls
static const struct conf_row relay_tls_rows[] = {
	MIN_VERSION("1.2",
	            "The lowest TLS version towards far ends. \"1.0\" and \"1.1\" bring the "
	            "suites and signatures of that time with them, and mail that goes out so "
	            "is counted \"legacy\"; else a far end that has nothing newer gets it in "
	            "clear after \"plain_after\""),
};
#undef OF

#define OF struct conf_relay
static const struct conf_row relay_rows[] = {
	LIST("listen", CONF_HANDOFFS, listen, listen_count, "", LISTENERS,
	     "Where MTAs hand mail over: on this host alone, for it is not encrypted. By LMTP each "
	     "recipient gets an answer of its own; by SMTP one destination goes at a time "
	     "(Postfix: "
	     "destination_recipient_limit = 1). \"lmtp:127.0.0.0/8:PORT\" is every address of "
	     "loopback, for the map \"transport\" of policy_service"),
	LIST("listen_tls", CONF_HANDOFFS, listen_tls, listen_tls_count, "", LISTENERS,
	     "Where MTAs of other hosts hand mail over: in TLS from the first byte, with a "
	     "certificate of their own"),
	LIST("certificates", CONF_CERTIFICATES, certificates, certificate_count, "", NEW_SESSIONS,
	     "Names of the certificates it shows there, the default first. Default: all"),
	ROW("client_verify", CONF_WORD, client_verify, "file", NEW_SESSIONS,
	    "What vouches for such an MTA: the CAs of \"client_ca_file\", or that of our own hosts "
	    "(\"internal\": see \"pki\"; without certificates this host shows its own of that CA)",
	    .words = client_verify_words),
	ROW("client_ca_file", CONF_PATH, client_ca_file, "", NEW_SESSIONS,
	    "CA certificates in PEM, one of which has to vouch for such an MTA"),
	LIST("peer", CONF_HOSTNAMES, peers, peer_count, "", NEW_SESSIONS,
	     "Names, one of which has to be in its certificate; with \"internal\" also short ones "
	     "of "
	     "our own hosts. Default: any certificate of these CAs will do"),
	ROW("group", CONF_STRING, group, "", LISTENERS,
	    "The group of its unix sockets. Default: the daemon's own"),
	ROW("mode", CONF_MODE, mode, "0660", LISTENERS, "Who may use its unix sockets"),
	ROW("hostname", CONF_HOSTNAME, hostname, "", NEW_SESSIONS,
	    "Its name in EHLO and Received fields: the one that the address it sends from has in "
	    "DNS. Default: that of the file"),
	LIST("source", CONF_NETWORKS, sources, source_count, "", NEW_SESSIONS,
	     "The addresses of this host that mail goes out from, one of IPv4 and one of IPv6 at "
	     "most. Default: what the system takes"),
	ROW("ca_file", CONF_PATH, ca_file, "", NEW_SESSIONS,
	    "CA certificates in PEM for far ends, beside those of the system"),
	ROW("plain_after", CONF_DURATION_MS, plain_after_ms, "300s", NEW_SESSIONS,
	    "Where TLS is not required and fails, mail goes in clear only when it has failed for "
	    "so "
	    "long",
	    RANGE(1, 24ULL * HOUR)),
	ROW("memory", CONF_BOOL, remembers, "true", NEW_SESSIONS,
	    "Remember what TLS far ends had. One that loses it where nothing else demands it is a "
	    "\"downgrade\" in the log; if it had TLS for 30 days and 20 sessions, mail waits for "
	    "it"),
	LIST("hold", CONF_DOMAINS, hold, hold_count, "", NEW_SESSIONS,
	     "Domains (\"example.org\", \".example.org\" for all below it, \"*\") whose mail waits "
	     "however short they had TLS"),
	ROW("hold_for", CONF_DURATION_MS, hold_for_ms, "4h", NEW_SESSIONS,
	    "How long such mail waits; then it goes in clear. `mailseal ctl release DOMAIN` ends "
	    "it. "
	    "0: never hold",
	    RANGE(0, 24ULL * HOUR)),
	LIST("refuse", CONF_DOMAINS, refuse, refuse_count, "", NEW_SESSIONS,
	     "Domains that get no mail in clear once they had TLS, however long that lasts"),
	ROW("concurrency", CONF_NUMBER, concurrency, "20", NEW_SESSIONS,
	    "Connections to one domain at a time, of all workers together. What is over waits",
	    RANGE(1, 10000)),
	ROW("host_concurrency", CONF_NUMBER, host_concurrency, "50", NEW_SESSIONS,
	    "Connections to one MX host at a time, whatever domains it serves. 0: no limit",
	    RANGE(0, 100000)),
	ROW("operator_concurrency", CONF_NUMBER, operator_concurrency, "100", NEW_SESSIONS,
	    "Connections at a time to all MX hosts of one operator: those whose names are below "
	    "one registrable domain. 0: no limit",
	    RANGE(0, 100000)),
	ROW("operator_rate", CONF_NUMBER, operator_rate, "0", NEW_SESSIONS,
	    "Connections begun to one operator in a minute, evenly spaced. 0: no limit",
	    RANGE(0, 60000)),
	ROW("slot_wait", CONF_DURATION_MS, slot_wait_ms, "60s", NEW_SESSIONS,
	    "How long a recipient waits for one of these connections; then it is for later (451)",
	    RANGE(1 * SECOND, 200ULL * SECOND)),
	ROW("bare_newline", CONF_WORD, bare_newline, "normalize", NEW_SESSIONS,
	    "A CR or LF alone inside a message: mend it or refuse the message",
	    .words = conf_bare_newline_words),
	ROW("port", CONF_NUMBER, port, "25", NEW_SESSIONS,
	    "The port of far ends; another is for tests", RANGE(1, 65535)),
};

static const struct conf_group relay_tls = {
	.name = "tls",
	.kind = CONF_ONE,
	.help = "TLS towards far ends, those of routes too",
	ROWS(relay_tls_rows),
	.offset = offsetof(OF, tls),
	.has_flag = true,
	.flag_offset = offsetof(struct conf_tls, is_set),
};

static const struct conf_group *const relay_groups[] = { &relay_tls };
#undef OF

static const struct conf_word route_mode_words[] = { { "starttls", CONF_TLS_STARTTLS, false },
	                                             { "implicit", CONF_TLS_IMPLICIT, false },
	                                             { "none", CONF_TLS_NONE, false },
	                                             { "tunnel", 0, true },
	                                             { NULL, 0, false } };

static const struct conf_word route_verify_words[] = {
	{ "system", TLS_VERIFY_SYSTEM, false },     { "pin", TLS_VERIFY_PIN, false },
	{ "file", TLS_VERIFY_FILE, false },         { "none", TLS_VERIFY_NONE, false },
	{ "internal", TLS_VERIFY_INTERNAL, false }, { NULL, 0, false }
};

#define OF struct conf_tls
static const struct conf_row route_tls_rows[] = {
	ROW("mode", CONF_WORD, mode, "starttls", NEW_SESSIONS,
	    "How TLS begins there. \"none\" is for this host alone", .words = route_mode_words),
	ROW("verify", CONF_WORD, verify, "system", NEW_SESSIONS,
	    "What vouches for its certificate: the CAs of this host and of the relay's "
	    "\"ca_file\", those of \"ca_file\" here alone, the keys in \"pin\", the CA of our own "
	    "hosts "
	    "(\"internal\": see \"pki\"), or nothing, which "
	    "needs accept = [\"unverified\"]",
	    .words = route_verify_words),
	ROW("ca_file", CONF_PATH, ca_file, "", NEW_SESSIONS,
	    "CA certificates in PEM, for verify = \"file\""),
	LIST("pin", CONF_PINS, pins, pin_count, "", NEW_SESSIONS,
	     "SHA-256 of its public key (SubjectPublicKeyInfo), for verify = \"pin\"; several "
	     "while a key is changed"),
	ROW("name", CONF_HOSTNAME, name, "", NEW_SESSIONS,
	    "The name to be in its certificate. Default: that in \"host\""),
	LIST("peer", CONF_HOSTNAMES, peers, peer_count, "", NEW_SESSIONS,
	     "For verify = \"internal\": which of our own hosts it is, one name"),
};
#undef OF

static const struct conf_word route_accept_words[] = {
	{ "plain", offsetof(struct conf_route, accepts_plain), false },
	{ "unverified", offsetof(struct conf_route, accepts_unverified), false },
	{ NULL, 0, false }
};

#define OF struct conf_route
static const struct conf_row route_rows[] = {
	ROW("domain", CONF_STRING, domain, NULL, NEW_SESSIONS,
	    "Whose mail it is for: \"example.org\", \".example.org\" (all below it) or \"*\"; the "
	    "first that fits counts"),
	ROW("host", CONF_PLACE, host, NULL, NEW_SESSIONS,
	    "Where that goes in place of the domain's MX: NAME:PORT or an address"),
	FLAGS("accept", route_accept_words, NEW_SESSIONS,
	      "What is unsafe and wanted all the same: \"plain\" (no TLS to another host), "
	      "\"unverified\" (verify = \"none\")"),
};

static const struct conf_group route_tls = {
	.name = "tls",
	.kind = CONF_ONE,
	.help = "TLS towards this host: always there, and proven",
	ROWS(route_tls_rows),
	.offset = offsetof(OF, tls),
	.has_flag = true,
	.flag_offset = offsetof(struct conf_tls, is_set),
};

static const struct conf_group *const route_groups[] = { &route_tls };
#undef OF

#define OF struct conf_resolver
static const struct conf_row resolver_rows[] = {
	LIST("forward", CONF_FORWARDS, forwards, forward_count, "", WORKERS,
	     "Name servers that are asked everything; their answers are validated here all the "
	     "same. Default: none, it asks from the root down"),
	ROW("trust_ad", CONF_BOOL, trusts_ad, "false", WORKERS,
	    "Do not validate here: what the resolvers in \"forward\" found (the AD bit) counts. "
	    "They must be on this host, for nothing protects that bit on its way, and validate"),
	LIST("stub", CONF_STUBS, stubs, stub_count, "", WORKERS,
	     "The name servers of a zone of your own, asked for it and all below"),
	ROW("trust_anchor", CONF_PATH, trust_anchor, "/usr/share/dns/root.key", WORKERS,
	    "The root's keys to begin with (DS or DNSKEY records). What they become is kept in "
	    "\"state_dir\" (RFC 5011)"),
	ROW("ca_file", CONF_PATH, ca_file, "", WORKERS,
	    "CA certificates in PEM for the web servers of MTA-STS policies, beside those of the "
	    "system"),
	ROW("hosts_file", CONF_PATH, hosts_file, "/etc/hosts", WORKERS,
	    "Hosts that the settings name are looked up in it, and then by DNS. A new one is "
	    "picked up. \"\": none"),
	ROW("queries", CONF_NUMBER, queries, "4096", WORKERS,
	    "Questions to name servers at a time. Each may take a descriptor", RANGE(16, 16384)),
};
#undef OF

#define OF struct conf_settings
const struct conf_group conf_group_relay = {
	.name = "relay",
	.kind = CONF_NAMED,
	.help = "The way out: MTAs hand mail over, each destination is reached with the "
		"strongest "
		"TLS that it has",
	ROWS(relay_rows),
	GROUPS(relay_groups),
	.offset = offsetof(OF, relays),
	.count_offset = offsetof(OF, relay_count),
	.item_size = sizeof(struct conf_relay),
	.line_offset = offsetof(struct conf_relay, line),
	.file_offset = offsetof(struct conf_relay, file),
	.reload = CONF_RELOAD_LISTENERS,
};

const struct conf_group conf_group_route = {
	.name = "route",
	.kind = CONF_LIST,
	.help = "Where mail for a domain goes, if not to its MX, and what TLS it has there",
	ROWS(route_rows),
	GROUPS(route_groups),
	.offset = offsetof(OF, routes),
	.count_offset = offsetof(OF, route_count),
	.item_size = sizeof(struct conf_route),
	.line_offset = offsetof(struct conf_route, line),
	.file_offset = offsetof(struct conf_route, file),
	.reload = CONF_RELOAD_NEW_SESSIONS,
};

const struct conf_group conf_group_resolver = {
	.name = "resolver",
	.kind = CONF_ONE,
	.help = "How DNS is asked, for what goes out. It validates DNSSEC itself",
	ROWS(resolver_rows),
	.offset = offsetof(OF, resolver),
};
#undef OF
