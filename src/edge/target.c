/* Which of an edge's backends a session goes to: what was asked for, by whom, in which protocol. */
#include "conf/site.h"
#include "edge/lookup.h"
#include "edge/session.h"

static bool speaks_h2(const struct edge_session *s)
{
	return !strcmp(s->conv->facts.tls_alpn, "h2");
}

/* A name that we answer ourselves. Not where TLS is the backend's. */
static bool is_site(const struct edge_session *s, const struct tls_facts *tls)
{
	return tls && s->edge->tls && s->edge->conf->protocol == CONF_HTTP &&
	       conf_site_has(s->world->settings, tls->sni);
}

static struct edge_backend *target_of(const struct edge_session *s)
{
	const struct conf_edge *conf = s->edge->conf;
	const struct tls_facts *tls = edge_session_tls(s);
	const struct conf_by_sni *by = conf_by_sni_find(conf, tls ? tls->sni : "");
	size_t h2 = by ? by->backend_h2 : conf->backend_h2;
	if (s->conv->is_challenge)
		return &s->world->backends[conf->challenge_backend];
	if (!by && is_site(s, tls))
		return &s->world->backends[conf_site_backend(s->world->settings)];
	if (speaks_h2(s) && h2 < s->world->settings->backend_count)
		return &s->world->backends[h2];
	return &s->world->backends[by ? by->backend : conf->backend];
}

void edge_target_take(struct edge_session *s, struct edge_backend *target)
{
	s->target = target;
	s->address_end = target->address_count;
	s->tried = 0;
}

/* An ask goes where learn.c sends it. */
void edge_target_choose(struct edge_session *s)
{
	if (!s->ask)
		edge_target_take(s, target_of(s));
}

void edge_target_open(struct edge_session *s)
{
	if (edge_lookup_decides(s)) {
		edge_lookup_begin(s);
		return;
	}
	edge_target_choose(s);
	edge_backend_open(s);
}
