/* What TLS edges speak, and with which certificates. */
#include "conf/tables_inside.h"

static const struct conf_word forward_secrecy_words[] = { { "prefer", false, false },
	                                                  { "require", true, false },
	                                                  { NULL, 0, false } };

#define OF struct conf_tls
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
	ROW("compact", CONF_BOOL, compact, "false", NEW_SESSIONS,
	    "After the handshake a session keeps its keys and counters alone, so that an idle one "
	    "costs a few hundred bytes in place of 14 to 28 KB. Records are then made and read by "
	    "a record layer of mailseal's own (TLS 1.3, and TLS 1.2 with GCM or ChaCha20; others "
	    "stay with OpenSSL), which no outsider has tried to break yet: leave it off where that "
	    "matters. The tls group of the file decides for backends, relays and links, too"),
};
#undef OF

static const struct conf_word challenge_words[] = {
	{ "http-01", CONF_CHALLENGE_HTTP, false },
	{ "tls-alpn-01", CONF_CHALLENGE_TLS_ALPN, false },
	{ "dns-01", CONF_CHALLENGE_DNS, false },
	{ NULL, 0, false },
};

static const struct conf_word key_type_words[] = { { "p-256", CONF_KEY_P256, false },
	                                           { "rsa-2048", CONF_KEY_RSA2048, false },
	                                           { NULL, 0, false } };

#define OF struct conf_certificate
static const struct conf_row certificate_rows[] = {
	ROW("chain", CONF_PATH, chain, "", NEW_SESSIONS,
	    "The certificate and those between it and its CA, in PEM; with \"key\", and without "
	    "\"acme\""),
	ROW("key", CONF_PATH, key, "", NEW_SESSIONS,
	    "Its private key, in PEM. Only the process \"keys\" ever has it"),
	ROW("acme", CONF_STRING, acme, "", NEW_SESSIONS,
	    "In place of chain and key: the directory of a CA that speaks ACME (RFC 8555), as "
	    "\"https://acme-v02.api.letsencrypt.org/directory\". The certificate is ordered there "
	    "and renewed, for one key that stays; see mailseal-run(8), ACME. To write it is to "
	    "agree to the terms of that CA"),
	LIST("names", CONF_SNI_NAMES, names, name_count, "", NEW_SESSIONS,
	     "With \"acme\": the names that it is ordered for; \"*.example.org\" with dns-01 "
	     "alone"),
	ROW("challenge", CONF_WORD, challenge, "http-01", NEW_SESSIONS,
	    "With \"acme\": how the CA is shown that the names are ours. \"http-01\": at port 80 "
	    "of an http edge; \"tls-alpn-01\": at its port 443; \"dns-01\": by \"dns_hook\"",
	    .words = challenge_words),
	ROW("dns_hook", CONF_PATH, dns_hook, "", NEW_SESSIONS,
	    "With dns-01: a program that puts a record into DNS and takes it out, called as "
	    "uacme(1) "
	    "calls its hooks: begin|done|failed dns-01 NAME TOKEN VALUE"),
	ROW("contact", CONF_STRING, contact, "", NEW_SESSIONS,
	    "With \"acme\": a mail address that the CA may write to. Used when the account is "
	    "made"),
	ROW("key_type", CONF_WORD, key_type, "p-256", NEW_SESSIONS,
	    "With \"acme\": of the key, when it is made; it is kept after that",
	    .words = key_type_words),
};
#undef OF

#define OF struct conf_settings
const struct conf_group conf_group_tls = {
	.name = "tls",
	.kind = CONF_ONE,
	.help = "TLS of all edges",
	ROWS(edge_tls_rows),
	.offset = offsetof(OF, tls),
	.has_flag = true,
	.flag_offset = offsetof(struct conf_tls, is_set),
};

const struct conf_group conf_group_certificate = {
	.name = "certificate",
	.kind = CONF_NAMED,
	.help = "The name a client asks for (SNI) chooses; the first is the default. With none, "
		"smtp edges use one that mailseal makes and keeps",
	ROWS(certificate_rows),
	.offset = offsetof(OF, certificates),
	.count_offset = offsetof(OF, certificate_count),
	.item_size = sizeof(struct conf_certificate),
	.line_offset = offsetof(struct conf_certificate, line),
	.file_offset = offsetof(struct conf_certificate, file),
	.reload = CONF_RELOAD_NEW_SESSIONS,
};
#undef OF

#define OF struct conf_edge
const struct conf_group conf_group_edge_tls = {
	.name = "tls",
	.kind = CONF_ONE,
	.help = "TLS of this edge; what is not written is that of the tls group of the file",
	ROWS(edge_tls_rows),
	.offset = offsetof(OF, tls),
	.inherits = true,
	.inherit_offset = offsetof(struct conf_settings, tls),
	.has_flag = true,
	.flag_offset = offsetof(struct conf_tls, is_set),
};
#undef OF
