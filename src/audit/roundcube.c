/* Roundcube: how it comes to IMAP, submission and ManageSieve. */
#include "audit/line.h"
#include "audit/others.h"
#include "audit/ruleset.h"
#include "base/clean.h"
#include "base/err.h"
#include "servers/reader.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

#define MAN "Roundcube's defaults.inc.php"

static const struct advice_rule rule_tls = { "roundcube-server-tls", NULL, ADVICE_FAIL,
	                                     "M3AAWG TLS for Mail 2, RFC 8314 3, " MAN,
	                                     "Every user's password goes to this host in clear." };
static const struct advice_rule rule_verify = {
	"roundcube-verify", NULL, ADVICE_FAIL, "RFC 9325 6.1, PHP SSL context options",
	"The certificate is not checked, so anybody on the way may take the passwords."
};

struct service {
	const char *host;    /* the setting, or the begin of those of its array */
	const char *options; /* "imap_conn_options" */
};

static const struct service services[] = {
	{ "imap_host", "imap_conn_options" },
	{ "smtp_host", "smtp_conn_options" },
	{ "managesieve_host", "managesieve_conn_options" },
};

/* "imap_host", "imap_host/0"; "imap_host/ssl://mail" => 'label' has the host in its key. NULL: it
 * is another setting. */
static const char *host_of(const struct servers_setting *s, const char *name)
{
	size_t len = strlen(name);
	if (strncmp(s->name, name, len) != 0)
		return NULL;
	if (!s->name[len])
		return s->value;
	if (s->name[len] != '/')
		return NULL;
	const char *key = s->name + len + 1;
	return strspn(key, "0123456789") == strlen(key) ? s->value : key;
}

static bool is_sealed(const char *host)
{
	return !strncmp(host, "ssl://", 6) || !strncmp(host, "tls://", 6);
}

/* "%h" and the like are filled in by Roundcube: another host, as far as one knows. */
static int host_check(struct audit *a, const struct servers_server *server,
                      const struct service *service, const struct servers_setting *s)
{
	const char *host = host_of(s, service->host);
	bool by_switch = !strcmp(service->host, "managesieve_host") &&
	                 servers_value_is_yes(server->top, "managesieve_usetls");
	if (!host || !*host || is_sealed(host) || by_switch || !audit_is_remote_text(host))
		return 0;
	struct audit_finding f = {
		.rule = &rule_tls,
		.server = server,
		.setting = s->name,
		.value = host,
		.place = s->place,
	};
	f.right = servers_text_printf(a->servers, "tls://%s", host);
	f.mend =
		servers_text_printf(a->servers, "$config['%s'] = 'tls://%s';", service->host, host);
	if (!f.right || !f.mend)
		return err_raise(-ENOMEM);
	/* The server has to be able to: no patch can know. */
	return err_up(audit_add(a, &f));
}

static bool is_unchecked(const struct servers_setting *s, const char *options)
{
	static const struct {
		const char *name, *bad;
	} keys[] = { { "verify_peer", "false" },
		     { "verify_peer_name", "false" },
		     { "allow_self_signed", "true" } };
	char name[128];
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		snprintf(name, sizeof(name), "%s/ssl/%s", options, keys[i].name);
		if (!strcmp(s->name, name) && !strcasecmp(s->value, keys[i].bad))
			return true;
	}
	return false;
}

static bool has_remote(const struct servers_server *server, const char *name)
{
	const struct servers_scope *top = server->top;
	for (size_t i = 0; i < top->setting_count; i++) {
		const char *host = host_of(&top->settings[i], name);
		if (host && audit_is_remote_text(host))
			return true;
	}
	return false;
}

static int options_check(struct audit *a, const struct servers_server *server,
                         const struct service *service, const struct servers_setting *s)
{
	const struct audit_finding f = {
		.rule = &rule_verify,
		.server = server,
		.setting = s->name,
		.value = s->value,
		.place = s->place,
		.right = "verify_peer and verify_peer_name true, allow_self_signed false",
		.mend = "delete this line: PHP checks by itself; for an internal CA write 'cafile' "
			"=> "
			"'/etc/ssl/internal-ca.pem' there",
	};
	bool is_bad = is_unchecked(s, service->options) && has_remote(server, service->host);
	return is_bad ? err_up(audit_add(a, &f)) : 0;
}

int audit_roundcube(struct audit *a, const struct servers_server *server)
{
	const struct servers_scope *top = server->top;
	int r = 0;
	for (size_t k = 0; k < COUNT_OF(services); k++)
		for (size_t i = 0; !r && i < top->setting_count; i++) {
			r = host_check(a, server, &services[k], &top->settings[i]);
			if (!r)
				r = options_check(a, server, &services[k], &top->settings[i]);
		}
	return err_up(r);
}
