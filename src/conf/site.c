#include "conf/site.h"

#include "conf/conf.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

bool conf_needs_site(const struct conf_settings *s)
{
	return s->mta_sts_count || s->autoconfig_count;
}

static bool begins(const char *name, const char *label)
{
	return !strncasecmp(name, label, strlen(label));
}

bool conf_site_has(const struct conf_settings *s, const char *sni)
{
	if (s->mta_sts_count && begins(sni, CONF_SITE_STS))
		return true;
	return s->autoconfig_count &&
	       (begins(sni, CONF_SITE_AUTOCONFIG) || begins(sni, CONF_SITE_AUTODISCOVER));
}

size_t conf_site_backend(const struct conf_settings *s)
{
	size_t last = s->backend_count - 1;
	return s->backend_count && s->backends[last].is_made ? last : (size_t)-1;
}

void conf_site_address(const char *run_dir, struct conf_address *a)
{
	*a = (struct conf_address){ .kind = CONF_ADDRESS_UNIX };
	snprintf(a->host, sizeof(a->host), "%s/site.sock", run_dir);
	snprintf(a->text, sizeof(a->text), "unix:%s", a->host);
}

const struct conf_edge *conf_site_edge(const struct conf_settings *s)
{
	for (size_t i = 0; i < s->edge_count; i++)
		if (s->edges[i].protocol == CONF_HTTP && s->edges[i].listen_tls_count &&
		    !s->edges[i].is_passthrough)
			return &s->edges[i];
	return NULL;
}

const struct conf_mta_sts *conf_mta_sts_find(const struct conf_settings *s, const char *domain)
{
	for (size_t i = 0; i < s->mta_sts_count; i++)
		if (!strcasecmp(s->mta_sts[i].domain, domain))
			return &s->mta_sts[i];
	return NULL;
}

const struct conf_autoconfig *conf_autoconfig_find(const struct conf_settings *s,
                                                   const char *domain)
{
	for (size_t i = 0; i < s->autoconfig_count; i++)
		if (!strcasecmp(s->autoconfigs[i].domain, domain))
			return &s->autoconfigs[i];
	return NULL;
}
