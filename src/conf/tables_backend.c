/* Our servers behind the edges. */
#include "conf/tables_inside.h"

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

static const struct conf_word balance_words[] = { { "order", CONF_BALANCE_ORDER, false },
	                                          { "least", CONF_BALANCE_LEAST, false },
	                                          { "source", CONF_BALANCE_SOURCE, false },
	                                          { "user", CONF_BALANCE_USER, false },
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

#define OF struct conf_tls
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

#define OF struct conf_backend
static const struct conf_row backend_rows[] = {
	LIST("address", CONF_ADDRESSES, addresses, address_count, NULL, NEW_SESSIONS,
	     "Where the server listens; the next is tried when one does not answer, which then "
	     "comes last for 5 s. While none answers, smtp, submission and lmtp greet with 421"),
	ROW("balance", CONF_WORD, balance, "order", NEW_SESSIONS,
	    "Which address a session tries first: \"order\" takes them as they are written, "
	    "\"least\" the one with the fewest sessions (each worker counts its own), \"source\" "
	    "always the same for an address of a client (IPv6: for a /64), on every node that has "
	    "the same list; when one is down, only its clients go elsewhere. \"user\" does that "
	    "with "
	    "users in place of addresses, at edges with open = \"auth\". Those that are down come "
	    "last",
	    .words = balance_words),
	LIST("source", CONF_NETWORKS, sources, source_count, "", NEW_SESSIONS,
	     "Addresses of this host from which the backend is connected to, in turn: one has some "
	     "28,000 ports to each address of the backend. Default: as the kernel chooses"),
	ROW("health_interval", CONF_DURATION_MS, health_interval_ms, "10s", NEW_SESSIONS,
	    "So often each address is looked at by a connection that reads its greeting, asks what "
	    "it offers and says goodbye; no login is made, nothing is recorded. One that fails "
	    "twice is down until it answers again: others come first. 0: never",
	    RANGE(0, 24ULL * HOUR)),
	ROW("health_timeout", CONF_DURATION_MS, health_timeout_ms, "10s", NEW_SESSIONS,
	    "A look that takes longer has failed", RANGE(2 * SECOND, HOUR)),
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

static const struct conf_group backend_tls = {
	.name = "tls",
	.kind = CONF_ONE,
	.help = "TLS towards this backend, or a tunnel. One that is not on this host must have "
		"either",
	ROWS(backend_tls_rows),
	.offset = offsetof(OF, tls),
	.has_flag = true,
	.flag_offset = offsetof(struct conf_tls, is_set),
	.is_shown = backend_has_tls,
};

static const struct conf_group *const backend_groups[] = { &backend_tls };
#undef OF

static bool backend_is_written(const void *base)
{
	return !((const struct conf_backend *)base)->is_made;
}

#define OF struct conf_settings
const struct conf_group conf_group_backend = {
	.name = "backend",
	.kind = CONF_NAMED,
	.help = "Our servers behind the edges",
	ROWS(backend_rows),
	GROUPS(backend_groups),
	.offset = offsetof(OF, backends),
	.count_offset = offsetof(OF, backend_count),
	.item_size = sizeof(struct conf_backend),
	.line_offset = offsetof(struct conf_backend, line),
	.file_offset = offsetof(struct conf_backend, file),
	.is_shown = backend_is_written,
	.reload = CONF_RELOAD_NEW_SESSIONS,
};
#undef OF
