/* What a configuration means to a worker: edges with their TLS, backends with their addresses. */
#include "edge/edge.h"

#include "base/clean.h"
#include "base/err.h"
#include "conf/address.h"
#include "conf/conf.h"
#include "conf/site.h"
#include "conv/tcp.h"
#include "edge/known.h"
#include "edge/lookup.h"
#include "edge/session.h"
#include "http/edge.h"
#include "identity/trust.h"
#include "imap/edge.h"
#include "io/address.h"
#include "pop3/edge.h"
#include "sieve/edge.h"
#include "smtp/edge.h"
#include "tls/client.h"

#include <errno.h>
#include <stdio.h>
#include <sys/un.h>

static const struct conv_ops *const ops_by_protocol[] = {
	[CONF_SMTP] = &smtp_edge_ops, [CONF_SUBMISSION] = &submission_edge_ops,
	[CONF_IMAP] = &imap_edge_ops, [CONF_POP3] = &pop3_edge_ops,
	[CONF_TCP] = &conv_tcp_ops,   [CONF_SIEVE] = &sieve_edge_ops,
	[CONF_LMTP] = &lmtp_edge_ops, [CONF_HTTP] = &http_edge_ops,
};

/* The protocol id of ALPN (IANA); SMTP and LMTP have none. */
static const char *const alpn_by_protocol[] = {
	[CONF_SMTP] = NULL,   [CONF_SUBMISSION] = NULL, [CONF_IMAP] = "imap",
	[CONF_POP3] = "pop3", [CONF_TCP] = NULL,        [CONF_SIEVE] = "managesieve",
	[CONF_LMTP] = NULL,   [CONF_HTTP] = "http/1.1",
};

/* With a backend of its own for HTTP/2. */
static const char alpn_of_both[] = "h2,http/1.1";

static int trust_make(struct edge_trust *trust, const struct conf_settings *settings,
                      const struct conf_materials *m, char *ret_error, size_t cap)
{
	size_t ca = conf_ca_of_internal(settings), denied = conf_ca_denied(settings);
	if (!conf_needs_identity(settings) || denied >= m->ca_count)
		return 0;
	trust->ca_pem = buf_slice(&m->cas[ca]);
	trust->has_node = conf_node_spec(settings, m, &trust->node);
	int r = identity_inside_new(&trust->inside, buf_slice(&m->cas[denied]),
	                            settings->pki.grace_s, ret_error, cap);
	return r == IDENTITY_TRUST_BAD ? EDGE_WORLD_BAD : err_up(r);
}

int edge_address_resolve(struct edge_address *a, const struct conf_address *conf)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&a->sa;
	a->text = conf->text;
	if (conf->kind == CONF_ADDRESS_UNIX) {
		un->sun_family = AF_UNIX;
		snprintf(un->sun_path, sizeof(un->sun_path), "%s", conf->host);
		a->sa_len = sizeof(*un);
		return 0;
	}
	a->sa_len = io_address_take(conf->host, conf->port, &a->sa);
	return a->sa_len ? 0 : EDGE_WORLD_BAD;
}

/* One of our own hosts, to which we can prove ourselves in turn. */
static int inside_tls(struct edge_backend *b, const struct edge_trust *trust, char *ret_error,
                      size_t cap)
{
	const struct conf_tls *t = &b->conf->tls;
	char **names = NULL;
	char why[160];
	int r = identity_peers_new(&names, t->peers, t->peer_count, why, sizeof(why));
	const struct tls_client_settings set = {
		.verify = TLS_VERIFY_INTERNAL,
		.min_version = t->min_version,
		.ca_pem = trust->ca_pem,
		.names = (const char *const *)names,
		.name_count = t->peer_count,
		.inside = trust->inside,
		.certificate = trust->has_node ? &trust->node : NULL,
		.is_compact = trust->is_compact,
		.signer = trust->signer,
	};
	if (!r)
		r = tls_client_new(&b->tls, &set, why, sizeof(why));
	identity_peers_free(names, t->peer_count);
	if (r > 0) {
		snprintf(ret_error, cap, "backend.%s.tls: %s", b->conf->name, why);
		return EDGE_WORLD_BAD;
	}
	return err_up(r);
}

static int backend_tls(struct edge_backend *b, const struct edge_trust *trust, const struct buf *ca,
                       char *ret_error, size_t cap)
{
	const struct conf_tls *t = &b->conf->tls;
	if (!conf_tls_is_ours(t))
		return 0;
	if (t->verify == TLS_VERIFY_INTERNAL)
		return inside_tls(b, trust, ret_error, cap);
	struct tls_client_settings set = {
		.verify = t->verify,
		.min_version = t->min_version,
		.ca_pem = buf_slice(ca),
		.pins = (const uint8_t(*)[32])t->pins,
		.pin_count = t->pin_count,
		.name = t->name,
		.is_compact = trust->is_compact,
	};
	char why[160];
	int r = tls_client_new(&b->tls, &set, why, sizeof(why));
	if (r > 0) {
		snprintf(ret_error, cap, "backend.%s.tls: %s", b->conf->name, why);
		return EDGE_WORLD_BAD;
	}
	return err_up(r);
}

static struct edge_load *load_new(void)
{
	struct edge_load *load = calloc(1, sizeof(*load));
	if (load)
		load->refs = 1;
	return load;
}

static void load_unref(struct edge_load *load)
{
	if (load && !--load->refs)
		free(load);
}

void edge_load_share(struct edge_address *a, const struct edge_address *with)
{
	with->load->refs++;
	load_unref(a->load);
	a->load = with->load;
}

static int backend_build(struct edge_backend *b, const struct conf_backend *conf,
                         const struct edge_trust *trust, const struct buf *ca, char *ret_error,
                         size_t cap)
{
	b->conf = conf;
	b->addresses = calloc(conf->address_count, sizeof(*b->addresses));
	if (!b->addresses)
		return err_raise(-ENOMEM);
	b->address_count = conf->address_count;
	for (size_t i = 0; i < conf->address_count; i++) {
		struct edge_address *a = &b->addresses[i];
		if (edge_address_resolve(a, &conf->addresses[i])) {
			snprintf(ret_error, cap, "backend.%s.address: \"%s\" is no IP address",
			         conf->name, conf->addresses[i].text);
			return EDGE_WORLD_BAD;
		}
		a->state = edge_backend_is_listened_to(b) ? EDGE_ADDRESS_NEW : EDGE_ADDRESS_USABLE;
		a->load = load_new();
		if (!a->load)
			return err_raise(-ENOMEM);
	}
	int r = edge_sources_fill(b);
	return r ? err_up(r) : backend_tls(b, trust, ca, ret_error, cap);
}

static bool serves_self_made(const struct conf_edge *conf)
{
	return conf->protocol == CONF_SMTP || conf->accepts_self_signed;
}

/* The certificates of an edge; where there is no other, this node's own if its clients are ours
 * too, or the self-made one if that may serve. */
static size_t specs_fill(struct tls_certificate_spec *specs, const struct conf_edge *conf,
                         const struct conf_settings *settings, const struct conf_materials *m)
{
	size_t n = conf_certificate_specs(settings, m, conf->certificates, conf->certificate_count,
	                                  specs);
	size_t self = conf_chain_self_made(settings);
	if (!n && conf->needs_client_certificate)
		n = conf_node_spec(settings, m, specs);
	if (!n && serves_self_made(conf) && self < m->chain_count && buf_len(&m->chains[self]))
		specs[n++] = (struct tls_certificate_spec){
			.name = "self-made",
			.chain_pem = buf_slice(&m->chains[self]),
			.key_id = m->key_ids[self],
		};
	return n;
}

/* Index in edge.old_tls; OLD_COUNT: no version that only an exception allows. */
enum { OLD_COUNT = 2 };

static size_t old_index(enum tls_version version)
{
	return version == TLS_1_0 ? 0 : version == TLS_1_1 ? 1 : OLD_COUNT;
}

struct tls_server *edge_old_tls(const struct edge *edge, enum tls_version version)
{
	size_t i = old_index(version);
	return i < OLD_COUNT ? edge->old_tls[i] : NULL;
}

static int tls_make(struct tls_server **ret_server, const struct edge *e,
                    const struct tls_server_settings *set, const struct conf_materials *m,
                    char *ret_error, size_t cap)
{
	char why[160];
	int r = tls_server_new(ret_server, set, why, sizeof(why));
	if (r > 0) {
		snprintf(ret_error, cap, "edge.%s: %s", e->conf->name, why);
		return EDGE_WORLD_BAD;
	}
	if (r)
		return err_up(r);
	tls_server_set_ticket_keys(*ret_server, m->ticket_keys[0], m->ticket_keys[1]);
	return 0;
}

/*
 * One more server for each old version that an exception of this edge allows. The lowest version is
 * part of a server's ticket scope, so no ticket of theirs is good at the edge's own.
 */
static int old_tls_make(struct edge *e, const struct conf_settings *settings,
                        struct tls_server_settings set, const struct conf_materials *m,
                        char *ret_error, size_t cap)
{
	for (size_t i = 0; i < settings->exception_count; i++) {
		const struct conf_exception *x = &settings->exceptions[i];
		size_t at = old_index(x->allow_version);
		if (at == OLD_COUNT || e->old_tls[at] || strcmp(x->edge, e->conf->name) != 0 ||
		    x->allow_version >= e->conf->tls.min_version)
			continue;
		set.policy.min_version = x->allow_version;
		int r = tls_make(&e->old_tls[at], e, &set, m, ret_error, cap);
		if (r)
			return r;
	}
	return 0;
}

static const char *alpn_of(const struct conf_edge *conf, const struct conf_settings *settings)
{
	if (conf->backend_h2 < settings->backend_count)
		return alpn_of_both;
	return conf->alpn ?: alpn_by_protocol[conf->protocol];
}

static bool is_site_wanted(const struct conf_edge *conf, const struct conf_settings *settings)
{
	return conf->protocol == CONF_HTTP && conf_needs_site(settings);
}

/* What we answer ourselves is HTTP/1.1, whatever is behind the edge for other names. */
static bool is_site(const void *owner, const char *sni)
{
	const struct edge *e = owner;
	return !conf_by_sni_find(e->conf, sni) && conf_site_has(e->world->settings, sni);
}

static int edge_tls(struct edge *e, const struct conf_settings *settings,
                    const struct conf_materials *m, const struct edge_trust *trust, char *ret_error,
                    size_t cap)
{
	char **names = NULL;
	CLEAN(freep)
	struct tls_certificate_spec *specs =
		calloc(settings->certificate_count + 1, sizeof(*specs));
	if (!specs)
		return err_raise(-ENOMEM);
	if (e->conf->is_passthrough)
		return 0;
	size_t n = specs_fill(specs, e->conf, settings, m);
	if (!n)
		return 0;
	bool is_public = e->conf->protocol == CONF_SMTP;
	struct tls_server_settings set = {
		.policy = {
			.profile = is_public ? TLS_PROFILE_OPPORTUNISTIC : TLS_PROFILE_USER,
			.min_version = e->conf->tls.min_version,
			.groups = e->conf->tls.groups,
			.require_forward_secrecy = e->conf->tls.forward_secrecy_required,
			.has_tickets = e->conf->tls.tickets,
		},
		.certificates = specs,
		.certificate_count = n,
		.catalog = e->conf->certificate_count ? NULL : m->catalog,
		.ticket_scope = is_public ? "inbound" : e->conf->name,
		.alpn = alpn_of(e->conf, settings),
		.is_plain_http = is_site_wanted(e->conf, settings) ? is_site : NULL,
		.plain_http_owner = e,
		.visitor = m->visitor,
		.challenges = e->conf->protocol == CONF_HTTP ? m->challenges : NULL,
		.is_compact = e->conf->tls.compact,
		.signer = trust->signer,
	};
	int r = edge_known_demand(&set, e, trust, &names, ret_error, cap);
	if (!r)
		r = tls_make(&e->tls, e, &set, m, ret_error, cap);
	if (!r)
		r = old_tls_make(e, settings, set, m, ret_error, cap);
	edge_known_free(names, e);
	return r;
}

/* On this host alone, or in TLS with who proved himself. A tunnel is none (RFC 8689 4.2.1). */
static bool backend_is_safe(const struct conf_backend *b)
{
	bool is_local = true;
	for (size_t i = 0; i < b->address_count; i++)
		is_local = is_local && conf_address_is_local(&b->addresses[i]);
	return is_local || (conf_tls_is_ours(&b->tls) && b->tls.verify != TLS_VERIFY_NONE);
}

static bool is_our_host(const void *our_hosts, const char *host)
{
	return tls_server_has_name(our_hosts, host);
}

/* Of all servers that it may open. */
static bool backends_are_safe(const struct edge *e, const struct conf_settings *settings)
{
	bool are_safe = true;
	for (size_t i = 0; i < settings->backend_count; i++)
		if (conf_edge_has_backend(e->conf, i))
			are_safe = are_safe && backend_is_safe(&settings->backends[i]);
	return are_safe;
}

static void settings_fill(struct conv_settings *set, const struct edge *e,
                          const struct conf_settings *settings, const struct conf_materials *m)
{
	const struct conf_edge *c = e->conf;
	*set = (struct conv_settings){
		.hostname = c->hostname,
		.edge_name = c->name,
		.is_submission = c->protocol == CONF_SUBMISSION,
		.is_lmtp = c->protocol == CONF_LMTP,
		.offers_starttls = e->tls != NULL,
		.plus_is_bound = e->backend->conf->channel_binding,
		.backend_starttls = e->backend->conf->tls.mode == CONF_TLS_STARTTLS,
		.backend_is_safe = backends_are_safe(e, settings),
		.open = e->conf->open,
		.client_info = e->backend->conf->client_info,
		.received = c->received,
		.bare_newline = c->bare_newline,
		.auth = c->auth,
		.greeting_timeout_ms = c->limits.greeting_timeout_ms,
		.command_timeout_ms = c->limits.command_timeout_ms,
		.data_timeout_ms = c->limits.data_timeout_ms,
		.reply_timeout_ms = c->limits.reply_timeout_ms,
		.login_timeout_ms = c->limits.login_timeout_ms,
		.line_max = c->limits.line_max,
		.auth_line_max = c->limits.auth_line_max,
		.literal_max = c->limits.literal_max,
		.has_challenge_backend = c->challenge_backend < settings->backend_count,
		.challenges = m->challenges,
		.tls_port = c->listen_tls_count ? c->listen_tls[0].port : 0,
		.is_our_host = e->tls ? is_our_host : NULL,
		.our_hosts = e->tls,
		.errors_max = c->limits.errors_max,
		.login_failures_max = c->limits.login_failures_max,
	};
}

static int backends_build(struct edge_world *w, const struct conf_materials *m,
                          const struct edge_trust *trust, char *ret_error, size_t cap)
{
	static const struct buf nothing = {};
	const struct conf_settings *settings = w->settings;
	int r = 0;
	for (size_t i = 0; !r && i < settings->backend_count; i++) {
		size_t ca = conf_ca_of_backend(settings, i);
		r = backend_build(&w->backends[i], &settings->backends[i], trust,
		                  ca < m->ca_count ? &m->cas[ca] : &nothing, ret_error, cap);
	}
	return r;
}

static struct edge_lookup *lookup_of(const struct edge_world *w, const struct conf_edge *e)
{
	const struct conf_lookup *conf = conf_lookup_find(w->settings, e->lookup);
	return e->open == CONV_OPEN_AUTH && conf ? &w->lookups[conf - w->settings->lookups] : NULL;
}

static int edges_build(struct edge_world *w, const struct conf_materials *m,
                       const struct edge_trust *trust, char *ret_error, size_t cap)
{
	const struct conf_settings *settings = w->settings;
	int r = 0;
	for (size_t i = 0; !r && i < settings->edge_count; i++) {
		struct edge *e = &w->edges[i];
		e->world = w;
		e->conf = &settings->edges[i];
		e->ops = ops_by_protocol[e->conf->protocol];
		e->backend = &w->backends[e->conf->backend];
		e->lookup = lookup_of(w, e->conf);
		r = edge_tls(e, settings, m, trust, ret_error, cap);
		settings_fill(&e->set, e, settings, m);
	}
	return r;
}

static int world_fill(struct edge_world *w, const struct conf_materials *m,
                      struct tls_signer *signer, char *ret_error, size_t cap)
{
	const struct conf_settings *settings = w->settings;
	struct edge_trust trust = { .signer = signer, .is_compact = settings->tls.compact };
	w->backends = calloc(settings->backend_count + 1, sizeof(*w->backends));
	w->edges = calloc(settings->edge_count + 1, sizeof(*w->edges));
	if (!w->backends || !w->edges)
		return err_raise(-ENOMEM);
	int r = trust_make(&trust, settings, m, ret_error, cap);
	if (!r)
		r = edge_lookups_new(&w->lookups, settings, m, ret_error, cap);
	if (!r)
		r = backends_build(w, m, &trust, ret_error, cap);
	if (!r)
		r = edges_build(w, m, &trust, ret_error, cap);
	tls_inside_unref(trust.inside);
	return r;
}

int edge_world_new(struct edge_world **ret_world, struct conf_settings *settings,
                   const struct conf_materials *materials, struct tls_signer *signer,
                   char *ret_error, size_t error_cap)
{
	struct edge_world *w = calloc(1, sizeof(*w));
	if (!w) {
		conf_settings_free(settings);
		return err_raise(-ENOMEM);
	}
	w->refs = 1;
	w->settings = settings;
	int r = world_fill(w, materials, signer, ret_error, error_cap);
	if (r) {
		edge_world_unref(w);
		return r;
	}
	*ret_world = w;
	return 0;
}

struct edge_world *edge_world_ref(struct edge_world *w)
{
	w->refs++;
	return w;
}

static void address_deinit(struct edge_address *a)
{
	load_unref(a->load);
	conv_offer_unref(a->offer);
}

void edge_world_unref(struct edge_world *w)
{
	if (!w || --w->refs)
		return;
	for (size_t i = 0; w->edges && i < w->settings->edge_count; i++) {
		tls_server_unref(w->edges[i].tls);
		for (size_t old = 0; old < OLD_COUNT; old++)
			tls_server_unref(w->edges[i].old_tls[old]);
	}
	for (size_t i = 0; w->backends && i < w->settings->backend_count; i++) {
		struct edge_backend *b = &w->backends[i];
		for (size_t k = 0; k < b->address_count; k++)
			address_deinit(&b->addresses[k]);
		tls_client_unref(b->tls);
		free(b->addresses);
		free(b->sources);
	}
	edge_lookups_free(w->lookups, w->settings->lookup_count);
	free(w->edges);
	free(w->backends);
	conf_settings_free(w->settings);
	free(w);
}

void edge_world_set_ticket_keys(struct edge_world *w, const uint8_t *current,
                                const uint8_t *previous)
{
	for (size_t i = 0; i < w->settings->edge_count; i++) {
		struct edge *e = &w->edges[i];
		if (e->tls)
			tls_server_set_ticket_keys(e->tls, current, previous);
		for (size_t old = 0; old < OLD_COUNT; old++)
			if (e->old_tls[old])
				tls_server_set_ticket_keys(e->old_tls[old], current, previous);
	}
}
