/* Of relays, routes, the resolver and what is asked of them: what one setting alone cannot show. */
#include "base/clean.h"
#include "conf/address.h"
#include "conf/check.h"
#include "conf/network.h"
#include "conf/server.h"
#include "conf/value.h"

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

/* "LOCAL@DOMAIN", nothing to be quoted. */
static bool is_mailbox(const char *text)
{
	const char *at = strchr(text, '@');
	if (!at || at == text || at - text > 64 || !conf_hostname_is_valid(at + 1))
		return false;
	for (const char *c = text; c < at; c++)
		if (*c <= ' ' || *c > '~' || strchr("\"(),:;<>[\\]", *c))
			return false;
	return true;
}

static void mailbox_check(struct conf_reader *r, const char *path, const char *mailbox)
{
	if (!mailbox || is_mailbox(mailbox))
		return;
	conf_complain(r, path, "\"%s\" is no mailbox", mailbox);
	conf_mend(r, "write \"NAME@DOMAIN\"");
}

static void tlsrpt_send_check(struct conf_reader *r, const struct conf_tlsrpt *t)
{
	mailbox_check(r, "tlsrpt.from", t->from);
	mailbox_check(r, "tlsrpt.contact", t->contact);
	if (t->sends && !t->from && !conf_is_bad(r, "tlsrpt.from")) {
		conf_complain(r, "tlsrpt.send", "reports need a sender");
		conf_mend(r, "add from = \"tls-reports@YOUR DOMAIN\"");
	}
	if (!t->is_set || conf_is_bad(r, "tlsrpt.submit") || conf_address_is_local(&t->submit))
		return;
	conf_complain(r, "tlsrpt.submit",
	              "\"%s\" is not this host, and reports are handed over "
	              "without TLS",
	              t->submit.text);
	conf_mend(r, "write an address of 127.0.0.0/8, [::1]:PORT, or unix:/PATH: an MTA here");
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
	struct conf_path ca_file = conf_path_of("relay", relay->name, "client_ca_file");
	struct conf_path listen_tls = conf_path_of("relay", relay->name, "listen_tls");
	static const char *const only[] = { "client_verify", "client_ca_file", "peer",
		                            "certificates" };
	for (size_t i = 0; !relay->listen_tls_count && i < COUNT_OF(only); i++) {
		struct conf_path path = conf_path_of("relay", relay->name, only[i]);
		if (!conf_is_written(r, path.text) || conf_is_bad(r, listen_tls.text))
			continue;
		conf_complain(r, path.text, "it counts with listen_tls alone");
		conf_mend(r, "add listen_tls = [\"lmtp:ADDRESS\"], or take it out");
	}
	if (!relay->listen_tls_count)
		return;
	if (relay->client_verify == TLS_VERIFY_INTERNAL) {
		if (relay->client_ca_file) {
			conf_complain(r, ca_file.text,
			              "with client_verify = \"internal\" our own CA vouches");
			conf_mend(r, "take one of the two out");
		}
		return;
	}
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
	struct conf_path path = conf_path_of("relay", relay->name, "source");
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
	struct conf_path listen = conf_path_of("relay", relay->name, "listen");
	struct conf_path listen_tls = conf_path_of("relay", relay->name, "listen_tls");
	const struct conf_handoff *h;
	for (size_t n = 0; (h = relay_place(relay, n)); n++) {
		bool is_tls = n >= relay->listen_count;
		const char *path = is_tls ? listen_tls.text : listen.text;
		(is_tls ? relay_listen_tls : relay_listen)(r, h, path);
		if (relay_has_before(s, number, n))
			conf_complain(r, path, "\"%s\" is there twice", h->address.text);
	}
	if (!relay_place(relay, 0) && !conf_item_is_bad(r, "relay", relay->name) &&
	    !conf_is_bad(r, listen.text) && !conf_is_bad(r, listen_tls.text)) {
		conf_complain(r, listen.text, "no MTA can hand mail over here");
		conf_mend(r, "add listen = [\"lmtp:127.0.0.1:PORT\"]");
	}
	relay_clients(r, relay);
	relay_sources(r, relay);
}

static void route_peer(struct conf_reader *r, const struct conf_tls *t, size_t number)
{
	bool is_internal = t->verify == TLS_VERIFY_INTERNAL;
	char path[CONF_PATH_MAX];
	snprintf(path, sizeof(path), "route[%zu].tls.peer", number);
	if (is_internal && t->peer_count != 1 && !conf_is_bad(r, path)) {
		conf_complain(r, path, "it leads to one of our own hosts, and has to say which");
		conf_mend(r, "write peer = [\"NAME\"], as in mailseal pki issue NAME");
	}
	if (!is_internal && t->peer_count) {
		conf_complain(r, path, "it counts with verify = \"internal\" alone");
		conf_mend(r, "write verify = \"internal\", or take it out");
	}
}

/* How a host proves itself; by a route's TLS that is not "none". */
static void route_verify(struct conf_reader *r, const struct conf_route *route, size_t number)
{
	const struct conf_tls *t = &route->tls;
	char path[CONF_PATH_MAX];
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
	route_peer(r, t, number);
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

static void route_check(struct conf_reader *r, const struct conf_settings *s, size_t number)
{
	const struct conf_route *route = &s->routes[number];
	char path[CONF_PATH_MAX];
	snprintf(path, sizeof(path), "route[%zu].host", number);
	if (conf_is_bad(r, path))
		return;
	if (route->host.kind == CONF_ADDRESS_ANY || route->host.kind == CONF_ADDRESS_UNIX) {
		conf_complain(r, path, "\"%s\" is no place to send mail to", route->host.text);
		conf_mend(r, "write NAME:PORT or an address");
		return;
	}
	if (route->tls.mode != CONF_TLS_NONE) {
		route_verify(r, route, number);
	} else if (!conf_address_is_local(&route->host) && !route->accepts_plain) {
		conf_complain(r, path, "mail would cross the network in clear");
		conf_mend(r, "take mode = \"none\" out, or add accept = [\"plain\"]");
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

void conf_check_relay(struct conf_reader *r)
{
	const struct conf_settings *s = r->settings;
	policy_service_check(r, &s->policy_service);
	tlsrpt_check(r, s);
	tlsrpt_send_check(r, &s->tlsrpt);
	for (size_t i = 0; i < s->relay_count; i++)
		relay_check(r, s, i);
	routes_check(r, s);
	trust_ad_check(r, &s->resolver);
}
