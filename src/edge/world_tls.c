/* TLS of the edges of a world: certificates, ALPN, old versions that exceptions allow. */
#include "edge/world_inside.h"

#include "base/clean.h"
#include "base/err.h"
#include "conf/conf.h"
#include "conf/site.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The protocol id of ALPN (IANA); SMTP and LMTP have none. */
static const char *const alpn_by_protocol[] = {
	[CONF_SMTP] = NULL,   [CONF_SUBMISSION] = NULL, [CONF_IMAP] = "imap",
	[CONF_POP3] = "pop3", [CONF_TCP] = NULL,        [CONF_SIEVE] = "managesieve",
	[CONF_LMTP] = NULL,   [CONF_HTTP] = "http/1.1",
};

/* With a backend of its own for HTTP/2. */
static const char alpn_of_both[] = "h2,http/1.1";

static bool serves_self_made(const struct conf_edge *conf)
{
	return conf->protocol == CONF_SMTP || conf->accepts_self_signed;
}

/* The certificates of an edge; where there is no other, this node's own if its clients are ours
 * too, or the self-made one if that may serve. */
static size_t specs_fill(struct tls_certificate_spec *specs, const struct conf_edge *conf,
                         const struct edge_making *making)
{
	const struct conf_settings *settings = making->settings;
	const struct conf_materials *m = making->materials;
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

/* Where the servers of old versions are; OLD_COUNT: no version that only an exception allows. */
enum { OLD_COUNT = COUNT_OF(((struct edge *)0)->old_tls) };

static size_t old_index(enum tls_version version)
{
	return version == TLS_1_0 ? 0 : version == TLS_1_1 ? 1 : OLD_COUNT;
}

struct tls_server *edge_old_tls(const struct edge *edge, enum tls_version version)
{
	size_t i = old_index(version);
	return i < OLD_COUNT ? edge->old_tls[i] : NULL;
}

static int server_make(struct tls_server **ret_server, const struct edge *e,
                       const struct tls_server_settings *set, const struct edge_making *m)
{
	const struct conf_materials *materials = m->materials;
	char why[160];
	int r = tls_server_new(ret_server, set, why, sizeof(why));
	if (r > 0)
		return edge_making_fails(m, "edge.%s: %s", e->conf->name, why);
	if (r)
		return err_up(r);
	tls_server_set_ticket_keys(*ret_server, materials->ticket_keys[0],
	                           materials->ticket_keys[1]);
	return 0;
}

/*
 * One more server for each old version that an exception of this edge allows. The lowest version is
 * part of a server's ticket scope, so no ticket of theirs is good at the edge's own.
 */
static int old_make(struct edge *e, struct tls_server_settings set, const struct edge_making *m)
{
	for (size_t i = 0; i < m->settings->exception_count; i++) {
		const struct conf_exception *x = &m->settings->exceptions[i];
		size_t at = old_index(x->allow_version);
		if (at == OLD_COUNT || e->old_tls[at] || strcmp(x->edge, e->conf->name) != 0 ||
		    x->allow_version >= e->conf->tls.min_version)
			continue;
		set.policy.min_version = x->allow_version;
		int r = server_make(&e->old_tls[at], e, &set, m);
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

/* Without its certificates, and what it demands of clients. */
static struct tls_server_settings server_settings(struct edge *e, const struct edge_making *m)
{
	const struct conf_edge *conf = e->conf;
	bool is_public = conf->protocol == CONF_SMTP;
	return (struct tls_server_settings){
		.policy = {
			.profile = is_public ? TLS_PROFILE_OPPORTUNISTIC : TLS_PROFILE_USER,
			.min_version = conf->tls.min_version,
			.groups = conf->tls.groups,
			.require_forward_secrecy = conf->tls.forward_secrecy_required,
			.has_tickets = conf->tls.tickets,
		},
		.catalog = conf->certificate_count ? NULL : m->materials->catalog,
		.ticket_scope = is_public ? "inbound" : conf->name,
		.alpn = alpn_of(conf, m->settings),
		.is_plain_http = is_site_wanted(conf, m->settings) ? is_site : NULL,
		.plain_http_owner = e,
		.visitor = m->materials->visitor,
		.challenges = conf->protocol == CONF_HTTP ? m->materials->challenges : NULL,
		.is_compact = conf->tls.compact,
		.signer = m->trust.signer,
	};
}

int edge_tls_make(struct edge *e, const struct edge_making *m)
{
	char **names = NULL;
	CLEAN(freep)
	struct tls_certificate_spec *specs =
		calloc(m->settings->certificate_count + 1, sizeof(*specs));
	if (!specs)
		return err_raise(-ENOMEM);
	if (e->conf->is_passthrough)
		return 0;
	size_t n = specs_fill(specs, e->conf, m);
	if (!n)
		return 0;
	struct tls_server_settings set = server_settings(e, m);
	set.certificates = specs;
	set.certificate_count = n;
	int r = edge_known_demand(&set, e, &m->trust, &names, m->ret_error, m->error_cap);
	if (!r)
		r = server_make(&e->tls, e, &set, m);
	if (!r)
		r = old_make(e, set, m);
	edge_known_free(names, e);
	return r;
}

void edge_tls_deinit(struct edge *e)
{
	tls_server_unref(e->tls);
	for (size_t i = 0; i < OLD_COUNT; i++)
		tls_server_unref(e->old_tls[i]);
}

void edge_tls_set_ticket_keys(struct edge *e, const uint8_t *current, const uint8_t *previous)
{
	if (e->tls)
		tls_server_set_ticket_keys(e->tls, current, previous);
	for (size_t i = 0; i < OLD_COUNT; i++)
		if (e->old_tls[i])
			tls_server_set_ticket_keys(e->old_tls[i], current, previous);
}
