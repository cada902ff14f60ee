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

#define OF struct conf_certificate
static const struct conf_row certificate_rows[] = {
	ROW("chain", CONF_PATH, chain, NULL, NEW_SESSIONS,
	    "The certificate and those between it and its CA, in PEM"),
	ROW("key", CONF_PATH, key, NULL, NEW_SESSIONS,
	    "Its private key, in PEM. Only the process \"keys\" ever has it"),
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
