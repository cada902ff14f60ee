/* What one setting alone cannot show: names that must exist, pairs that are unsafe or cannot work.
 */
#include "conf/check.h"
#include "base/clean.h"
#include "conf/exception.h"
#include "conf/reader.h"
#include "conf/tables_inside.h"
#include "conf/value.h"

#include <string.h>

enum {
	IDLE_MIN_MS = 35 * 60 * 1000, /* RFC 3501 5.4, RFC 9051 5.4: 30 minutes at least */
	EXCEPTION_DAYS_MAX = 180,
};

static bool is_user_protocol(enum conf_protocol protocol)
{
	return protocol != CONF_SMTP;
}

static bool speaks_smtp(const struct conf_edge *e)
{
	return e->protocol == CONF_SMTP || e->protocol == CONF_SUBMISSION ||
	       e->protocol == CONF_LMTP;
}

/* Backends */

static bool backend_is_local(const struct conf_backend *b)
{
	for (size_t i = 0; i < b->address_count; i++)
		if (!conf_address_is_local(&b->addresses[i]))
			return false;
	return true;
}

static bool backend_has_local(const struct conf_backend *b)
{
	for (size_t i = 0; i < b->address_count; i++)
		if (conf_address_is_local(&b->addresses[i]))
			return true;
	return false;
}

static void backend_addresses(struct conf_reader *r, const struct conf_backend *b)
{
	struct conf_path path = conf_path_of("backend", b->name, "address");
	for (size_t i = 0; i < b->address_count; i++) {
		const struct conf_address *a = &b->addresses[i];
		if (a->kind == CONF_ADDRESS_ANY) {
			conf_complain(r, path.text, "\"%s\" is no place to connect to", a->text);
			conf_mend(r, "write the server's address");
		} else if (a->kind == CONF_ADDRESS_NAME) {
			conf_complain(r, path.text,
			              "\"%s\": names are not looked up in this version", a->text);
			conf_mend(r, "write the server's IP address");
		}
	}
}

/* A value that does nothing without TLS looks like safety and is none. */
static void backend_tls_unused(struct conf_reader *r, const struct conf_backend *b)
{
	static const char *const settings[] = { "tls.verify", "tls.ca_file", "tls.pin",
		                                "tls.name",   "tls.peer",    "tls.min_version" };
	struct conf_path mode = conf_path_of("backend", b->name, "tls.mode");
	for (size_t i = 0; i < COUNT_OF(settings); i++) {
		struct conf_path path = conf_path_of("backend", b->name, settings[i]);
		if (!conf_is_written(r, path.text))
			continue;
		conf_complain(r, path.text, "it does nothing, for there is no TLS to this backend");
		conf_mend(r, "%s mode = \"implicit\" or \"starttls\", or take it out",
		          conf_is_written(r, mode.text) ? "change to" : "add");
	}
}

static void backend_peer(struct conf_reader *r, const struct conf_backend *b)
{
	const struct conf_tls *t = &b->tls;
	bool is_internal = t->verify == TLS_VERIFY_INTERNAL;
	struct conf_path peer = conf_path_of("backend", b->name, "tls.peer");
	struct conf_path name = conf_path_of("backend", b->name, "tls.name");
	if (is_internal && !t->peer_count && !conf_is_bad(r, peer.text)) {
		conf_complain(r, peer.text, "any of our own hosts could pass for this one");
		conf_mend(r, "add peer = [\"NAME\"], as in mailseal pki issue NAME");
	}
	if (!is_internal && t->peer_count) {
		conf_complain(r, peer.text, "it counts with verify = \"internal\" alone");
		conf_mend(r, "write verify = \"internal\", or take it out");
	}
	if (is_internal && t->name) {
		conf_complain(r, name.text, "with verify = \"internal\" names are in \"peer\"");
		conf_mend(r, "write peer = [\"%s\"]", t->name);
	}
}

static void backend_verify(struct conf_reader *r, const struct conf_backend *b)
{
	const struct conf_tls *t = &b->tls;
	struct conf_path verify = conf_path_of("backend", b->name, "tls.verify");
	struct conf_path ca_file = conf_path_of("backend", b->name, "tls.ca_file");
	struct conf_path pin = conf_path_of("backend", b->name, "tls.pin");
	struct conf_path name = conf_path_of("backend", b->name, "tls.name");
	bool needs_name = t->verify == TLS_VERIFY_SYSTEM || t->verify == TLS_VERIFY_FILE;
	if (conf_is_bad(r, verify.text))
		return;
	if (needs_name && !t->name && !conf_is_bad(r, name.text)) {
		conf_complain(r, name.text, "without a name any certificate of these CAs would do");
		conf_mend(r, "add name = \"NAME IN THE CERTIFICATE\", or use verify = \"pin\"");
	}
	if (t->verify == TLS_VERIFY_FILE && !t->ca_file && !conf_is_bad(r, ca_file.text)) {
		conf_complain(r, verify.text, "\"file\" needs the file");
		conf_mend(r, "add ca_file = \"/PATH\"");
	}
	if (t->verify != TLS_VERIFY_FILE && t->ca_file) {
		conf_complain(r, ca_file.text, "it counts with verify = \"file\" alone");
		conf_mend(r, "write verify = \"file\", or take it out");
	}
	if (t->verify == TLS_VERIFY_PIN && !t->pin_count && !conf_is_bad(r, pin.text)) {
		conf_complain(r, verify.text, "\"pin\" needs pins");
		conf_mend(r, "add pin = [\"sha256:BASE64\"]");
	}
	if (t->verify != TLS_VERIFY_PIN && t->pin_count) {
		conf_complain(r, pin.text, "it counts with verify = \"pin\" alone");
		conf_mend(r, "write verify = \"pin\", or take it out");
	}
	if (t->verify == TLS_VERIFY_NONE && !b->accepts_unverified) {
		conf_complain(r, verify.text, "anybody on the way could pass for the backend");
		conf_mend(r,
		          "use \"system\", \"file\" or \"pin\", or add accept = [\"unverified\"]");
	}
	backend_peer(r, b);
}

static void backend_client_info(struct conf_reader *r, const struct conf_backend *b)
{
	struct conf_path path = conf_path_of("backend", b->name, "client_info");
	if (b->client_info == CONV_INFO_NONE && !b->accepts_no_client_info) {
		conf_complain(r, path.text,
		              "the server would take every stranger for a client from this host");
		conf_mend(r, "use \"proxy\", or add accept = [\"no-client-info\"]");
	}
	if (b->client_info != CONV_INFO_ID)
		return;
	if (backend_has_local(b)) {
		conf_complain(r, path.text,
		              "a server that does not heed \"id\" trusts clients from this host");
		conf_mend(r, "use \"proxy\"");
	} else if (!b->accepts_unverified_client_info) {
		conf_complain(r, path.text, "whether the server heeds \"id\" cannot be seen");
		conf_mend(r, "use \"proxy\", or add accept = [\"unverified-client-info\"]");
	}
}

static void backend_check(struct conf_reader *r, const struct conf_backend *b)
{
	struct conf_path mode = conf_path_of("backend", b->name, "tls.mode");
	if (conf_item_is_bad(r, "backend", b->name))
		return;
	backend_addresses(r, b);
	backend_client_info(r, b);
	conf_check_backend(r, b);
	conf_check_tunnel(r, b);
	if (conf_tls_is_ours(&b->tls)) {
		backend_verify(r, b);
		return;
	}
	if (conf_is_bad(r, mode.text))
		return; /* whatever was meant, it was not "none" */
	backend_tls_unused(r, b);
	if (b->tls.mode == CONF_TLS_NONE && !backend_is_local(b) && !b->accepts_plain &&
	    !conf_check_is_passed_to(r->settings, b)) {
		conf_complain(r, conf_path_of("backend", b->name, "address").text,
		              "mail would cross the network in clear");
		conf_mend(r, "add tls = { mode = \"implicit\"; ... } (or \"starttls\"), or "
		             "accept = [\"plain\"]");
	}
}

/* Edges */

static void edge_client_info(struct conf_reader *r, const struct conf_edge *e,
                             const struct conf_backend *b)
{
	struct conf_path path = conf_path_of("backend", b->name, "client_info");
	const char *protocol = conf_protocol_name(e->protocol);
	bool is_smtp = speaks_smtp(e);
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

static void idle_check(struct conf_reader *r, const struct conf_limits *l, const char *path)
{
	if (!l->idle_timeout_ms || l->idle_timeout_ms >= IDLE_MIN_MS)
		return;
	conf_complain(r, path, "it would end sessions that the RFCs let idle for 30 minutes");
	conf_mend(r, "write \"35m\" or more, or 0");
}

static void edge_check(struct conf_reader *r, struct conf_edge *e)
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
		idle_check(r, &e->limits, idle.text);
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

/* Listeners against each other, and against backends */

struct listener {
	const struct conf_edge *edge;
	const char *setting;
	const struct conf_address *address;
};

static bool listener_at(const struct conf_settings *s, size_t index, struct listener *ret_listener)
{
	for (size_t i = 0; i < s->edge_count; i++) {
		const struct conf_edge *e = &s->edges[i];
		if (index < e->listen_count) {
			*ret_listener = (struct listener){ e, "listen", &e->listen[index] };
			return true;
		}
		index -= e->listen_count;
		if (index < e->listen_tls_count) {
			*ret_listener = (struct listener){ e, "listen_tls", &e->listen_tls[index] };
			return true;
		}
		index -= e->listen_tls_count;
	}
	return false;
}

static void listener_duplicates(struct conf_reader *r, const struct listener *l, size_t index)
{
	struct listener before;
	for (size_t i = 0; i < index && listener_at(r->settings, i, &before); i++) {
		if (!conf_address_overlaps(before.address, l->address))
			continue;
		conf_complain(r, conf_path_of("edge", l->edge->name, l->setting).text,
		              "\"%s\" is taken by \"%s\" of edge \"%s\"", l->address->text,
		              before.address->text, before.edge->name);
		conf_mend(r, "use an address or port of its own");
		return;
	}
}

static bool is_loop(const struct conf_address *listener, const struct conf_address *backend)
{
	bool is_any = listener->kind == CONF_ADDRESS_ANY || backend->kind == CONF_ADDRESS_ANY;
	if (is_any && !conf_address_is_local(backend))
		return false; /* another host has that port too */
	return conf_address_overlaps(listener, backend);
}

static void listener_loops(struct conf_reader *r, const struct listener *l)
{
	for (size_t i = 0; i < r->settings->backend_count; i++) {
		const struct conf_backend *b = &r->settings->backends[i];
		for (size_t j = 0; j < b->address_count; j++) {
			if (!is_loop(l->address, &b->addresses[j]))
				continue;
			conf_complain(r, conf_path_of("backend", b->name, "address").text,
			              "\"%s\" is where edge \"%s\" itself listens",
			              b->addresses[j].text, l->edge->name);
			conf_mend(r, "let the server listen on another port");
		}
	}
}

/* Exceptions */

static const struct conf_edge *edge_named(const struct conf_settings *s, const char *name,
                                          struct conf_nearest *nearest)
{
	for (size_t i = 0; i < s->edge_count; i++) {
		if (!strcmp(s->edges[i].name, name))
			return &s->edges[i];
		conf_nearest_try(nearest, s->edges[i].name);
	}
	return NULL;
}

static void exception_edge(struct conf_reader *r, const struct conf_exception *e, const char *path)
{
	struct conf_nearest nearest = { .text = e->edge };
	const struct conf_edge *edge = edge_named(r->settings, e->edge, &nearest);
	if (!edge) {
		conf_complain(r, path, "no edge is called \"%.100s\"", e->edge);
		if (nearest.best)
			conf_mend(r, "did you mean \"%s\"?", nearest.best);
	} else if (e->allow_plain_login &&
	           (edge->auth == CONV_AUTH_OFF || conf_protocol_is_spliced(edge->protocol))) {
		conf_complain(r, path,
		              "edge \"%s\" takes no logins, so \"plain-login\" opens nothing",
		              edge->name);
		conf_mend(r, "take \"plain-login\" out");
	}
	if (edge && e->allow_version && edge->is_passthrough) {
		conf_complain(r, path,
		              "the TLS of edge \"%s\" is its backend's, so this opens nothing",
		              edge->name);
		conf_mend(r, "take \"tls%s\" out, and allow it there",
		          conf_version_name(e->allow_version));
	} else if (edge && e->allow_version && e->allow_version >= edge->tls.min_version) {
		conf_warn(r, path, "edge \"%s\" allows TLS %s to everybody", edge->name,
		          conf_version_name(e->allow_version));
		conf_mend(r, "take \"tls%s\" out", conf_version_name(e->allow_version));
	}
}

/* True: it is over. */
static bool exception_date(struct conf_reader *r, const struct conf_exception *e, const char *path)
{
	char last[32];
	if (!e->until_s)
		return false; /* not a date: said already */
	int64_t days_left = conf_exception_days_left(e, r->now_s);
	conf_exception_last_day(e, last);
	if (days_left > EXCEPTION_DAYS_MAX) {
		conf_complain(r, path, "%s is %lld days ahead", last, (long long)days_left);
		conf_mend(r, "an exception runs %d days at most; renew it when it still must be",
		          EXCEPTION_DAYS_MAX);
	} else if (days_left < 0) {
		conf_warn(r, path, "it ended on %s and allows nothing now", last);
		conf_mend(r, "take the exception out");
		return true;
	} else if (days_left <= CONF_EXCEPTION_DAYS_NOTICE) {
		conf_warn(r, path, "it ends in %lld days, after %s", (long long)days_left, last);
	}
	return false;
}

static void exception_drop(struct conf_settings *s, size_t index)
{
	const struct conf_group *group = &conf_group_exception;
	struct conf_exception *e = &s->exceptions[index];
	for (size_t i = 0; i < group->row_count; i++) {
		const struct conf_type_ops *ops = conf_type_ops_of(group->rows[i].type);
		if (ops->clear)
			ops->clear(&group->rows[i], e);
	}
	memmove(e, e + 1, (s->exception_count - index - 1) * sizeof(*e));
	s->exception_count--;
}

static void exceptions_check(struct conf_reader *r)
{
	struct conf_settings *s = r->settings;
	size_t written = 0; /* index in the file: those that are over are taken out */
	for (size_t i = 0; i < s->exception_count; written++) {
		char path[CONF_PATH_MAX];
		snprintf(path, sizeof(path), "exception[%zu].edge", written);
		if (s->exceptions[i].edge)
			exception_edge(r, &s->exceptions[i], path);
		snprintf(path, sizeof(path), "exception[%zu].until", written);
		if (exception_date(r, &s->exceptions[i], path))
			exception_drop(s, i);
		else
			i++;
	}
}

enum { WITNESS_EVERY_MIN_MS = 1000 };

static bool has_smtp_edge(const struct conf_settings *s)
{
	for (size_t i = 0; i < s->edge_count; i++)
		if (speaks_smtp(&s->edges[i]))
			return true;
	return false;
}

static void ledger_check(struct conf_reader *r)
{
	const struct conf_ledger *l = &r->settings->ledger;
	if (l->keep != CONF_KEEP_NONE || !l->exposure_hook_count)
		return;
	conf_warn(r, "ledger.exposure_hook",
	          "with keep = \"none\" nothing is recorded, and it "
	          "never runs");
	conf_mend(r, "write keep = \"notable\", or take it out");
}

void conf_check(struct conf_reader *r)
{
	const struct conf_settings *s = r->settings;
	struct listener listener;
	idle_check(r, &s->limits, "limits.idle_timeout");
	if (!s->edge_count && !s->link_count && !s->watch.is_set && !s->watched_count &&
	    !conf_needs_resolver(s) && !conf_is_bad(r, "edge")) {
		conf_complain(r, "edge", "there is no edge, so there is nothing to do");
		conf_mend(r, "add edge = { NAME = { protocol = \"smtp\"; ... }; };");
	}
	if (!conf_is_written(r, "hostname") && !strchr(s->hostname, '.') && has_smtp_edge(s)) {
		conf_warn(r, "hostname", "the system's name \"%s\" is not a full one", s->hostname);
		conf_mend(r, "write hostname = \"mx.example.org\"");
	}
	if (s->witness_every_ms && s->witness_every_ms < WITNESS_EVERY_MIN_MS) {
		conf_complain(r, "witness_every", "a second is the shortest");
		conf_mend(r, "write \"1m\", or \"0\" for never");
	}
	for (size_t i = 0; i < s->backend_count; i++)
		backend_check(r, &s->backends[i]);
	for (size_t i = 0; i < s->lookup_count; i++)
		conf_check_lookup(r, &s->lookups[i]);
	for (size_t i = 0; i < s->edge_count; i++)
		edge_check(r, &s->edges[i]);
	for (size_t i = 0; i < s->certificate_count; i++)
		conf_check_certificate(r, &s->certificates[i]);
	for (size_t i = 0; listener_at(s, i, &listener); i++) {
		listener_duplicates(r, &listener, i);
		listener_loops(r, &listener);
	}
	conf_check_limits(r);
	conf_check_relay(r);
	conf_check_check(r);
	conf_check_site(r);
	conf_check_link(r);
	conf_check_dashboard(r);
	conf_check_watch(r);
	conf_check_cluster(r);
	exceptions_check(r);
	ledger_check(r);
}
