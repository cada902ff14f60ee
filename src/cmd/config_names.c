#include "cmd/config_names.h"

#include "base/clean.h"
#include "base/file.h"
#include "conf/site.h"
#include "tls/inspect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct names {
	const struct conf_settings *settings;
	const struct conf_edge *edge;
	struct tls_inspection *chains; /* by certificate; zeroed: ordered, or not at the door */
	bool has_unread;
	const char *ordered; /* the first certificate at the door that is ordered; NULL: none is */
	void (*fn)(void *owner, const struct config_name *name);
	void *owner;
	unsigned told;
};

static bool is_at_door(const struct conf_edge *e, const struct conf_certificate *c)
{
	for (size_t i = 0; i < e->certificate_count; i++)
		if (!strcmp(e->certificates[i], c->name))
			return true;
	return !e->certificate_count;
}

static void chains_read(struct names *n)
{
	for (size_t i = 0; i < n->settings->certificate_count; i++) {
		const struct conf_certificate *c = &n->settings->certificates[i];
		CLEAN(buf_deinit) struct buf pem = {};
		if (!is_at_door(n->edge, c))
			continue;
		if (c->acme)
			n->ordered = n->ordered ? n->ordered : c->name;
		else if (file_read(&pem, c->chain, TLS_INSPECT_LEN_MAX, NULL) ||
		         tls_inspect(&n->chains[i], buf_slice(&pem)))
			n->has_unread = true;
	}
}

static bool is_ordered(const struct conf_certificate *c, const char *name)
{
	const char *parent = strchr(name, '.');
	for (size_t i = 0; i < c->name_count; i++)
		if (!strcasecmp(c->names[i], name) ||
		    (!strncmp(c->names[i], "*.", 2) && !strcasecmp(c->names[i] + 1, parent)))
			return true;
	return false;
}

static bool is_covered(const struct names *n, const char *name)
{
	for (size_t i = 0; i < n->settings->certificate_count; i++) {
		const struct conf_certificate *c = &n->settings->certificates[i];
		if (!is_at_door(n->edge, c))
			continue;
		if (c->acme && is_ordered(c, name))
			return true;
		enum tls_inspect_name match = n->chains[i].count
		                                      ? tls_inspect_name(&n->chains[i], name)
		                                      : TLS_INSPECT_NAME_MISSING;
		if (match == TLS_INSPECT_NAME_MATCHES || match == TLS_INSPECT_NAME_WILDCARD)
			return true;
	}
	return n->has_unread;
}

static void name_check(struct names *n, const char *label, const char *domain,
                       struct config_name at)
{
	char name[300], mend[700];
	snprintf(name, sizeof(name), "%s%s", label, domain);
	if (n->told == CONFIG_NAMES_MAX || is_covered(n, name))
		return;
	if (n->ordered)
		snprintf(mend, sizeof(mend), "add \"%s\" to names of certificate.%s", name,
		         n->ordered);
	else
		snprintf(mend, sizeof(mend),
		         "get a certificate with this name for edge %s, or let mailseal order one: "
		         "certificate = { own = { acme = \"https://...\"; names = [\"%s\"]; }; }",
		         n->edge->name, name);
	at.name = name;
	at.mend = mend;
	n->told++;
	n->fn(n->owner, &at);
}

static void all_check(struct names *n)
{
	const struct conf_settings *s = n->settings;
	char setting[64];
	for (size_t i = 0; i < s->mta_sts_count; i++) {
		const struct conf_mta_sts *m = &s->mta_sts[i];
		snprintf(setting, sizeof(setting), "mta_sts[%zu].domain", i);
		name_check(n, CONF_SITE_STS, m->domain,
		           (struct config_name){
				   .file = m->file, .line = m->line, .setting = setting });
	}
	for (size_t i = 0; i < s->autoconfig_count; i++) {
		const struct conf_autoconfig *a = &s->autoconfigs[i];
		const struct config_name at = { .file = a->file,
			                        .line = a->line,
			                        .setting = setting };
		snprintf(setting, sizeof(setting), "autoconfig[%zu].domain", i);
		name_check(n, CONF_SITE_AUTOCONFIG, a->domain, at);
		name_check(n, CONF_SITE_AUTODISCOVER, a->domain, at);
	}
}

void config_names_check(const struct conf_settings *settings,
                        void (*fn)(void *owner, const struct config_name *name), void *owner)
{
	struct names n = {
		.settings = settings, .edge = conf_site_edge(settings), .fn = fn, .owner = owner
	};
	if (!n.edge)
		return;
	n.chains = calloc(settings->certificate_count + 1, sizeof(*n.chains));
	if (!n.chains)
		return;
	chains_read(&n);
	all_check(&n);
	for (size_t i = 0; i < settings->certificate_count; i++)
		tls_inspection_deinit(&n.chains[i]);
	free(n.chains);
}
