/* Our own hosts among themselves: links, their certificates, a store that they share. */
#include "conf/tables_inside.h"

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

static const struct conf_group cluster_tls = {
	.name = "tls",
	.kind = CONF_ONE,
	.help = "Servers on other hosts are reached in TLS, at the port that they have for it",
	ROWS(cluster_tls_rows),
	.offset = offsetof(OF, tls),
	.has_flag = true,
	.flag_offset = offsetof(struct conf_tls, is_set),
	.is_shown_if_set = true,
	.reload = CONF_RELOAD_WORKERS,
};

static const struct conf_group *const cluster_groups[] = { &cluster_tls };
#undef OF

#define OF struct conf_settings
const struct conf_group conf_group_link = {
	.name = "link",
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
	.reload = CONF_RELOAD_LISTENERS,
};

const struct conf_group conf_group_pki = {
	.name = "pki",
	.kind = CONF_ONE,
	.help = "Who this host is among our own, for what is verified as \"internal\"",
	ROWS(pki_rows),
	.offset = offsetof(OF, pki),
	.has_flag = true,
	.flag_offset = offsetof(struct conf_pki, is_set),
	.is_shown_if_set = true,
	.reload = CONF_RELOAD_NEW_SESSIONS,
};

const struct conf_group conf_group_cluster = {
	.name = "cluster",
	.kind = CONF_ONE,
	.help = "A store that several nodes share, so that any of them answers for all and a TLS "
		"session resumes on any",
	ROWS(cluster_rows),
	GROUPS(cluster_groups),
	.offset = offsetof(OF, cluster),
	.has_flag = true,
	.flag_offset = offsetof(struct conf_cluster, is_set),
	.is_shown_if_set = true,
	.reload = CONF_RELOAD_WORKERS,
};
#undef OF
