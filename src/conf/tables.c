/* Every setting. */
#include "conf/tables.h"

#include "base/clean.h"

#include <string.h>

#define FIELD(field) .offset = offsetof(OF, field), .size = sizeof(((OF *)0)->field)

#define ROW(row_name, row_type, field, row_initial, row_reload, row_help, ...)                     \
	{                                                                                          \
		.name = (row_name), .type = (row_type), FIELD(field), .initial = (row_initial),    \
		.reload = CONF_RELOAD_##row_reload, .help = (row_help), __VA_ARGS__                \
	}

#define LIST(row_name, row_type, field, field_count, row_initial, row_reload, row_help, ...)       \
	{                                                                                          \
		.name = (row_name), .type = (row_type), FIELD(field),                              \
		.count_offset = offsetof(OF, field_count), .initial = (row_initial),               \
		.reload = CONF_RELOAD_##row_reload, .help = (row_help), __VA_ARGS__                \
	}

#define FLAGS(row_name, row_words, row_reload, row_help)                                           \
	{                                                                                          \
		.name = (row_name), .type = CONF_FLAGS, .initial = "", .words = (row_words),       \
		.reload = CONF_RELOAD_##row_reload, .help = (row_help)                             \
	}

#define ROWS(table) .rows = (table), .row_count = COUNT_OF(table)
#define GROUPS(table) .groups = (table), .group_count = COUNT_OF(table)
#define RANGE(low, high) .min = (low), .max = (high)

enum {
	SECOND = 1000,
	MINUTE = 60 * SECOND,
	HOUR = 60 * MINUTE,
	FROM_OUTSIDE = 1 << CONF_SMTP | 1 << CONF_SUBMISSION,
	ANY_SMTP = FROM_OUTSIDE | 1 << CONF_LMTP,
};

/* The shortest wait that is still a wait, the longest that is still a limit. */
#define DEADLINE RANGE(100, 24ULL * HOUR)

static const struct conf_word forward_secrecy_words[] = { { "prefer", false, false },
	                                                  { "require", true, false },
	                                                  { NULL, 0, false } };

static const struct conf_word mode_words[] = { { "none", CONF_TLS_NONE, false },
	                                       { "starttls", CONF_TLS_STARTTLS, false },
	                                       { "implicit", CONF_TLS_IMPLICIT, false },
	                                       { "tunnel", CONF_TLS_TUNNEL, false },
	                                       { NULL, 0, false } };

static const struct conf_word verify_words[] = {
	{ "system", TLS_VERIFY_SYSTEM, false },     { "file", TLS_VERIFY_FILE, false },
	{ "pin", TLS_VERIFY_PIN, false },           { "none", TLS_VERIFY_NONE, false },
	{ "internal", TLS_VERIFY_INTERNAL, false }, { NULL, 0, false }
};

static const struct conf_word client_info_words[] = { { "proxy", CONV_INFO_PROXY, false },
	                                              { "xclient", CONV_INFO_XCLIENT, false },
	                                              { "id", CONV_INFO_ID, false },
	                                              { "none", CONV_INFO_NONE, false },
	                                              { NULL, 0, false } };

static const struct conf_word backend_accept_words[] = {
	{ "plain", offsetof(struct conf_backend, accepts_plain), false },
	{ "no-client-info", offsetof(struct conf_backend, accepts_no_client_info), false },
	{ "unverified-client-info", offsetof(struct conf_backend, accepts_unverified_client_info),
	  false },
	{ "unverified", offsetof(struct conf_backend, accepts_unverified), false },
	{ "unproven-tunnel", offsetof(struct conf_backend, accepts_unproven_tunnel), false },
	{ NULL, 0, false }
};

static const struct conf_word edge_accept_words[] = {
	{ "self-signed", offsetof(struct conf_edge, accepts_self_signed), false },
	{ NULL, 0, false }
};

static const struct conf_word protocol_words[] = { { "smtp", CONF_SMTP, false },
	                                           { "submission", CONF_SUBMISSION, false },
	                                           { "imap", CONF_IMAP, false },
	                                           { "pop3", CONF_POP3, false },
	                                           { "tcp", CONF_TCP, false },
	                                           { "managesieve", CONF_SIEVE, false },
	                                           { "http", 0, true },
	                                           { "lmtp", CONF_LMTP, false },
	                                           { NULL, 0, false } };

static const struct conf_word auth_words[] = { { "after-tls", CONV_AUTH_AFTER_TLS, false },
	                                       { "off", CONV_AUTH_OFF, false },
	                                       { NULL, 0, false } };

static const struct conf_word received_words[] = { { "on", CONV_RECEIVED_ON, false },
	                                           { "no-address", CONV_RECEIVED_NO_ADDRESS,
	                                             false },
	                                           { "off", CONV_RECEIVED_OFF, false },
	                                           { NULL, 0, false } };

static const struct conf_word bare_newline_words[] = { { "normalize", CONV_BARE_NORMALIZE, false },
	                                               { "reject", CONV_BARE_REJECT, false },
	                                               { NULL, 0, false } };

static const struct conf_word log_format_words[] = { { "logfmt", CONF_LOG_LOGFMT, false },
	                                             { "json", CONF_LOG_JSON, false },
	                                             { NULL, 0, false } };

static const struct conf_word log_target_words[] = { { "stderr", CONF_LOG_STDERR, false },
	                                             { "syslog", CONF_LOG_SYSLOG, false },
	                                             { NULL, 0, false } };

#define OF struct conf_tls
#define MIN_VERSION(row_initial, row_help)                                                         \
	ROW("min_version", CONF_VERSION, min_version, row_initial, NEW_SESSIONS, row_help)

static const struct conf_row edge_tls_rows[] = {
	MIN_VERSION("1.2", "The lowest TLS version. \"1.0\" and \"1.1\" bring the suites and "
	                   "signatures that such clients need; SSL never"),
	ROW("groups", CONF_GROUPS, groups, "X25519MLKEM768:X25519:P-256:P-384", NEW_SESSIONS,
	    "Key exchange groups, the best first. What the library lacks is skipped"),
	ROW("forward_secrecy", CONF_WORD, forward_secrecy_required, "prefer", NEW_SESSIONS,
	    "For port 25: \"require\" ends the last suites kept for old senders",
	    .words = forward_secrecy_words),
	ROW("tickets", CONF_BOOL, tickets, "true", NEW_SESSIONS,
	    "Let clients resume their sessions"),
};

static const struct conf_row backend_tls_rows[] = {
	ROW("mode", CONF_WORD, mode, "none", NEW_SESSIONS,
	    "How TLS towards the backend begins. \"none\" is for this host alone. \"tunnel\": "
	    "there is none, but WireGuard, MACsec or IPsec of this host seals the way. Its kernel "
	    "is asked, at start, whenever links, routes or policies change, and every minute; an "
	    "address for which that is not true is not used. See TUNNELS in mailseal-run(8)",
	    .words = mode_words),
	ROW("interface", CONF_STRING, interface, "", NEW_SESSIONS,
	    "For mode = \"tunnel\": the interface by which the backend is reached, of WireGuard, "
	    "MACsec or IPsec (a link of kind xfrm). Connections are bound to it. Default: any, "
	    "and an IPsec policy has to cover the address"),
	ROW("verify", CONF_WORD, verify, "system", NEW_SESSIONS,
	    "What vouches for the backend's certificate: the CAs of this host, those of "
	    "\"ca_file\", the keys in \"pin\", the CA of our own hosts (\"internal\": see \"pki\"; "
	    "the backend can then ask for our certificate, too), or nothing, which needs accept = "
	    "[\"unverified\"]",
	    .words = verify_words),
	ROW("ca_file", CONF_PATH, ca_file, "", NEW_SESSIONS,
	    "CA certificates in PEM, for verify = \"file\""),
	LIST("pin", CONF_PINS, pins, pin_count, "", NEW_SESSIONS,
	     "SHA-256 of the backend's public key (SubjectPublicKeyInfo), for verify = \"pin\"; "
	     "several while a key is changed"),
	ROW("name", CONF_HOSTNAME, name, "", NEW_SESSIONS,
	    "The name to be in the backend's certificate, for verify = \"system\" and \"file\""),
	LIST("peer", CONF_HOSTNAMES, peers, peer_count, "", NEW_SESSIONS,
	     "For verify = \"internal\": which of our own hosts it is, by the name that "
	     "mailseal-pki(8) "
	     "gave it; of several any"),
	MIN_VERSION("", "The lowest TLS version towards the backend. Default: that of the tls "
	                "group of the file, but never under \"1.2\""),
};
#undef OF

#define OF struct conf_limits
static const struct conf_row limits_rows[] = {
	ROW("connections_per_address", CONF_NUMBER, connections_per_address, "200", NEW_SESSIONS,
	    "Connections of one address at a time (IPv6: of one /64), in each worker. IMAP, POP3 "
	    "and ManageSieve count until the user is in. 0: no limit",
	    RANGE(0, 1000000)),
	ROW("handshakes_per_second", CONF_NUMBER, handshakes_per_second, "50", NEW_SESSIONS,
	    "New connections of one address (IPv6: of one /64) a second. 0: no limit",
	    RANGE(0, 1000000)),
	ROW("connections_per_user", CONF_NUMBER, connections_per_user, "100", NEW_SESSIONS,
	    "Connections at a time of one user from one address (IPv6: from one /64) after login, "
	    "in each worker. Who has more is told to come back later. Logins whose mechanism hides "
	    "the name (GSSAPI) are not counted. 0: no limit",
	    RANGE(0, 1000000)),
	LIST("exempt", CONF_NETWORKS, exempt, exempt_count, "", NEW_SESSIONS,
	     "Networks the three limits above do not count for: your own, big NATs, "
	     "monitoring. Balancers (\"proxy_from\") need not be here: whom they bring is counted"),
	ROW("max_sessions", CONF_NUMBER, max_sessions, "8000", NEW_SESSIONS,
	    "Sessions of one worker; each needs two descriptors. What comes above is told to come "
	    "back later",
	    RANGE(1, 1000000)),
	ROW("max_handshakes", CONF_NUMBER, max_handshakes, "1000", NEW_SESSIONS,
	    "TLS handshakes of one worker at a time. Who comes above waits in line, the first come "
	    "first, as long as \"handshake_timeout\"; who waits counts as a session, so "
	    "\"max_sessions\" ends the line and refuses the newest",
	    RANGE(1, 1000000)),
	ROW("errors_max", CONF_NUMBER, errors_max, "20", NEW_SESSIONS,
	    "Bad commands that end a session", RANGE(1, 10000)),
	ROW("login_failures_max", CONF_NUMBER, login_failures_max, "3", NEW_SESSIONS,
	    "Failed logins that end a session", RANGE(1, 10000)),
	ROW("login_delay_after", CONF_NUMBER, login_delay_after, "3", NEW_SESSIONS,
	    "Failed logins of one user from one address (IPv6: from one /64) that are answered at "
	    "once; the answers to further ones wait 1s, 2s, 4s ... 30s, until a login succeeds or "
	    "an hour has passed. Neither other users of the address nor the user from elsewhere "
	    "are slowed; logins that show no name count as one user's. Each worker counts for "
	    "itself, but with \"cluster\". 0: never slow",
	    RANGE(0, 10000)),
	ROW("line_max", CONF_SIZE, line_max, "4K", NEW_SESSIONS,
	    "Longest command line, its end included (RFC 5321 4.5.3.1.4 wants 512 at least)",
	    RANGE(512, 1 << 20)),
	ROW("auth_line_max", CONF_SIZE, auth_line_max, "12288", NEW_SESSIONS,
	    "Longest line of a login (RFC 4954 4 wants 12288)", RANGE(512, 1 << 20)),
	ROW("literal_max", CONF_SIZE, literal_max, "4K", NEW_SESSIONS,
	    "Longest IMAP literal before login. Those of ManageSieve count for \"line_max\"",
	    RANGE(64, 1 << 20)),
	ROW("handshake_timeout", CONF_DURATION_MS, handshake_timeout_ms, "30s", NEW_SESSIONS,
	    "End a TLS handshake that takes longer, on either side", DEADLINE),
	ROW("greeting_timeout", CONF_DURATION_MS, greeting_timeout_ms, "5m", NEW_SESSIONS,
	    "Give up on a backend that does not greet or answer before login (RFC 5321 4.5.3.2.1)",
	    DEADLINE),
	ROW("command_timeout", CONF_DURATION_MS, command_timeout_ms, "5m", NEW_SESSIONS,
	    "Close a connection whose client sends no command for this long (RFC 5321 4.5.3.2.7)",
	    DEADLINE),
	ROW("data_timeout", CONF_DURATION_MS, data_timeout_ms, "5m", NEW_SESSIONS,
	    "Close a connection whose client stops in the middle of a message for this long",
	    DEADLINE),
	ROW("reply_timeout", CONF_DURATION_MS, reply_timeout_ms, "10m", NEW_SESSIONS,
	    "Wait this long for the backend's answer to a whole message (RFC 5321 4.5.3.2.6)",
	    DEADLINE),
	ROW("login_timeout", CONF_DURATION_MS, login_timeout_ms, "3m", NEW_SESSIONS,
	    "IMAP, POP3 and ManageSieve: close a connection whose user is not in after this long",
	    DEADLINE),
	ROW("idle_timeout", CONF_DURATION_MS, idle_timeout_ms, "0", NEW_SESSIONS,
	    "Close a session that is silent for this long after login (for tcp: after TLS is up): "
	    "35m at least, for tcp edges of any length, or 0, which leaves it to the backend",
	    RANGE(0, 24ULL * 7 * HOUR)),
};
#undef OF

#define OF struct conf_certificate
static const struct conf_row certificate_rows[] = {
	ROW("chain", CONF_PATH, chain, NULL, NEW_SESSIONS,
	    "The certificate and those between it and its CA, in PEM"),
	ROW("key", CONF_PATH, key, NULL, NEW_SESSIONS,
	    "Its private key, in PEM. Only the process \"keys\" ever has it"),
};
#undef OF

#define OF struct conf_backend
static const struct conf_row backend_rows[] = {
	LIST("address", CONF_ADDRESSES, addresses, address_count, NULL, NEW_SESSIONS,
	     "Where the server listens; the next is tried when one does not answer, which then "
	     "comes "
	     "last for 5 s. While none answers, smtp, submission and lmtp greet with 421"),
	ROW("client_info", CONF_WORD, client_info, "proxy", NEW_SESSIONS,
	    "How the server is told who the client is: \"proxy\" (PROXY v2), \"xclient\" (pop3), "
	    "\"id\" (imap; the server cannot be seen to heed it). \"none\" makes every stranger a "
	    "client from this host and needs accept = [\"no-client-info\"]",
	    .words = client_info_words),
	ROW("channel_binding", CONF_BOOL, channel_binding, "false", NEW_SESSIONS,
	    "The server binds logins to our TLS: its -PLUS mechanisms are offered"),
	ROW("connect_timeout", CONF_DURATION_MS, connect_timeout_ms, "10s", NEW_SESSIONS,
	    "Try the next address after this long", DEADLINE),
	FLAGS("accept", backend_accept_words, NEW_SESSIONS,
	      "What is unsafe and wanted all the same: \"plain\" (no TLS to another host), "
	      "\"no-client-info\", \"unverified-client-info\" (\"id\"), \"unverified\" "
	      "(verify = \"none\"), \"unproven-tunnel\" (an interface of which the kernel does not "
	      "know that it seals, such as tun; it counts as plain)"),
};

static bool backend_has_tls(const void *base)
{
	return ((const struct conf_tls *)base)->mode != CONF_TLS_NONE;
}

static const struct conf_group backend_groups[] = {
	{ .name = "tls",
	  .kind = CONF_ONE,
	  .help = "TLS towards this backend, or a tunnel. One that is not on this host must have "
	          "either",
	  ROWS(backend_tls_rows),
	  .offset = offsetof(OF, tls),
	  .has_flag = true,
	  .flag_offset = offsetof(struct conf_tls, is_set),
	  .is_shown = backend_has_tls },
};
#undef OF

#define OF struct conf_edge
static const struct conf_row edge_rows[] = {
	ROW("protocol", CONF_WORD, protocol, NULL, LISTENERS,
	    "What is spoken. \"lmtp\": how one of your MTAs hands mail to a mail store; it takes "
	    "none "
	    "before TLS is up (451, so that it waits in the MTA's queue). \"tcp\": anything, "
	    "sealed from the first byte and not looked at; a "
	    "client that names a protocol by ALPN is refused there, for none is known",
	    .words = protocol_words),
	LIST("listen", CONF_ADDRESSES, listen, listen_count, "", LISTENERS,
	     "Where clients come in clear and ask for STARTTLS (25, 587, 143, 110, 4190)",
	     .protocols = ~(1U << CONF_TCP)),
	LIST("listen_tls", CONF_ADDRESSES, listen_tls, listen_tls_count, "", LISTENERS,
	     "Where TLS is there from the first byte (465, 993, 995)",
	     .protocols = ~(1U << CONF_SMTP)),
	ROW("backend", CONF_BACKEND, backend, NULL, NEW_SESSIONS, "The server behind this edge"),
	LIST("certificates", CONF_CERTIFICATES, certificates, certificate_count, "", NEW_SESSIONS,
	     "Names of the certificates this edge has, the default first. Default: all"),
	ROW("hostname", CONF_HOSTNAME, hostname, "", NEW_SESSIONS,
	    "Its name in greetings and Received fields. Default: that of the file"),
	ROW("auth", CONF_WORD, auth, "", NEW_SESSIONS,
	    "Whether logins are taken at all. Default: \"off\" for smtp and lmtp, else "
	    "\"after-tls\"",
	    .words = auth_words, .protocols = ANY_SMTP),
	ROW("received", CONF_WORD, received, "", NEW_SESSIONS,
	    "The Received field the edge writes. Default: \"on\" for smtp and lmtp, \"no-address\" "
	    "(without "
	    "the client's address) for submission",
	    .words = received_words, .protocols = ANY_SMTP),
	ROW("bare_newline", CONF_WORD, bare_newline, "normalize", NEW_SESSIONS,
	    "A CR or LF alone inside a message: mend it or refuse the message",
	    .words = bare_newline_words, .protocols = ANY_SMTP),
	ROW("alpn", CONF_STRING, alpn, "", NEW_SESSIONS,
	    "What is spoken inside, for clients that ask for it by ALPN (RFC 7301), as browsers "
	    "do: "
	    "\"http/1.1\". Who asks for anything else is refused; without this, who asks at all",
	    .protocols = 1U << CONF_TCP),
	ROW("require_client_certificate", CONF_BOOL, needs_client_certificate, "false",
	    NEW_SESSIONS,
	    "Clients have to show a certificate of the internal CA (mailseal-pki(8)) that was not "
	    "revoked; the edge shows this host's own where there is no other",
	    .protocols = 1U << CONF_TCP),
	LIST("peer", CONF_HOSTNAMES, peers, peer_count, "", NEW_SESSIONS,
	     "Which of our own they may be, by the name that mailseal-pki(8) gave them. Default: "
	     "any",
	     .protocols = 1U << CONF_TCP),
	ROW("greet_delay", CONF_DURATION_MS, greet_delay_ms, "0", NEW_SESSIONS,
	    "Wait before the greeting and refuse clients that speak meanwhile",
	    RANGE(0, 1ULL * MINUTE), .protocols = FROM_OUTSIDE),
	LIST("require_tls_from", CONF_NETWORKS, require_tls_from, require_tls_from_count, "",
	     NEW_SESSIONS, "Networks of partners that may not send in clear",
	     .protocols = 1 << CONF_SMTP),
	LIST("proxy_from", CONF_NETWORKS, proxy_from, proxy_from_count, "", NEW_SESSIONS,
	     "Balancers in front of this edge: their PROXY header is wanted and believed"),
	FLAGS("accept", edge_accept_words, NEW_SESSIONS,
	      "What is unsafe and wanted all the same: \"self-signed\" (users of an edge without a "
	      "certificate get the one that mailseal made)"),
};

static const struct conf_group edge_groups[] = {
	{ .name = "tls",
	  .kind = CONF_ONE,
	  .help = "TLS of this edge; what is not written is that of the tls group of the file",
	  ROWS(edge_tls_rows),
	  .offset = offsetof(OF, tls),
	  .inherits = true,
	  .inherit_offset = offsetof(struct conf_settings, tls),
	  .has_flag = true,
	  .flag_offset = offsetof(struct conf_tls, is_set) },
	{ .name = "limits",
	  .kind = CONF_ONE,
	  .help = "Limits of this edge; what is not written is that of the limits group of the "
	          "file",
	  ROWS(limits_rows),
	  .offset = offsetof(OF, limits),
	  .inherits = true,
	  .inherit_offset = offsetof(struct conf_settings, limits) },
};
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

static const struct conf_word client_verify_words[] = { { "file", TLS_VERIFY_FILE, false },
	                                                { "internal", TLS_VERIFY_INTERNAL, false },
	                                                { NULL, 0, false } };

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
	    .words = bare_newline_words),
	ROW("port", CONF_NUMBER, port, "25", NEW_SESSIONS,
	    "The port of far ends; another is for tests", RANGE(1, 65535)),
};
#undef OF

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
static const struct conf_group relay_groups[] = {
	{ .name = "tls",
	  .kind = CONF_ONE,
	  .help = "TLS towards far ends, those of routes too",
	  ROWS(relay_tls_rows),
	  .offset = offsetof(OF, tls),
	  .has_flag = true,
	  .flag_offset = offsetof(struct conf_tls, is_set) },
};
#undef OF

static const struct conf_word link_protocol_words[] = { { "tcp", CONF_LINK_TCP, false },
	                                                { "syslog", CONF_LINK_SYSLOG, false },
	                                                { NULL, 0, false } };

#define OF struct conf_link
static const struct conf_row link_rows[] = {
	LIST("listen", CONF_ADDRESSES, listen, listen_count, "", LISTENERS,
	     "The near end, in clear and therefore on this host alone: where its programs connect "
	     "to in place of the service. It goes out in TLS 1.3"),
	LIST("listen_tls", CONF_ADDRESSES, listen_tls, listen_tls_count, "", LISTENERS,
	     "The far end, on the host of the service: where near ends connect to, in TLS 1.3"),
	LIST("to", CONF_ADDRESSES, to, to_count, NULL, NEW_SESSIONS,
	     "Of a near end: the far ends, tried in turn; HOST:PORT is all addresses of that host "
	     "(\"hosts_file\" of resolver, DNS), looked up anew as they change. Of a far end: the "
	     "service, on this host alone, for it is told in clear"),
	LIST("peer", CONF_HOSTNAMES, peers, peer_count, NULL, NEW_SESSIONS,
	     "Which of our own hosts the other end is, by the name that mailseal-pki(8) gave it; "
	     "of several any"),
	ROW("protocol", CONF_WORD, protocol, "tcp", LISTENERS,
	    "\"tcp\" carries any service; \"syslog\" takes datagrams and carries them as RFC 5425 "
	    "says. A far end with \"tcp\" gives these frames to a syslog server that reads TCP, "
	    "one with \"syslog\" gives it datagrams",
	    .words = link_protocol_words),
	ROW("proxy", CONF_BOOL, proxy, "false", NEW_SESSIONS,
	    "Begin with a PROXY v2 header. That of a near end says which program's address came; "
	    "that of a far end says which of our hosts"),
	ROW("transparent", CONF_BOOL, transparent, "false", NEW_SESSIONS,
	    "For programs that cannot be told to connect elsewhere: connections of this host to "
	    "\"destination\" are caught and come to this near end, and nothing else does. The "
	    "rules "
	    "for that are what `mailseal link redirect --print` says"),
	LIST("destination", CONF_ADDRESSES, destinations, destination_count, "", NEW_SESSIONS,
	     "Where these programs connect to: the service as they know it"),
	ROW("group", CONF_STRING, group, "", LISTENERS,
	    "The group of its unix sockets. Default: the daemon's own"),
	ROW("mode", CONF_MODE, mode, "0660", LISTENERS, "Who may use its unix sockets"),
	ROW("connections", CONF_NUMBER, connections, "1000", NEW_SESSIONS,
	    "Connections of one worker at a time; what is over is refused. 0: no limit",
	    RANGE(0, 1000000)),
	ROW("connect_timeout", CONF_DURATION_MS, connect_timeout_ms, "10s", NEW_SESSIONS,
	    "For each connection and its handshake; then the next of \"to\" has its turn",
	    DEADLINE),
	ROW("idle_timeout", CONF_DURATION_MS, idle_timeout_ms, "0", NEW_SESSIONS,
	    "End a connection that has been silent both ways for so long. 0: never",
	    RANGE(0, 30ULL * 24 * HOUR)),
	ROW("keepalive", CONF_DURATION_S, keepalive_s, "60s", NEW_SESSIONS,
	    "After so long in silence TCP asks whether the other host is still there",
	    RANGE(1, 24ULL * HOUR / SECOND)),
};
#undef OF

static bool link_is_written(const void *base)
{
	return !((const struct conf_link *)base)->is_made;
}

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

static const struct conf_group route_groups[] = {
	{ .name = "tls",
	  .kind = CONF_ONE,
	  .help = "TLS towards this host: always there, and proven",
	  ROWS(route_tls_rows),
	  .offset = offsetof(OF, tls),
	  .has_flag = true,
	  .flag_offset = offsetof(struct conf_tls, is_set) },
};
#undef OF

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

static bool policy_service_is_set(const void *base)
{
	return ((const OF *)base)->is_set;
}
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

static bool tlsrpt_is_set(const void *base)
{
	return ((const OF *)base)->is_set;
}
#undef OF

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

static bool dashboard_is_set(const void *base)
{
	return ((const OF *)base)->is_set;
}
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

static bool check_is_set(const void *base)
{
	return ((const struct conf_check *)base)->is_set;
}
#undef OF

#define OF struct conf_cluster
static const struct conf_row cluster_rows[] = {
	LIST("servers", CONF_ADDRESSES, servers, server_count, NULL, WORKERS,
	     "Valkey or Redis servers: on this host (127.0.0.0/8, ::1, unix:/PATH), or with "
	     "\"tls\" "
	     "anywhere, by address or name. Of a cluster all its nodes, replicas too; else the "
	     "first that "
	     "takes "
	     "writes is used"),
	ROW("password_file", CONF_PATH, password_file, "", WORKERS,
	    "A file with the password they ask for, which \"user\" may read"),
	ROW("prefix", CONF_STRING, prefix, "mailseal", WORKERS,
	    "What all its keys in the store begin with; nodes that share have the same"),
};

static bool cluster_is_set(const void *base)
{
	return ((const struct conf_cluster *)base)->is_set;
}

static bool cluster_has_tls(const void *base)
{
	return ((const struct conf_tls *)base)->is_set;
}
#undef OF

static const struct conf_word cluster_verify_words[] = { { "internal", TLS_VERIFY_INTERNAL, false },
	                                                 { NULL, 0, false } };

#define OF struct conf_tls
static const struct conf_row cluster_tls_rows[] = {
	ROW("verify", CONF_WORD, verify, "internal", WORKERS,
	    "What vouches for the servers: the CA of our own hosts (mailseal-pki(8)), to which "
	    "they "
	    "are shown this host's certificate in turn. TLS 1.3",
	    .words = cluster_verify_words),
	LIST("peer", CONF_HOSTNAMES, peers, peer_count, NULL, WORKERS,
	     "Which of our own hosts they are, by the names that mailseal-pki(8) gave them"),
};
#undef OF

#define OF struct conf_cluster
static const struct conf_group cluster_groups[] = {
	{ .name = "tls",
	  .kind = CONF_ONE,
	  .help = "Servers on other hosts are reached in TLS, at the port that they have for it",
	  ROWS(cluster_tls_rows),
	  .offset = offsetof(OF, tls),
	  .has_flag = true,
	  .flag_offset = offsetof(struct conf_tls, is_set),
	  .is_shown = cluster_has_tls,
	  .reload = CONF_RELOAD_WORKERS },
};
#undef OF

#define OF struct conf_pki
static const struct conf_row pki_rows[] = {
	ROW("dir", CONF_PATH, dir, "/etc/mailseal/pki", NEW_SESSIONS,
	    "Where this host's own certificate is: node.key, node.crt, ca.crt and denied, as "
	    "mailseal-pki(8) writes them. Renewed ones are picked up"),
	ROW("grace", CONF_DURATION_S, grace_s, "7d", NEW_SESSIONS,
	    "So long after its end a certificate of one of our hosts is still accepted, with a "
	    "line in the log, unless it was revoked: a CA that is down must not stop mail",
	    RANGE(0, 30ULL * 24 * HOUR / SECOND)),
};

static bool pki_is_set(const void *base)
{
	return ((const struct conf_pki *)base)->is_set;
}
#undef OF

static const struct conf_word wire_words[] = { { "auto", CONF_WIRE_AUTO, false },
	                                       { "network", CONF_WIRE_NETWORK, false },
	                                       { "local", CONF_WIRE_LOCAL, false },
	                                       { "inside-tunnel", CONF_WIRE_INSIDE_TUNNEL, false },
	                                       { NULL, 0, false } };

#define OF struct conf_watch
static const struct conf_row watch_rows[] = {
	LIST("interfaces", CONF_INTERFACES, interfaces, interface_count, NULL, WORKERS,
	     "Where frames are taken from, each by a process of its own; a port of a switch that "
	     "mirrors others shows all of a network. One that is not there yet is tried again"),
	LIST("internal", CONF_NETWORKS, internal, internal_count, "", NEW_SESSIONS,
	     "Our own networks: what crosses between two addresses of them is recorded as the leg "
	     "\"internal\". Default: private addresses (RFC 1918, RFC 6598, RFC 4193, link-local, "
	     "loopback)"),
	ROW("as", CONF_WORD, wire, "auto", NEW_SESSIONS,
	    "What the frames crossed: \"network\", \"local\" (what is plain counts as never having "
	    "left this host) or \"inside-tunnel\" (what is plain was encrypted outside). \"auto\" "
	    "goes by the kind of the interface: loopback is local, and what is from or for a "
	    "veth; wireguard, tun, macsec and xfrm are tunnels",
	    .words = wire_words),
	LIST("ignore", CONF_WORDS, ignored, ignored_count, "", NEW_SESSIONS,
	     "Protocols of the internal leg that are not recorded, by the names that "
	     "mailseal-watch(1) has"),
};

static bool watch_is_set(const void *base)
{
	return ((const OF *)base)->is_set;
}
#undef OF

#define OF struct conf_mirror
static const struct conf_row mirror_rows[] = {
	ROW("protocol", CONF_WORD, protocol, NULL, NEW_SESSIONS,
	    "What is spoken there, as of an edge: \"smtp\" is the leg \"inbound\", all else "
	    "\"user\"",
	    .words = protocol_words),
	LIST("server", CONF_ADDRESSES, servers, server_count, NULL, NEW_SESSIONS,
	     "Where clients connect to: \"192.0.2.25:25\", or \"*:25\" for that port of any host. "
	     "Both the port of STARTTLS and that of TLS from the first byte may be here"),
};
#undef OF

#define OF struct conf_exception
static const struct conf_row exception_rows[] = {
	ROW("edge", CONF_STRING, edge, NULL, NEW_SESSIONS, "The edge it is for"),
	LIST("from", CONF_FROM, from, from_count, NULL, NEW_SESSIONS,
	     "The networks it is for; [\"*\"] is everybody"),
	ROW("allow", CONF_ALLOW, allow_plain_login, NULL, NEW_SESSIONS,
	    "What is allowed: \"plain-login\" (logins without TLS; the server behind must take "
	    "them, for it is told that there is none), \"tls1.0\", \"tls1.1\" (with the suites and "
	    "signatures of such clients)"),
	ROW("until", CONF_DATE, until_s, NULL, NEW_SESSIONS,
	    "Its last day (UTC), 180 days ahead at most. The log warns daily in the last week"),
	ROW("reason", CONF_STRING, reason, NULL, NEW_SESSIONS, "Why, for those who come later"),
};
#undef OF

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
};

static const struct conf_group root_groups[] = {
	{ .name = "tls",
	  .kind = CONF_ONE,
	  .help = "TLS of all edges",
	  ROWS(edge_tls_rows),
	  .offset = offsetof(OF, tls),
	  .has_flag = true,
	  .flag_offset = offsetof(struct conf_tls, is_set) },
	{ .name = "limits",
	  .kind = CONF_ONE,
	  .help = "What a stranger may spend of our memory and time, at all edges",
	  ROWS(limits_rows),
	  .offset = offsetof(OF, limits) },
	{ .name = "certificate",
	  .kind = CONF_NAMED,
	  .help = "The name a client asks for (SNI) chooses; the first is the default. With none, "
	          "smtp edges use one that mailseal makes and keeps",
	  ROWS(certificate_rows),
	  .offset = offsetof(OF, certificates),
	  .count_offset = offsetof(OF, certificate_count),
	  .item_size = sizeof(struct conf_certificate),
	  .line_offset = offsetof(struct conf_certificate, line),
	  .file_offset = offsetof(struct conf_certificate, file),
	  .reload = CONF_RELOAD_NEW_SESSIONS },
	{ .name = "backend",
	  .kind = CONF_NAMED,
	  .help = "Our servers behind the edges",
	  ROWS(backend_rows),
	  GROUPS(backend_groups),
	  .offset = offsetof(OF, backends),
	  .count_offset = offsetof(OF, backend_count),
	  .item_size = sizeof(struct conf_backend),
	  .line_offset = offsetof(struct conf_backend, line),
	  .file_offset = offsetof(struct conf_backend, file),
	  .reload = CONF_RELOAD_NEW_SESSIONS },
	{ .name = "edge",
	  .kind = CONF_NAMED,
	  .help = "The doors that clients come through",
	  ROWS(edge_rows),
	  GROUPS(edge_groups),
	  .offset = offsetof(OF, edges),
	  .count_offset = offsetof(OF, edge_count),
	  .item_size = sizeof(struct conf_edge),
	  .line_offset = offsetof(struct conf_edge, line),
	  .reload = CONF_RELOAD_LISTENERS },
	{ .name = "relay",
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
	  .reload = CONF_RELOAD_LISTENERS },
	{ .name = "route",
	  .kind = CONF_LIST,
	  .help = "Where mail for a domain goes, if not to its MX, and what TLS it has there",
	  ROWS(route_rows),
	  GROUPS(route_groups),
	  .offset = offsetof(OF, routes),
	  .count_offset = offsetof(OF, route_count),
	  .item_size = sizeof(struct conf_route),
	  .line_offset = offsetof(struct conf_route, line),
	  .file_offset = offsetof(struct conf_route, file),
	  .reload = CONF_RELOAD_NEW_SESSIONS },
	{ .name = "link",
	  .kind = CONF_NAMED,
	  .help = "Sealed ways between two hosts of our own, for services that have no TLS or are "
	          "not to be trusted with it: each has an entry on both hosts",
	  ROWS(link_rows),
	  .is_shown = link_is_written,
	  .offset = offsetof(OF, links),
	  .count_offset = offsetof(OF, link_count),
	  .item_size = sizeof(struct conf_link),
	  .line_offset = offsetof(struct conf_link, line),
	  .file_offset = offsetof(struct conf_link, file),
	  .reload = CONF_RELOAD_LISTENERS },
	{ .name = "resolver",
	  .kind = CONF_ONE,
	  .help = "How DNS is asked, for what goes out. It validates DNSSEC itself",
	  ROWS(resolver_rows),
	  .offset = offsetof(OF, resolver) },
	{ .name = "policy_service",
	  .kind = CONF_ONE,
	  .help = "For a Postfix that delivers itself: what TLS each destination must have",
	  ROWS(policy_service_rows),
	  .offset = offsetof(OF, policy_service),
	  .has_flag = true,
	  .flag_offset = offsetof(struct conf_policy_service, is_set),
	  .is_shown = policy_service_is_set,
	  .reload = CONF_RELOAD_LISTENERS },
	{ .name = "tlsrpt",
	  .kind = CONF_ONE,
	  .help = "TLS reports (RFC 8460): how sessions of a relay, and of MTAs that tell it, "
	          "ended, "
	          "for the domains they went to",
	  ROWS(tlsrpt_rows),
	  .offset = offsetof(OF, tlsrpt),
	  .has_flag = true,
	  .flag_offset = offsetof(struct conf_tlsrpt, is_set),
	  .is_shown = tlsrpt_is_set,
	  .reload = CONF_RELOAD_LISTENERS },
	{ .name = "ledger",
	  .kind = CONF_ONE,
	  .help = "The record of every session and of what sealed it, in \"state_dir\"",
	  ROWS(ledger_rows),
	  .offset = offsetof(OF, ledger) },
	{ .name = "dashboard",
	  .kind = CONF_ONE,
	  .help = "Pages that show how much is sealed, where and for whom not, drawn on the "
	          "server; "
	          "/metrics for Prometheus, /healthz for balancers",
	  ROWS(dashboard_rows),
	  .offset = offsetof(OF, dashboard),
	  .has_flag = true,
	  .flag_offset = offsetof(struct conf_dashboard, is_set),
	  .is_shown = dashboard_is_set,
	  .reload = CONF_RELOAD_LISTENERS },
	{ .name = "check",
	  .kind = CONF_ONE,
	  .help = "Own domains, looked at on a schedule as the outside sees them (`mailseal check "
	          "--mine`)",
	  ROWS(check_rows),
	  .offset = offsetof(OF, check),
	  .has_flag = true,
	  .flag_offset = offsetof(struct conf_check, is_set),
	  .is_shown = check_is_set,
	  .reload = CONF_RELOAD_HOOKS },
	{ .name = "cluster",
	  .kind = CONF_ONE,
	  .help = "A store that several nodes share, so that any of them answers for all and a TLS "
	          "session resumes on any",
	  ROWS(cluster_rows),
	  GROUPS(cluster_groups),
	  .offset = offsetof(OF, cluster),
	  .has_flag = true,
	  .flag_offset = offsetof(struct conf_cluster, is_set),
	  .is_shown = cluster_is_set,
	  .reload = CONF_RELOAD_WORKERS },
	{ .name = "pki",
	  .kind = CONF_ONE,
	  .help = "Who this host is among our own, for what is verified as \"internal\"",
	  ROWS(pki_rows),
	  .offset = offsetof(OF, pki),
	  .has_flag = true,
	  .flag_offset = offsetof(struct conf_pki, is_set),
	  .is_shown = pki_is_set,
	  .reload = CONF_RELOAD_NEW_SESSIONS },
	{ .name = "watch",
	  .kind = CONF_ONE,
	  .help = "What crosses our own networks, for the ledger: reports then know the internal "
	          "leg, and whose password can be read there",
	  ROWS(watch_rows),
	  .offset = offsetof(OF, watch),
	  .has_flag = true,
	  .flag_offset = offsetof(struct conf_watch, is_set),
	  .is_shown = watch_is_set,
	  .reload = CONF_RELOAD_WORKERS },
	{ .name = "mirror",
	  .kind = CONF_NAMED,
	  .help = "Public ports that \"watch\" sees: their sessions are recorded as those of an "
	          "edge "
	          "would be, so that all is known before mailseal carries one byte",
	  ROWS(mirror_rows),
	  .offset = offsetof(OF, mirrors),
	  .count_offset = offsetof(OF, mirror_count),
	  .item_size = sizeof(struct conf_mirror),
	  .line_offset = offsetof(struct conf_mirror, line),
	  .file_offset = offsetof(struct conf_mirror, file),
	  .reload = CONF_RELOAD_NEW_SESSIONS },
	{ .name = "exception",
	  .kind = CONF_LIST,
	  .help = "What is allowed to whom, until when and why. Each use is counted; it ends by "
	          "itself",
	  ROWS(exception_rows),
	  .offset = offsetof(OF, exceptions),
	  .count_offset = offsetof(OF, exception_count),
	  .item_size = sizeof(struct conf_exception),
	  .line_offset = offsetof(struct conf_exception, line),
	  .reload = CONF_RELOAD_NEW_SESSIONS },
};

const struct conf_group conf_root = {
	.name = "",
	.kind = CONF_ONE,
	ROWS(root_rows),
	GROUPS(root_groups),
};
#undef OF

static const struct {
	const char *name;
	const char *sentence;
} missing[] = {
	{ "certificate_dir", "a tree of certificates is not in this version" },
	{ "legacy_kex", "RSA key exchange is not in this version" },
	{ "suites", "a choice of suites is not in this version" },
	{ "interface", "a route through a tunnel is not in this version" },
	{ "balance", "a choice of how backends are balanced is not in this version" },
	{ "by_sni", "a choice of backends by name is not in this version" },
	{ "open", "opening backends at login is not in this version" },
	{ "lookup", "looking up a user's backend is not in this version" },
	{ "backend_h2", "http edges are not in this version" },
};

const char *conf_missing_sentence(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(missing); i++)
		if (!strcmp(missing[i].name, name))
			return missing[i].sentence;
	return NULL;
}
