/* What one edge listens on and serves, and whether its protocol goes with its backends. */
#include "conf/check.h"

#include "conf/tables_inside.h"

#include <string.h>

static bool is_user_protocol(enum conf_protocol protocol)
{
	return protocol != CONF_SMTP;
}

static void edge_client_info(struct conf_reader *r, const struct conf_edge *e,
                             const struct conf_backend *b)
{
	struct conf_path path = conf_path_of("backend", b->name, "client_info");
	const char *protocol = conf_protocol_name(e->protocol);
	bool is_smtp = conf_edge_speaks_smtp(e);
	if (conf_is_bad(r, path.text))
		return;
	if (b->client_info == CONV_INFO_XCLIENT && e->protocol != CONF_POP3) {
		if (is_smtp)
			conf_complain(r, path.text,
			              "\"xclient\" for %s (edge \"%s\") is not in this version",
			              protocol, e->name);
		else
			conf_complain(r, path.text, "%s (edge \"%s\") has no XCLIENT", protocol,
			              e->name);
		conf_mend(r, "use \"proxy\"");
	}
	if (b->client_info == CONV_INFO_ID && e->protocol != CONF_IMAP) {
		conf_complain(r, path.text, "%s (edge \"%s\") has no ID", protocol, e->name);
		conf_mend(r, "use \"proxy\"");
	}
	if (conf_protocol_is_spliced(e->protocol) && b->tls.mode == CONF_TLS_STARTTLS) {
		conf_complain(r, conf_path_of("backend", b->name, "tls.mode").text,
		              "%s (edge \"%s\") has no STARTTLS", protocol, e->name);
		conf_mend(r, "use mode = \"implicit\"");
		return;
	}
	if (b->client_info == CONV_INFO_PROXY && b->tls.mode == CONF_TLS_STARTTLS && !is_smtp) {
		conf_complain(r, conf_path_of("backend", b->name, "tls.mode").text,
		              "%s servers refuse STARTTLS behind a PROXY header (edge \"%s\")",
		              protocol, e->name);
		conf_mend(r, "use mode = \"implicit\" and the port of the server that has TLS");
	}
}

static void edge_certificate(struct conf_reader *r, const struct conf_edge *e)
{
	struct conf_path path = conf_path_of("edge", e->name, "certificates");
	bool needs_none = e->is_passthrough || (e->protocol == CONF_HTTP && !e->listen_tls_count);
	if (!is_user_protocol(e->protocol) || needs_none || r->settings->certificate_count ||
	    e->accepts_self_signed || e->needs_client_certificate || conf_is_bad(r, path.text) ||
	    conf_is_bad(r, "certificate"))
		return;
	conf_complain(r, path.text,
	              e->protocol == CONF_LMTP
	                      ? "your MTAs need a certificate that they can verify"
	                      : "users need a certificate that their programs believe");
	conf_mend(r, "add certificate = { NAME = { chain = \"/PATH\"; key = \"/PATH\"; }; }, or "
	             "accept = [\"self-signed\"] to the edge");
}

static void edge_clients(struct conf_reader *r, const struct conf_edge *e)
{
	struct conf_path path = conf_path_of("edge", e->name, "peer");
	if (!e->peer_count || e->needs_client_certificate || e->protocol != CONF_TCP)
		return;
	conf_complain(r, path.text,
	              "nobody is asked for a certificate that could have these names");
	conf_mend(r, "add require_client_certificate = true, or take it out");
}

/* A way in that the protocol does not have. */
static void listen_complain(struct conf_reader *r, const struct conf_edge *e, const char *path)
{
	if (e->protocol == CONF_TCP && e->listen_count) {
		conf_complain(r, path, "tcp has no STARTTLS: all would pass in clear");
		conf_mend(r, "write listen_tls");
	} else if (e->protocol == CONF_SMTP && e->listen_tls_count) {
		conf_complain(r, path, "smtp has no port with TLS from the first byte");
		conf_mend(r, "465 belongs to protocol = \"submission\"");
	}
}

/* Rows that count for other protocols: an error where it changes what is open, else a warning. */
static void edge_rows_check(struct conf_reader *r, const struct conf_edge *e)
{
	const struct conf_group *group = &conf_group_edge;
	for (size_t i = 0; i < group->row_count; i++) {
		const struct conf_row *row = &group->rows[i];
		struct conf_path path = conf_path_of("edge", e->name, row->name);
		if (conf_row_applies(row, e) || !conf_is_written(r, path.text))
			continue;
		if (!strcmp(row->name, "listen_tls") || !strcmp(row->name, "listen")) {
			listen_complain(r, e, path.text);
			continue;
		}
		conf_warn(r, path.text, "it does nothing for protocol \"%s\"",
		          conf_protocol_name(e->protocol));
		conf_mend(r, "take it out");
	}
}

static void edge_addresses(struct conf_reader *r, const struct conf_edge *e, const char *setting,
                           const struct conf_address *items, size_t count)
{
	struct conf_path path = conf_path_of("edge", e->name, setting);
	for (size_t i = 0; i < count; i++) {
		if (items[i].kind != CONF_ADDRESS_NAME)
			continue;
		conf_complain(r, path.text, "\"%s\": names are not looked up in this version",
		              items[i].text);
		conf_mend(r, "write an IP address, or \"*\" for all");
	}
}

void conf_check_edge(struct conf_reader *r, struct conf_edge *e)
{
	struct conf_path listen = conf_path_of("edge", e->name, "listen");
	struct conf_path listen_tls = conf_path_of("edge", e->name, "listen_tls");
	struct conf_path protocol = conf_path_of("edge", e->name, "protocol");
	struct conf_path idle = conf_path_of("edge", e->name, "limits.idle_timeout");
	if (conf_item_is_bad(r, "edge", e->name))
		return;
	edge_addresses(r, e, "listen", e->listen, e->listen_count);
	edge_addresses(r, e, "listen_tls", e->listen_tls, e->listen_tls_count);
	if (conf_is_written(r, idle.text) && !conf_protocol_is_spliced(e->protocol))
		conf_check_idle(r, &e->limits, idle.text);
	if (!e->listen_count && !e->listen_tls_count && !conf_is_bad(r, listen.text) &&
	    !conf_is_bad(r, listen_tls.text)) {
		conf_complain(r, listen.text, "no client can come in here");
		conf_mend(r, e->protocol == CONF_TCP ? "add listen_tls = [\"*:PORT\"]"
		                                     : "add listen = [\"*:PORT\"]");
	}
	if (conf_is_bad(r, protocol.text))
		return;
	edge_rows_check(r, e);
	conf_check_choice(r, e);
	edge_certificate(r, e);
	edge_clients(r, e);
	conf_check_spliced(r, e);
	for (size_t i = 0; i < r->settings->backend_count; i++)
		if (conf_edge_has_backend(e, i))
			edge_client_info(r, e, &r->settings->backends[i]);
}
