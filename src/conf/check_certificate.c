/* Of a certificate: the operator brings its files, or it is ordered from a CA (ACME). */
#include "conf/check.h"

#include "base/clean.h"

#include <string.h>

enum { NAMES_MAX = 100, HTTP_PORT = 80, HTTPS_PORT = 443 };

static struct conf_path setting_of(const struct conf_certificate *c, const char *setting)
{
	return conf_path_of("certificate", c->name, setting);
}

static void file_demand(struct conf_reader *r, const struct conf_certificate *c,
                        const char *setting, const char *path)
{
	struct conf_path at = setting_of(c, setting);
	if (path || conf_is_bad(r, at.text))
		return;
	conf_complain(r, at.text, "it is missing");
	conf_mend(r,
	          "write %s = \"/PATH\", or acme = \"https://...\" and names for one that is "
	          "ordered",
	          setting);
}

/* What says something of an order, where there is none. */
static void brought_check(struct conf_reader *r, const struct conf_certificate *c)
{
	const struct {
		const char *setting;
		bool is_set;
	} of_orders[] = {
		{ "names", c->name_count },
		{ "challenge", c->challenge != CONF_CHALLENGE_HTTP },
		{ "dns_hook", c->dns_hook },
		{ "contact", c->contact },
		{ "key_type", c->key_type != CONF_KEY_P256 },
	};
	file_demand(r, c, "chain", c->chain);
	file_demand(r, c, "key", c->key);
	for (size_t i = 0; i < COUNT_OF(of_orders); i++) {
		if (!of_orders[i].is_set)
			continue;
		conf_complain(r, setting_of(c, of_orders[i].setting).text,
		              "it belongs to a certificate that is ordered");
		conf_mend(r, "take it out, or write acme in place of chain and key");
	}
}

static void file_refuse(struct conf_reader *r, const struct conf_certificate *c,
                        const char *setting, const char *path)
{
	if (!path)
		return;
	conf_complain(r, setting_of(c, setting).text,
	              "with acme its files are mailseal's own, in state_dir");
	conf_mend(r, "write either acme, or chain and key");
}

/* An URL that curl takes, and that is one argument of a program and one word of a log. */
static void directory_check(struct conf_reader *r, const struct conf_certificate *c)
{
	struct conf_path at = setting_of(c, "acme");
	bool is_clean = true;
	for (const char *p = c->acme; *p; p++)
		is_clean &= *p > ' ' && *p < 0x7f;
	if (is_clean && !strncmp(c->acme, "https://", 8) && c->acme[8] && c->acme[8] != '/')
		return;
	conf_complain(r, at.text, "it is no https:// address");
	conf_mend(r, "write the directory of the CA, as "
	             "\"https://acme-v02.api.letsencrypt.org/directory\"");
}

static void contact_check(struct conf_reader *r, const struct conf_certificate *c)
{
	bool is_clean = true;
	for (const char *p = c->contact; p && *p; p++)
		is_clean &= *p > ' ' && *p < 0x7f;
	if (!c->contact || (is_clean && c->contact[0] != '-' && strchr(c->contact, '@')))
		return;
	conf_complain(r, setting_of(c, "contact").text, "it is no mail address");
	conf_mend(r, "write one such as \"postmaster@example.org\", or take it out");
}

static void name_check(struct conf_reader *r, const struct conf_certificate *c, size_t number)
{
	struct conf_path at = setting_of(c, "names");
	const char *name = c->names[number];
	if (!strncmp(name, "*.", 2) && c->challenge != CONF_CHALLENGE_DNS) {
		conf_complain(r, at.text, "\"%.100s\": no CA gives a wildcard for anything but DNS",
		              name);
		conf_mend(r, "write challenge = \"dns-01\" and a dns_hook, or each name");
	} else if (!strchr(name, '.')) {
		conf_complain(r, at.text, "\"%.100s\" is not a full name", name);
		conf_mend(r, "write one that DNS has, as \"mx.example.org\"");
	}
	for (size_t i = 0; i < number; i++)
		if (!strcasecmp(c->names[i], name))
			conf_complain(r, at.text, "\"%.100s\" stands there twice", name);
}

static void names_check(struct conf_reader *r, const struct conf_certificate *c)
{
	struct conf_path at = setting_of(c, "names");
	if (conf_is_bad(r, at.text))
		return;
	if (!c->name_count || c->name_count > NAMES_MAX) {
		conf_complain(r, at.text, c->name_count ? "more than %d names" : "it is missing",
		              NAMES_MAX);
		conf_mend(r, "write names = [\"mx.example.org\", ...]");
	}
	for (size_t i = 0; i < c->name_count && i < NAMES_MAX; i++)
		name_check(r, c, i);
}

/* Its first answer there is another's, or TLS is not ours: a CA would not find what it asks for. */
static bool has_door(const struct conf_settings *s, bool is_tls)
{
	for (size_t i = 0; i < s->edge_count; i++) {
		const struct conf_edge *e = &s->edges[i];
		if (e->protocol == CONF_HTTP && is_tls && e->listen_tls_count && !e->is_passthrough)
			return true;
		if (e->protocol == CONF_HTTP && !is_tls && e->listen_count)
			return true;
	}
	return false;
}

/* The key of what a CA is shown there does not leave the node that made it. */
static void other_nodes_warn(struct conf_reader *r, const char *path)
{
	conf_warn(r, path, "a CA that comes to another node of the cluster gets no answer there");
	conf_mend(r, "write \"http-01\", which each node answers, or \"dns-01\"; or see to it that "
	             "its names lead to the node that orders");
}

static void challenge_check(struct conf_reader *r, const struct conf_certificate *c)
{
	struct conf_path challenge = setting_of(c, "challenge");
	struct conf_path hook = setting_of(c, "dns_hook");
	bool is_dns = c->challenge == CONF_CHALLENGE_DNS;
	if (is_dns && !c->dns_hook && !conf_is_bad(r, hook.text)) {
		conf_complain(r, hook.text, "it is missing");
		conf_mend(r, "write dns_hook = \"/PATH\", of a program that writes into DNS; see "
		             "/usr/share/uacme/nsupdate.sh");
	} else if (!is_dns && c->dns_hook) {
		conf_complain(r, hook.text, "it is for challenge = \"dns-01\"");
		conf_mend(r, "write that challenge, or take it out");
	}
	if (is_dns || conf_is_bad(r, "edge") || conf_is_bad(r, challenge.text))
		return;
	bool is_tls = c->challenge == CONF_CHALLENGE_TLS_ALPN;
	if (has_door(r->settings, is_tls)) {
		if (is_tls && r->settings->cluster.is_set)
			other_nodes_warn(r, challenge.text);
		return;
	}
	conf_complain(r, challenge.text,
	              "the CA comes to port %d, and no http edge of ours is there",
	              is_tls ? HTTPS_PORT : HTTP_PORT);
	conf_mend(r, "add an edge with protocol = \"http\" and %s = [\"*:%d\"], or use \"dns-01\"",
	          is_tls ? "listen_tls" : "listen", is_tls ? HTTPS_PORT : HTTP_PORT);
}

void conf_check_certificate(struct conf_reader *r, const struct conf_certificate *c)
{
	if (conf_item_is_bad(r, "certificate", c->name))
		return;
	if (!c->acme) {
		if (!conf_is_bad(r, setting_of(c, "acme").text))
			brought_check(r, c);
		return;
	}
	file_refuse(r, c, "chain", c->chain);
	file_refuse(r, c, "key", c->key);
	directory_check(r, c);
	contact_check(r, c);
	names_check(r, c);
	challenge_check(r, c);
}
