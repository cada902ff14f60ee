/* The doors that clients come through, and what is allowed to some of them. */
#include "conf/tables_inside.h"

static const struct conf_word edge_accept_words[] = {
	{ "self-signed", offsetof(struct conf_edge, accepts_self_signed), false },
	{ NULL, 0, false }
};

const struct conf_word conf_protocol_words[] = { { "smtp", CONF_SMTP, false },
	                                         { "submission", CONF_SUBMISSION, false },
	                                         { "imap", CONF_IMAP, false },
	                                         { "pop3", CONF_POP3, false },
	                                         { "tcp", CONF_TCP, false },
	                                         { "managesieve", CONF_SIEVE, false },
	                                         { "http", CONF_HTTP, false },
	                                         { "lmtp", CONF_LMTP, false },
	                                         { NULL, 0, false } };

static const struct conf_word passthrough_words[] = { { "terminate", false, false },
	                                              { "passthrough", true, false },
	                                              { NULL, 0, false } };

static const struct conf_word open_words[] = { { "tls", CONV_OPEN_TLS, false },
	                                       { "auth", CONV_OPEN_AUTH, false },
	                                       { NULL, 0, false } };

enum { BY_USER = 1 << CONF_IMAP | 1 << CONF_POP3 | 1 << CONF_SIEVE | 1 << CONF_SUBMISSION };

static const struct conf_word auth_words[] = { { "after-tls", CONV_AUTH_AFTER_TLS, false },
	                                       { "off", CONV_AUTH_OFF, false },
	                                       { NULL, 0, false } };

static const struct conf_word received_words[] = { { "on", CONV_RECEIVED_ON, false },
	                                           { "no-address", CONV_RECEIVED_NO_ADDRESS,
	                                             false },
	                                           { "off", CONV_RECEIVED_OFF, false },
	                                           { NULL, 0, false } };

const struct conf_word conf_bare_newline_words[] = { { "normalize", CONV_BARE_NORMALIZE, false },
	                                             { "reject", CONV_BARE_REJECT, false },
	                                             { NULL, 0, false } };

#define OF struct conf_edge
static const struct conf_row edge_rows[] = {
	ROW("protocol", CONF_WORD, protocol, NULL, LISTENERS,
	    "What is spoken. \"lmtp\": how one of your MTAs hands mail to a mail store; it takes "
	    "none "
	    "before TLS is up (451, so that it waits in the MTA's queue). \"http\": TLS in front "
	    "of a web server, and a redirect on port 80. \"tcp\": anything, "
	    "sealed from the first byte and not looked at; a "
	    "client that names a protocol by ALPN is refused there, for none is known",
	    .words = conf_protocol_words),
	LIST("listen", CONF_ADDRESSES, listen, listen_count, "", LISTENERS,
	     "Where clients come in clear and ask for STARTTLS (25, 587, 143, 110, 4190). For http "
	     "(80) each request is answered with a redirect to the port of \"listen_tls\", if its "
	     "Host is in a certificate of this edge (any, if it has none); see "
	     "\"challenge_backend\"",
	     .protocols = ~(1U << CONF_TCP)),
	LIST("listen_tls", CONF_ADDRESSES, listen_tls, listen_tls_count, "", LISTENERS,
	     "Where TLS is there from the first byte (465, 993, 995, 443)",
	     .protocols = ~(1U << CONF_SMTP)),
	ROW("backend", CONF_BACKEND, backend, "", NEW_SESSIONS,
	    "The server behind this edge. Has to be written, but with open = \"auth\": there it is "
	    "for users that \"lookup\" does not know, whose logins fail without it"),
	ROW("open", CONF_WORD, open, "tls", NEW_SESSIONS,
	    "When the server is connected to: \"tls\", once the client's TLS is up; \"auth\", once "
	    "the client has sent its credential: then \"lookup\" says which server the user is at "
	    "home at, and the credential is sent on to it. Taken are LOGIN, USER and PASS, PLAIN, "
	    "XOAUTH2 and OAUTHBEARER; others are not offered, for the edge has no passwords",
	    .words = open_words, .protocols = BY_USER),
	ROW("lookup", CONF_STRING, lookup, "", NEW_SESSIONS,
	    "With open = \"auth\": the name of one in \"lookup\". Not needed where a user's name "
	    "chooses among the addresses of one backend, which has balance = \"user\"",
	    .protocols = BY_USER),
	ROW("backend_h2", CONF_BACKEND, backend_h2, "", NEW_SESSIONS,
	    "The same server where it takes HTTP/2 in clear (h2c). Without it clients are offered "
	    "HTTP/1.1 alone; with it both, and the backend is the one of what they take (ALPN)",
	    .protocols = 1 << CONF_HTTP),
	ROW("challenge_backend", CONF_BACKEND, challenge_backend, "", NEW_SESSIONS,
	    "Who answers ACME on port 80 (http-01): certbot, lego or uacme at a port of its own, "
	    "or "
	    "a web server with their files. It gets the token and the name that are asked for, "
	    "nothing else. Without it such requests are redirected like all others",
	    .protocols = 1 << CONF_HTTP),
	ROW("mode", CONF_WORD, is_passthrough, "terminate", NEW_SESSIONS,
	    "\"passthrough\": TLS is not ended here but goes on to the backend as it is, for "
	    "servers that keep their own (Exchange). No key is needed; what the client offered, "
	    "the "
	    "name it asked for, and what the server chose are recorded all the same",
	    .words = passthrough_words, .protocols = SPLICED),
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
	    "the client's address) for submission. A filter behind the server (rspamd) that judges "
	    "by how many there are finds one more: \"off\" where its verdict has to stay as it was",
	    .words = received_words, .protocols = ANY_SMTP),
	ROW("bare_newline", CONF_WORD, bare_newline, "normalize", NEW_SESSIONS,
	    "A CR or LF alone inside a message: mend it or refuse the message",
	    .words = conf_bare_newline_words, .protocols = ANY_SMTP),
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

static const struct conf_group group_by_sni, group_by_user;
static const struct conf_group *const edge_groups[] = { &conf_group_edge_tls,
	                                                &conf_group_edge_limits, &group_by_sni,
	                                                &group_by_user };
#undef OF

#define OF struct conf_by_sni
static const struct conf_row by_sni_rows[] = {
	LIST("names", CONF_SNI_NAMES, names, name_count, NULL, NEW_SESSIONS,
	     "Names that clients ask for; \"*.\" stands for one label"),
	ROW("backend", CONF_BACKEND, backend, NULL, NEW_SESSIONS, "The server of these names"),
	ROW("backend_h2", CONF_BACKEND, backend_h2, "", NEW_SESSIONS,
	    "The same in HTTP/2. Needed where the edge has one, for what is offered is the same "
	    "for "
	    "all names"),
};
#undef OF

#define OF struct conf_edge
static const struct conf_group group_by_sni = {
	.name = "by_sni",
	.kind = CONF_LIST,
	.help = "Other backends for some of the names that clients ask for (SNI), the first that "
		"fits. Mail servers behind one edge have the same client_info and "
		"channel_binding, STARTTLS or not; before TLS is up what all of them offer is "
		"offered, and who never asks for TLS (smtp) goes to \"backend\". For http: a "
		"browser may send requests for one name over a "
		"connection for another if their certificate is the same (RFC 9113 9.1.1): give "
		"such names certificates of their own",
	ROWS(by_sni_rows),
	.offset = offsetof(OF, by_sni),
	.count_offset = offsetof(OF, by_sni_count),
	.item_size = sizeof(struct conf_by_sni),
	.line_offset = offsetof(struct conf_by_sni, line),
	.reload = CONF_RELOAD_NEW_SESSIONS,
};
#undef OF

#define OF struct conf_by_user
static const struct conf_row by_user_rows[] = {
	ROW("answer", CONF_STRING, answer, "", NEW_SESSIONS,
	    "What the lookup says of users who are at home there. Default: the backend's name"),
	ROW("backend", CONF_BACKEND, backend, NULL, NEW_SESSIONS, "Their server"),
};
#undef OF

#define OF struct conf_edge
static const struct conf_group group_by_user = {
	.name = "by_user",
	.kind = CONF_LIST,
	.help = "With open = \"auth\": the servers that users can be at home at. No other is told "
		"a credential, whatever the lookup says",
	ROWS(by_user_rows),
	.offset = offsetof(OF, by_user),
	.count_offset = offsetof(OF, by_user_count),
	.item_size = sizeof(struct conf_by_user),
	.line_offset = offsetof(struct conf_by_user, line),
	.reload = CONF_RELOAD_NEW_SESSIONS,
};
#undef OF

#define OF struct conf_lookup
static const struct conf_row lookup_rows[] = {
	ROW("socketmap", CONF_PLACE, socketmap, "", NEW_SESSIONS,
	    "Where a service listens that speaks the socketmap protocol (socketmap_table(5)): "
	    "unix:PATH, or an address of this host. It is asked for the user's name, the domain "
	    "in lower case. OK and a text is the answer; NOTFOUND: it does not know the user; "
	    "TEMP, TIMEOUT, PERM or no answer: the login fails for now, and says so"),
	ROW("map", CONF_STRING, map, "users", NEW_SESSIONS, "The name of the map it is asked for"),
	ROW("table", CONF_PATH, table, "", NEW_SESSIONS,
	    "A file instead: lines of a user and an answer. \"@DOMAIN\" is all others of a domain, "
	    "\"*\" all others. It is read again when it changes; while it has a fault, what it "
	    "said before holds"),
	ROW("timeout", CONF_DURATION_MS, timeout_ms, "5s", NEW_SESSIONS,
	    "The service has to answer within this", RANGE(100, MINUTE)),
	ROW("keep", CONF_DURATION_MS, keep_ms, "10s", NEW_SESSIONS,
	    "An answer of the service holds for so long. 0: it is asked each time",
	    RANGE(0, 1ULL * HOUR)),
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
const struct conf_group conf_group_lookup = {
	.name = "lookup",
	.kind = CONF_NAMED,
	.help = "Which user is at home at which server: a service or a file that edges with open = "
		"\"auth\" ask",
	ROWS(lookup_rows),
	.offset = offsetof(OF, lookups),
	.count_offset = offsetof(OF, lookup_count),
	.item_size = sizeof(struct conf_lookup),
	.line_offset = offsetof(struct conf_lookup, line),
	.file_offset = offsetof(struct conf_lookup, file),
	.reload = CONF_RELOAD_NEW_SESSIONS,
};

const struct conf_group conf_group_edge = {
	.name = "edge",
	.kind = CONF_NAMED,
	.help = "The doors that clients come through",
	ROWS(edge_rows),
	GROUPS(edge_groups),
	.offset = offsetof(OF, edges),
	.count_offset = offsetof(OF, edge_count),
	.item_size = sizeof(struct conf_edge),
	.line_offset = offsetof(struct conf_edge, line),
	.reload = CONF_RELOAD_LISTENERS,
};

const struct conf_group conf_group_exception = {
	.name = "exception",
	.kind = CONF_LIST,
	.help = "What is allowed to whom, until when and why. Each use is counted; it ends by "
		"itself",
	ROWS(exception_rows),
	.offset = offsetof(OF, exceptions),
	.count_offset = offsetof(OF, exception_count),
	.item_size = sizeof(struct conf_exception),
	.line_offset = offsetof(struct conf_exception, line),
	.reload = CONF_RELOAD_NEW_SESSIONS,
};
#undef OF
