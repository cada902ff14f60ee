/* What a conversation has to know of its edge. Pure. */
#include "edge/world_inside.h"

#include "conf/address.h"
#include "conf/conf.h"

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

void edge_settings_fill(struct edge *e, const struct edge_making *m)
{
	const struct conf_edge *c = e->conf;
	e->set = (struct conv_settings){
		.hostname = c->hostname,
		.edge_name = c->name,
		.is_submission = c->protocol == CONF_SUBMISSION,
		.is_lmtp = c->protocol == CONF_LMTP,
		.offers_starttls = e->tls != NULL,
		.plus_is_bound = e->backend->conf->channel_binding,
		.backend_starttls = e->backend->conf->tls.mode == CONF_TLS_STARTTLS,
		.backend_is_safe = backends_are_safe(e, m->settings),
		.open = c->open,
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
		.has_challenge_backend = c->challenge_backend < m->settings->backend_count,
		.challenges = m->materials->challenges,
		.tls_port = c->listen_tls_count ? c->listen_tls[0].port : 0,
		.is_our_host = e->tls ? is_our_host : NULL,
		.our_hosts = e->tls,
		.errors_max = c->limits.errors_max,
		.login_failures_max = c->limits.login_failures_max,
	};
}
