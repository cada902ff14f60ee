/* What one setting alone cannot show: names that must exist, pairs that are unsafe or cannot work.
 */
#include "base/clean.h"
#include "conf/exception.h"
#include "conf/reader.h"
#include "conf/value.h"

#include <string.h>

enum {
	IDLE_MIN_MS = 35 * 60 * 1000, /* RFC 3501 5.4, RFC 9051 5.4: 30 minutes at least */
	EXCEPTION_DAYS_MAX = 180,
};

struct path {
	char text[CONF_PATH_MAX];
};

/* "backend.mta" and "tls.mode". */
static struct path path_of(const char *group, const char *item, const char *setting)
{
	struct path p;
	snprintf(p.text, sizeof(p.text), "%s.%s.%s", group, item, setting);
	return p;
}

/* It is no group at all, which was said already. */
static bool item_is_bad(const struct conf_reader *r, const char *group, const char *item)
{
	char path[CONF_PATH_MAX];
	snprintf(path, sizeof(path), "%s.%s", group, item);
	return conf_is_bad(r, path);
}

static bool is_user_protocol(enum conf_protocol protocol)
{
	return protocol != CONF_SMTP;
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
	struct path path = path_of("backend", b->name, "address");
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
	static const char *const settings[] = { "tls.verify", "tls.ca_file", "tls.pin", "tls.name",
		                                "tls.min_version" };
	struct path mode = path_of("backend", b->name, "tls.mode");
	for (size_t i = 0; i < COUNT_OF(settings); i++) {
		struct path path = path_of("backend", b->name, settings[i]);
		if (!conf_is_written(r, path.text))
			continue;
		conf_complain(r, path.text, "it does nothing, for there is no TLS to this backend");
		conf_mend(r, "%s mode = \"implicit\" or \"starttls\", or take it out",
		          conf_is_written(r, mode.text) ? "change to" : "add");
	}
}

static void backend_verify(struct conf_reader *r, const struct conf_backend *b)
{
	const struct conf_tls *t = &b->tls;
	struct path verify = path_of("backend", b->name, "tls.verify");
	struct path ca_file = path_of("backend", b->name, "tls.ca_file");
	struct path pin = path_of("backend", b->name, "tls.pin");
	struct path name = path_of("backend", b->name, "tls.name");
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
}

static void backend_client_info(struct conf_reader *r, const struct conf_backend *b)
{
	struct path path = path_of("backend", b->name, "client_info");
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
	struct path mode = path_of("backend", b->name, "tls.mode");
	if (item_is_bad(r, "backend", b->name))
		return;
	backend_addresses(r, b);
	backend_client_info(r, b);
	if (b->tls.mode != CONF_TLS_NONE) {
		backend_verify(r, b);
		return;
	}
	if (conf_is_bad(r, mode.text))
		return; /* whatever was meant, it was not "none" */
	backend_tls_unused(r, b);
	if (!backend_is_local(b) && !b->accepts_plain) {
		conf_complain(r, path_of("backend", b->name, "address").text,
		              "mail would cross the network in clear");
		conf_mend(r, "add tls = { mode = \"implicit\"; ... } (or \"starttls\"), or "
		             "accept = [\"plain\"]");
	}
}

/* Edges */

static void edge_client_info(struct conf_reader *r, const struct conf_edge *e,
                             const struct conf_backend *b)
{
	struct path path = path_of("backend", b->name, "client_info");
	const char *protocol = conf_protocol_name(e->protocol);
	bool is_smtp = e->protocol == CONF_SMTP || e->protocol == CONF_SUBMISSION;
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
	if (e->protocol == CONF_TCP && b->tls.mode == CONF_TLS_STARTTLS) {
		conf_complain(r, path_of("backend", b->name, "tls.mode").text,
		              "tcp (edge \"%s\") has no STARTTLS", e->name);
		conf_mend(r, "use mode = \"implicit\"");
		return;
	}
	if (b->client_info == CONV_INFO_PROXY && b->tls.mode == CONF_TLS_STARTTLS && !is_smtp) {
		conf_complain(r, path_of("backend", b->name, "tls.mode").text,
		              "%s servers refuse STARTTLS behind a PROXY header (edge \"%s\")",
		              protocol, e->name);
		conf_mend(r, "use mode = \"implicit\" and the port of the server that has TLS");
	}
}

static void edge_certificate(struct conf_reader *r, const struct conf_edge *e)
{
	struct path path = path_of("edge", e->name, "certificates");
	if (!is_user_protocol(e->protocol) || r->settings->certificate_count ||
	    e->accepts_self_signed || conf_is_bad(r, path.text) || conf_is_bad(r, "certificate"))
		return;
	conf_complain(r, path.text, "users need a certificate that their programs believe");
	conf_mend(r, "add certificate = { NAME = { chain = \"/PATH\"; key = \"/PATH\"; }; }, or "
	             "accept = [\"self-signed\"] to the edge");
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
	const struct conf_group *group = conf_root.groups;
	while (strcmp(group->name, "edge") != 0)
		group++;
	for (size_t i = 0; i < group->row_count; i++) {
		const struct conf_row *row = &group->rows[i];
		struct path path = path_of("edge", e->name, row->name);
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
	struct path path = path_of("edge", e->name, setting);
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

static void edge_check(struct conf_reader *r, const struct conf_edge *e)
{
	struct path listen = path_of("edge", e->name, "listen");
	struct path listen_tls = path_of("edge", e->name, "listen_tls");
	struct path protocol = path_of("edge", e->name, "protocol");
	struct path idle = path_of("edge", e->name, "limits.idle_timeout");
	if (item_is_bad(r, "edge", e->name))
		return;
	edge_addresses(r, e, "listen", e->listen, e->listen_count);
	edge_addresses(r, e, "listen_tls", e->listen_tls, e->listen_tls_count);
	if (conf_is_written(r, idle.text) && e->protocol != CONF_TCP)
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
	edge_certificate(r, e);
	if (e->backend < r->settings->backend_count)
		edge_client_info(r, e, &r->settings->backends[e->backend]);
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
		conf_complain(r, path_of("edge", l->edge->name, l->setting).text,
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
			conf_complain(r, path_of("backend", b->name, "address").text,
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
	} else if (e->allow_plain_login && edge->auth == CONV_AUTH_OFF) {
		conf_complain(r, path,
		              "edge \"%s\" takes no logins, so \"plain-login\" opens nothing",
		              edge->name);
		conf_mend(r, "take \"plain-login\" out");
	}
	if (edge && e->allow_version && e->allow_version >= edge->tls.min_version) {
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
	const struct conf_group *group = conf_root.groups;
	while (strcmp(group->name, "exception") != 0)
		group++;
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

/* Number n of its places, those with TLS behind the others; NULL behind the last. */
static const struct conf_handoff *relay_place(const struct conf_relay *relay, size_t n)
{
	if (n < relay->listen_count)
		return &relay->listen[n];
	n -= relay->listen_count;
	return n < relay->listen_tls_count ? &relay->listen_tls[n] : NULL;
}

/* A place before the n-th of this relay that is the same. */
static bool relay_has_before(const struct conf_settings *s, size_t number, size_t n)
{
	const struct conf_address *a = &relay_place(&s->relays[number], n)->address;
	const struct conf_handoff *h;
	for (size_t i = 0; i <= number; i++)
		for (size_t m = 0; (h = relay_place(&s->relays[i], m)); m++) {
			if (i == number && m == n)
				break;
			if (conf_address_overlaps(&h->address, a))
				return true;
		}
	return false;
}

static bool relays_have(const struct conf_settings *s, const struct conf_address *a)
{
	const struct conf_handoff *h;
	for (size_t i = 0; i < s->relay_count; i++)
		for (size_t n = 0; (h = relay_place(&s->relays[i], n)); n++)
			if (conf_address_overlaps(&h->address, a))
				return true;
	return false;
}

static bool addresses_have(const struct conf_address *list, size_t count,
                           const struct conf_address *a)
{
	for (size_t i = 0; i < count; i++)
		if (conf_address_overlaps(&list[i], a))
			return true;
	return false;
}

/* Unix sockets for Postfix, in a list. */
static void sockets_check(struct conf_reader *r, const char *path, const struct conf_address *list,
                          size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (list[i].kind != CONF_ADDRESS_UNIX) {
			conf_complain(r, path, "\"%s\" is no unix socket", list[i].text);
			conf_mend(r, "write \"unix:/PATH\"; for Postfix in a chroot "
			             "\"unix:/var/spool/postfix/mailseal/NAME\"");
		}
		if (addresses_have(list, i, &list[i]))
			conf_complain(r, path, "\"%s\" is there twice", list[i].text);
	}
}

/* Whoever can ask learns whom we write to, and the answers are not authenticated. */
static void policy_service_check(struct conf_reader *r, const struct conf_policy_service *p)
{
	sockets_check(r, "policy_service.socketmap", p->socketmap, p->socketmap_count);
}

/* What is told there is believed. */
static void tlsrpt_check(struct conf_reader *r, const struct conf_settings *s)
{
	static const char path[] = "tlsrpt.collector";
	const struct conf_tlsrpt *t = &s->tlsrpt;
	sockets_check(r, path, t->collector, t->collector_count);
	for (size_t i = 0; i < t->collector_count; i++) {
		const struct conf_address *a = &t->collector[i];
		if (!addresses_have(s->policy_service.socketmap, s->policy_service.socketmap_count,
		                    a) &&
		    !relays_have(s, a))
			continue;
		conf_complain(r, path, "\"%s\" is taken by another service", a->text);
		conf_mend(r, "use a path of its own");
	}
}

static void relay_listen(struct conf_reader *r, const struct conf_handoff *h, const char *path)
{
	if (conf_address_is_local(&h->address) || h->is_wide)
		return;
	conf_complain(r, path, "\"%s\" can be reached from other hosts", h->address.text);
	conf_mend(r, "write an address of 127.0.0.0/8, [::1]:PORT, or unix:/PATH; for other hosts "
	             "write it into listen_tls");
}

static void relay_listen_tls(struct conf_reader *r, const struct conf_handoff *h, const char *path)
{
	const struct conf_address *a = &h->address;
	if (a->kind == CONF_ADDRESS_NAME) {
		conf_complain(r, path, "\"%s\": names are not looked up in this version", a->text);
		conf_mend(r, "write an IP address, or \"*\" for all");
	} else if (a->kind == CONF_ADDRESS_UNIX || h->is_wide) {
		conf_complain(r, path, "\"%s\" is this host alone, which needs no TLS", a->text);
		conf_mend(r, "write it into listen");
	}
}

/* Who may come from other hosts has to be known. */
static void relay_clients(struct conf_reader *r, const struct conf_relay *relay)
{
	struct path ca_file = path_of("relay", relay->name, "client_ca_file");
	struct path listen_tls = path_of("relay", relay->name, "listen_tls");
	static const char *const only[] = { "client_ca_file", "peer", "certificates" };
	for (size_t i = 0; !relay->listen_tls_count && i < COUNT_OF(only); i++) {
		struct path path = path_of("relay", relay->name, only[i]);
		if (!conf_is_written(r, path.text) || conf_is_bad(r, listen_tls.text))
			continue;
		conf_complain(r, path.text, "it counts with listen_tls alone");
		conf_mend(r, "add listen_tls = [\"lmtp:ADDRESS\"], or take it out");
	}
	if (!relay->listen_tls_count)
		return;
	if (!relay->client_ca_file && !conf_is_bad(r, ca_file.text)) {
		conf_complain(r, listen_tls.text, "anybody could send mail through it");
		conf_mend(r, "add client_ca_file = \"/PATH\", the CA of your MTAs");
	}
	if (!r->settings->certificate_count && !conf_is_bad(r, "certificate")) {
		conf_complain(r, listen_tls.text, "it has no certificate that MTAs could believe");
		conf_mend(r,
		          "add certificate = { NAME = { chain = \"/PATH\"; key = \"/PATH\"; }; };");
	}
}

static void relay_sources(struct conf_reader *r, const struct conf_relay *relay)
{
	struct path path = path_of("relay", relay->name, "source");
	size_t counts[2] = {};
	for (size_t i = 0; i < relay->source_count; i++) {
		const struct conf_network *n = &relay->sources[i];
		char text[64];
		conf_network_print(n, text);
		if (n->prefix != (n->is_v6 ? 128 : 32)) {
			conf_complain(r, path.text, "\"%s\" is a network", text);
			conf_mend(r, "write one address of this host");
		} else if (++counts[n->is_v6] > 1) {
			conf_complain(r, path.text, "\"%s\" is the second of its family", text);
			conf_mend(r, "keep the one whose name in DNS is \"hostname\"");
		}
	}
}

static void relay_check(struct conf_reader *r, const struct conf_settings *s, size_t number)
{
	const struct conf_relay *relay = &s->relays[number];
	struct path listen = path_of("relay", relay->name, "listen");
	struct path listen_tls = path_of("relay", relay->name, "listen_tls");
	const struct conf_handoff *h;
	for (size_t n = 0; (h = relay_place(relay, n)); n++) {
		bool is_tls = n >= relay->listen_count;
		const char *path = is_tls ? listen_tls.text : listen.text;
		(is_tls ? relay_listen_tls : relay_listen)(r, h, path);
		if (relay_has_before(s, number, n))
			conf_complain(r, path, "\"%s\" is there twice", h->address.text);
	}
	if (!relay_place(relay, 0) && !item_is_bad(r, "relay", relay->name) &&
	    !conf_is_bad(r, listen.text) && !conf_is_bad(r, listen_tls.text)) {
		conf_complain(r, listen.text, "no MTA can hand mail over here");
		conf_mend(r, "add listen = [\"lmtp:127.0.0.1:PORT\"]");
	}
	relay_clients(r, relay);
	relay_sources(r, relay);
}

static void route_check(struct conf_reader *r, const struct conf_settings *s, size_t number)
{
	const struct conf_route *route = &s->routes[number];
	const struct conf_tls *t = &route->tls;
	char path[CONF_PATH_MAX];
	snprintf(path, sizeof(path), "route[%zu].host", number);
	if (conf_is_bad(r, path))
		return;
	if (route->host.kind == CONF_ADDRESS_ANY || route->host.kind == CONF_ADDRESS_UNIX) {
		conf_complain(r, path, "\"%s\" is no place to send mail to", route->host.text);
		conf_mend(r, "write NAME:PORT or an address");
		return;
	}
	if (t->mode == CONF_TLS_NONE && !conf_address_is_local(&route->host) &&
	    !route->accepts_plain) {
		conf_complain(r, path, "mail would cross the network in clear");
		conf_mend(r, "take mode = \"none\" out, or add accept = [\"plain\"]");
	}
	if (t->mode == CONF_TLS_NONE)
		return;
	snprintf(path, sizeof(path), "route[%zu].tls.verify", number);
	if (t->verify == TLS_VERIFY_NONE && !route->accepts_unverified) {
		conf_complain(r, path, "anybody on the way could pass for the host");
		conf_mend(r,
		          "use \"system\", \"file\" or \"pin\", or add accept = [\"unverified\"]");
	}
	if (t->verify == TLS_VERIFY_FILE && !t->ca_file) {
		conf_complain(r, path, "\"file\" needs the file");
		conf_mend(r, "add ca_file = \"/PATH\"");
	}
	if (t->verify == TLS_VERIFY_PIN && !t->pin_count) {
		conf_complain(r, path, "\"pin\" needs pins");
		conf_mend(r, "add pin = [\"sha256:BASE64\"]");
	}
	snprintf(path, sizeof(path), "route[%zu].tls.ca_file", number);
	if (t->verify != TLS_VERIFY_FILE && t->ca_file) {
		conf_complain(r, path, "it counts with verify = \"file\" alone");
		conf_mend(r, "write verify = \"file\", or take it out");
	}
	snprintf(path, sizeof(path), "route[%zu].tls.name", number);
	if ((t->verify == TLS_VERIFY_SYSTEM || t->verify == TLS_VERIFY_FILE) && !t->name &&
	    route->host.kind != CONF_ADDRESS_NAME) {
		conf_complain(r, path, "without a name any certificate of these CAs would do");
		conf_mend(r, "add name = \"NAME IN THE CERTIFICATE\", or use verify = \"pin\"");
	}
}

static void routes_check(struct conf_reader *r, const struct conf_settings *s)
{
	for (size_t i = 0; i < s->route_count; i++)
		route_check(r, s, i);
	if (!s->route_count || s->relay_count)
		return;
	conf_warn(r, "route", "there is no relay that would follow it");
	conf_mend(r, "add relay = { NAME = { listen = [\"lmtp:127.0.0.1:PORT\"]; }; };");
}

/* A bit that nothing protects is worth something only where nobody is on its way. */
static void trust_ad_check(struct conf_reader *r, const struct conf_resolver *resolver)
{
	static const char path[] = "resolver.trust_ad";
	if (!resolver->trusts_ad)
		return;
	if (!resolver->forward_count && !conf_is_bad(r, "resolver.forward")) {
		conf_complain(r, path, "there is no resolver whose AD bit could be trusted");
		conf_mend(r, "add forward = [\"127.0.0.1@53\"], a resolver of this host that "
		             "validates");
	}
	for (size_t i = 0; i < resolver->forward_count; i++) {
		if (conf_server_is_local(&resolver->forwards[i]))
			continue;
		conf_complain(r, "resolver.forward",
		              "\"%s\" is not this host: who is on the way to it can set AD, for "
		              "nothing protects that bit",
		              resolver->forwards[i].address);
		conf_mend(r, "take trust_ad out (its answers are then validated here), or run a "
		             "validating resolver on 127.0.0.1");
	}
	if (resolver->stub_count) {
		conf_complain(r, "resolver.stub",
		              "with trust_ad all is asked of \"forward\": the "
		              "servers of a zone do not validate it");
		conf_mend(r, "take trust_ad out, or tell that resolver of the zone");
	}
}

static bool has_smtp_edge(const struct conf_settings *s)
{
	for (size_t i = 0; i < s->edge_count; i++)
		if (s->edges[i].protocol == CONF_SMTP || s->edges[i].protocol == CONF_SUBMISSION)
			return true;
	return false;
}

void conf_check(struct conf_reader *r)
{
	const struct conf_settings *s = r->settings;
	struct listener listener;
	idle_check(r, &s->limits, "limits.idle_timeout");
	if (!s->edge_count && !conf_needs_resolver(s) && !conf_is_bad(r, "edge")) {
		conf_complain(r, "edge", "there is no edge, so there is nothing to do");
		conf_mend(r, "add edge = { NAME = { protocol = \"smtp\"; ... }; };");
	}
	if (!conf_is_written(r, "hostname") && !strchr(s->hostname, '.') && has_smtp_edge(s)) {
		conf_warn(r, "hostname", "the system's name \"%s\" is not a full one", s->hostname);
		conf_mend(r, "write hostname = \"mx.example.org\"");
	}
	for (size_t i = 0; i < s->backend_count; i++)
		backend_check(r, &s->backends[i]);
	for (size_t i = 0; i < s->edge_count; i++)
		edge_check(r, &s->edges[i]);
	for (size_t i = 0; listener_at(s, i, &listener); i++) {
		listener_duplicates(r, &listener, i);
		listener_loops(r, &listener);
	}
	policy_service_check(r, &s->policy_service);
	tlsrpt_check(r, s);
	for (size_t i = 0; i < s->relay_count; i++)
		relay_check(r, s, i);
	routes_check(r, s);
	trust_ad_check(r, &s->resolver);
	exceptions_check(r);
}
