/* What is seen on our networks. */
#include "conf/tables_inside.h"

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
	     "mailseal-watch(8) has"),
};
#undef OF

#define OF struct conf_mirror
static const struct conf_row mirror_rows[] = {
	ROW("protocol", CONF_WORD, protocol, NULL, NEW_SESSIONS,
	    "What is spoken there, as of an edge: \"smtp\" is the leg \"inbound\", all else "
	    "\"user\"",
	    .words = conf_protocol_words),
	LIST("server", CONF_ADDRESSES, servers, server_count, NULL, NEW_SESSIONS,
	     "Where clients connect to: \"192.0.2.25:25\", or \"*:25\" for that port of any host. "
	     "Both the port of STARTTLS and that of TLS from the first byte may be here"),
};
#undef OF

#define OF struct conf_settings
const struct conf_group conf_group_watch = {
	.name = "watch",
	.kind = CONF_ONE,
	.help = "What crosses our own networks, for the ledger: reports then know the internal "
		"leg, and whose password can be read there",
	ROWS(watch_rows),
	.offset = offsetof(OF, watch),
	.has_flag = true,
	.flag_offset = offsetof(struct conf_watch, is_set),
	.is_shown_if_set = true,
	.reload = CONF_RELOAD_WORKERS,
};

const struct conf_group conf_group_mirror = {
	.name = "mirror",
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
	.reload = CONF_RELOAD_NEW_SESSIONS,
};
#undef OF
