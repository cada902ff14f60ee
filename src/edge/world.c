/* What a configuration means to a worker: edges with their TLS, backends with their addresses. */
#include "edge/world_inside.h"

#include "base/clean.h"
#include "base/err.h"
#include "conf/conf.h"
#include "conv/tcp.h"
#include "edge/lookup.h"
#include "http/edge.h"
#include "identity/trust.h"
#include "imap/edge.h"
#include "pop3/edge.h"
#include "sieve/edge.h"
#include "smtp/edge.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const struct conv_ops *const ops_by_protocol[] = {
	[CONF_SMTP] = &smtp_edge_ops, [CONF_SUBMISSION] = &submission_edge_ops,
	[CONF_IMAP] = &imap_edge_ops, [CONF_POP3] = &pop3_edge_ops,
	[CONF_TCP] = &conv_tcp_ops,   [CONF_SIEVE] = &sieve_edge_ops,
	[CONF_LMTP] = &lmtp_edge_ops, [CONF_HTTP] = &http_edge_ops,
};

int edge_making_fails(const struct edge_making *m, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(m->ret_error, m->error_cap, format, args);
	va_end(args);
	return EDGE_WORLD_BAD;
}

static int trust_make(struct edge_making *m)
{
	const struct conf_settings *settings = m->settings;
	const struct conf_materials *materials = m->materials;
	struct edge_trust *trust = &m->trust;
	size_t ca = conf_ca_of_internal(settings), denied = conf_ca_denied(settings);
	if (!conf_needs_identity(settings) || denied >= materials->ca_count)
		return 0;
	trust->ca_pem = buf_slice(&materials->cas[ca]);
	trust->has_node = conf_node_spec(settings, materials, &trust->node);
	int r = identity_inside_new(&trust->inside, buf_slice(&materials->cas[denied]),
	                            settings->pki.grace_s, m->ret_error, m->error_cap);
	return r == IDENTITY_TRUST_BAD ? EDGE_WORLD_BAD : err_up(r);
}

static struct edge_lookup *lookup_of(const struct edge_world *w, const struct conf_edge *e)
{
	const struct conf_lookup *conf = conf_lookup_find(w->settings, e->lookup);
	return e->open == CONV_OPEN_AUTH && conf ? &w->lookups[conf - w->settings->lookups] : NULL;
}

static int edge_make(struct edge *e, struct edge_world *w, const struct conf_edge *conf,
                     const struct edge_making *m)
{
	e->world = w;
	e->conf = conf;
	e->ops = ops_by_protocol[conf->protocol];
	e->backend = &w->backends[conf->backend];
	e->lookup = lookup_of(w, conf);
	int r = edge_tls_make(e, m);
	edge_settings_fill(e, m);
	return r;
}

static int world_fill(struct edge_world *w, struct edge_making *m)
{
	const struct conf_settings *settings = m->settings;
	w->backends = calloc(settings->backend_count + 1, sizeof(*w->backends));
	w->edges = calloc(settings->edge_count + 1, sizeof(*w->edges));
	if (!w->backends || !w->edges)
		return err_raise(-ENOMEM);
	int r = trust_make(m);
	if (!r)
		r = edge_lookups_new(&w->lookups, settings, m->materials, m->ret_error,
		                     m->error_cap);
	for (size_t i = 0; !r && i < settings->backend_count; i++)
		r = edge_backend_make(&w->backends[i], m, i);
	for (size_t i = 0; !r && i < settings->edge_count; i++)
		r = edge_make(&w->edges[i], w, &settings->edges[i], m);
	tls_inside_unref(m->trust.inside);
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
	struct edge_making making = {
		.settings = settings,
		.materials = materials,
		.trust = { .signer = signer, .is_compact = settings->tls.compact },
		.ret_error = ret_error,
		.error_cap = error_cap,
	};
	int r = world_fill(w, &making);
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

void edge_world_unref(struct edge_world *w)
{
	if (!w || --w->refs)
		return;
	for (size_t i = 0; w->edges && i < w->settings->edge_count; i++)
		edge_tls_deinit(&w->edges[i]);
	for (size_t i = 0; w->backends && i < w->settings->backend_count; i++)
		edge_backend_deinit(&w->backends[i]);
	edge_lookups_free(w->lookups, w->settings->lookup_count);
	free(w->edges);
	free(w->backends);
	conf_settings_free(w->settings);
	free(w);
}

void edge_world_set_ticket_keys(struct edge_world *w, const uint8_t *current,
                                const uint8_t *previous)
{
	for (size_t i = 0; i < w->settings->edge_count; i++)
		edge_tls_set_ticket_keys(&w->edges[i], current, previous);
}
