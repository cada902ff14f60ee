/* nginx: its mail module, and webmail behind its http module. */
#include "audit/line.h"
#include "audit/others.h"
#include "audit/web.h"
#include "base/clean.h"
#include "base/err.h"

#include <errno.h>

#define MAIL                                                                                       \
	(AUDIT_PROTOCOL(SMTP) | AUDIT_PROTOCOL(SUBMISSION) | AUDIT_PROTOCOL(IMAP) |                \
	 AUDIT_PROTOCOL(POP3))
#define ALL (MAIL | AUDIT_PROTOCOL(HTTP))
#define MAN "nginx documentation, "

/* In the block that has it, else in the one of the listener. */
static int mend(const struct audit_at *at, struct audit_finding *f)
{
	const struct servers_scope *block = at->listener ? at->listener->block : at->scope;
	const struct audit_line line = {
		.between = " ",
		.quote = "",
		.end = ";",
		.block = block->place.path ? &block->place : NULL,
		.indent = "\t",
	};
	int r = audit_line_mend(at, f, &line);
	/* nginx starts no STARTTLS without a certificate. */
	if (!strcmp(f->setting, "starttls") && !*servers_value(at->scope, "ssl_certificate"))
		f->edit = (struct servers_edit){};
	return err_up(r);
}

static const struct audit_writer writer = { mend };

/* -- listeners --------------------------------------------------------------------------------- */

static bool is_mail(const struct audit_at *at)
{
	return at->listener && MAIL & 1u << at->listener->protocol;
}

/* It speaks TLS at all. */
static bool has_tls(const struct audit_at *at)
{
	const char *starttls = servers_value(at->scope, "starttls");
	return at->listener->is_tls || (is_mail(at) && *starttls && strcmp(starttls, "off") != 0);
}

static bool is_written(const struct audit_at *at)
{
	return servers_setting_own(at->scope, at->row->setting) != NULL;
}

static enum advice_verdict judge_versions(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, !audit_has_old_version(at->audit, value));
}

static bool wants_starttls(const struct audit_at *at)
{
	return is_mail(at) && !at->listener->is_tls;
}

/* Port 25 is for everybody; what comes there brings no password. */
static enum advice_verdict judge_starttls(const struct audit_at *at, const char *value)
{
	bool is_users = at->listener->protocol != SERVERS_SMTP;
	return audit_well_if(at, !strcmp(value, "only") || (!is_users && !strcmp(value, "on")));
}

static const char *right_starttls(const struct audit_at *at)
{
	return at->listener->protocol != SERVERS_SMTP ? "only" : "on";
}

static enum advice_verdict judge_groups(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, strstr(value, "X25519") || !strcmp(value, "auto"));
}

/* Of listeners, and of what stands around them where none goes by it. */
#define VERSIONS_RULE                                                                              \
	{                                                                                          \
		"nginx-versions", "C2", ADVICE_FAIL, "RFC 8996, RFC 9325 3.1.1",                   \
			AUDIT_WHY_VERSIONS                                                         \
	}

static const struct audit_row rows[] = {
	{ { "nginx-starttls", "G4", ADVICE_FAIL, "RFC 8314 3.1, " MAN "ngx_mail_ssl_module",
	    "With \"on\" clients may, with \"off\" they have to send their password in clear." },
	  "starttls",
	  AUDIT_LISTENERS,
	  MAIL,
	  wants_starttls,
	  judge_starttls,
	  .right_of = right_starttls },
	{ VERSIONS_RULE, "ssl_protocols", AUDIT_LISTENERS, ALL, has_tls, judge_versions,
	  .right = "TLSv1.2 TLSv1.3" },
	{ VERSIONS_RULE, "ssl_protocols", AUDIT_TOP, 0, audit_is_spare, judge_versions,
	  .right = "TLSv1.2 TLSv1.3" },
	{ { "nginx-ciphers", "D4", ADVICE_WARN, "RFC 9325 4.2", AUDIT_WHY_SUITES },
	  "ssl_ciphers",
	  AUDIT_LISTENERS,
	  ALL,
	  has_tls,
	  audit_judge_ciphers,
	  .right_of = audit_right_ciphers },
	{ { "nginx-groups", "D8", ADVICE_WARN, "RFC 9325 4.2.1, Mozilla Server Side TLS 6.0",
	    "The list of groups leaves out X25519, and with it X25519MLKEM768." },
	  "ssl_ecdh_curve",
	  AUDIT_LISTENERS,
	  ALL,
	  is_written,
	  judge_groups,
	  .right = "auto" },
};

/* -- web --------------------------------------------------------------------------------------- */

static const struct advice_rule rule_hsts = { "nginx-hsts", "H1", ADVICE_WARN, "RFC 6797 7.2",
	                                      "A browser that comes by http: is not told to use "
	                                      "https: ever after, so it can be kept on http:." };
static const struct advice_rule rule_redirect = {
	"nginx-http-redirect", "H1", ADVICE_WARN, "RFC 6797 7.2, RFC 8314 3",
	"What is here is served in clear, a login page too."
};

/* Here, or around: nginx takes headers of the block around only where a block has none of its own.
 */
static bool scope_has_hsts(const struct servers_scope *scope)
{
	for (; scope; scope = scope->parent) {
		bool has_any = false;
		for (size_t i = 0; i < scope->setting_count; i++) {
			const struct servers_setting *s = &scope->settings[i];
			bool is_header = !strcmp(s->name, "add_header");
			has_any = has_any || is_header;
			if (is_header && audit_is_hsts(s->value))
				return true;
		}
		if (has_any)
			return false;
	}
	return false;
}

static bool has_hsts(const struct servers_scope *server)
{
	const struct servers_scope *location = servers_scope_child(server, "location", "/");
	return scope_has_hsts(location ? location : server);
}

static bool scope_redirects(const struct servers_scope *scope)
{
	for (size_t i = 0; i < scope->setting_count; i++) {
		const struct servers_setting *s = &scope->settings[i];
		bool is_away = !strcmp(s->name, "return") || !strcmp(s->name, "rewrite");
		bool is_closed = !strcmp(s->name, "return") && s->value[0] == '4';
		if ((is_away && strstr(s->value, "https://")) || is_closed)
			return true;
	}
	return false;
}

/* Itself, an "if" for what comes in clear, or its locations each (ACME's challenges apart). */
static bool redirects(const struct servers_scope *server)
{
	bool has_location = false, is_each = true;
	if (scope_redirects(server))
		return true;
	for (size_t i = 0; i < server->child_count; i++) {
		const struct servers_scope *child = server->children[i];
		if (strstr(child->name, ".well-known/acme-challenge"))
			continue;
		if (!strcmp(child->type, "if") && scope_redirects(child))
			return true;
		is_each = is_each && scope_redirects(child);
		has_location = true;
	}
	return has_location && is_each;
}

/* TLS too comes to this block: a redirect in it would go round. */
static bool has_both(const struct servers_server *server, const struct servers_scope *scope)
{
	for (size_t i = 0; i < server->listener_count; i++)
		if (server->listeners[i]->scope == scope && server->listeners[i]->is_tls)
			return true;
	return false;
}

static int line_add(struct audit *a, const struct servers_server *server,
                    const struct servers_listener *listener, const struct audit_finding *about)
{
	const struct audit_at at = { a, server, listener->scope, listener, &audit_web_row };
	struct audit_finding finding = *about;
	finding.server = server;
	finding.service = servers_value(listener->scope, "server_name");
	int r = mend(&at, &finding);
	return err_up(r ? r : audit_add(a, &finding));
}

static int web_check(struct audit *a, const struct servers_server *server,
                     const struct servers_listener *listener)
{
	static const struct audit_finding hsts = {
		.rule = &rule_hsts,
		.setting = "add_header",
		.value = "",
		.right = "Strict-Transport-Security \"max-age=63072000\" always",
	};
	static const struct audit_finding redirect = {
		.rule = &rule_redirect,
		.setting = "return",
		.value = "",
		.right = "301 https://$host$request_uri",
	};
	const struct servers_scope *scope = listener->scope;
	struct audit_finding by_hand = redirect;
	if (listener->is_tls)
		return has_hsts(scope) ? 0 : err_up(line_add(a, server, listener, &hsts));
	if (redirects(scope))
		return 0;
	if (!has_both(server, scope) && audit_web_serves_tls(server))
		return err_up(line_add(a, server, listener, &redirect));
	by_hand.server = server;
	by_hand.service = servers_value(scope, "server_name");
	by_hand.place = scope->place;
	by_hand.mend =
		audit_web_serves_tls(server)
			? "a server of its own for port 80: return 301 https://$host$request_uri;"
			: "a server with listen 443 ssl, and here: return 301 "
			  "https://$host$request_uri;";
	return err_up(audit_add(a, &by_hand));
}

static int listeners_check(struct audit *a, const struct servers_server *server)
{
	int r = 0;
	for (size_t i = 0; !r && i < server->listener_count; i++) {
		const struct servers_listener *listener = server->listeners[i];
		if (listener->protocol == SERVERS_HTTP && audit_is_open(listener))
			r = web_check(a, server, listener);
	}
	return err_up(r);
}

/* -- behind it --------------------------------------------------------------------------------- */

static const struct advice_rule rule_upstream = {
	"nginx-upstream-tls", NULL, ADVICE_FAIL, "M3AAWG TLS for Mail 2",
	"What was sealed on the way here goes on to another host in clear."
};
static const struct advice_rule rule_upstream_verify = {
	"nginx-upstream-verify", NULL, ADVICE_WARN, "RFC 9325 6.1, " MAN "proxy_ssl_verify",
	"The certificate of the host behind is not checked: that is nginx' default."
};
static const struct advice_rule rule_auth_http = {
	"nginx-auth-http", NULL, ADVICE_FAIL,
	"M3AAWG TLS for Mail 2, " MAN "ngx_mail_auth_http_module",
	"The mail module sends each user's password to this address, by http: and in clear."
};

static const struct servers_scope *upstream_find(const struct servers_server *server,
                                                 const char *name, size_t len)
{
	const struct servers_scope *http = NULL, *upstream = NULL;
	while ((http = servers_scope_next(server->top, "http", http)))
		for (upstream = NULL; (upstream = servers_scope_next(http, "upstream", upstream));)
			if (strlen(upstream->name) == len && !strncmp(upstream->name, name, len))
				return upstream;
	return NULL;
}

/* The host itself, or one of the group that has this name. */
static bool target_is_remote(const struct servers_server *server, const char *host, size_t len)
{
	const struct servers_scope *upstream = upstream_find(server, host, len);
	for (size_t i = 0; upstream && i < upstream->setting_count; i++) {
		const char *value = upstream->settings[i].value;
		if (!strcmp(upstream->settings[i].name, "server") &&
		    audit_is_remote(value, strcspn(value, " ")))
			return true;
	}
	return upstream ? false : audit_is_remote(host, len);
}

struct target {
	const struct servers_scope *scope;
	const struct servers_setting *setting;
};

static int target_find(struct audit *a, const struct servers_server *server, const struct target *t,
                       const struct advice_rule *rule)
{
	bool is_verify = rule == &rule_upstream_verify;
	const struct audit_finding finding = {
		.rule = rule,
		.server = server,
		.service = t->scope->name,
		.setting = is_verify ? "proxy_ssl_verify" : t->setting->name,
		.value = is_verify ? "off" : t->setting->value,
		.place = t->setting->place,
		.right = is_verify ? "on" : "a unix socket, loopback, or TLS that is checked",
		.mend = is_verify ? "proxy_ssl_verify on; with proxy_ssl_trusted_certificate and "
		                    "proxy_ssl_name"
		                  : "give mailseal a link to that host and name its address on "
		                    "loopback "
		                    "here, or use https: (grpcs:) with proxy_ssl_verify on",
	};
	return err_up(audit_add(a, &finding));
}

/* "http://host:80/x", "https://host", "host:9000", "unix:/run/php.sock". */
static int pass_check(struct audit *a, const struct servers_server *server, const struct target *t)
{
	const char *value = t->setting->value;
	const char *slashes = strstr(value, "://");
	const char *host = slashes ? slashes + 3 : value;
	bool is_sealed = !strncmp(value, "https:", 6) || !strncmp(value, "grpcs:", 6);
	if (!strncmp(host, "unix:", 5) || !target_is_remote(server, host, strcspn(host, "/ ")))
		return 0;
	if (!is_sealed)
		return target_find(a, server, t, &rule_upstream);
	return servers_value_is_yes(t->scope, "proxy_ssl_verify")
	               ? 0
	               : target_find(a, server, t, &rule_upstream_verify);
}

static int auth_check(struct audit *a, const struct servers_server *server, const struct target *t)
{
	const char *value = t->setting->value;
	const char *host = strstr(value, "://") ? strstr(value, "://") + 3 : value;
	return audit_is_remote(host, strcspn(host, "/ "))
	               ? target_find(a, server, t, &rule_auth_http)
	               : 0;
}

static int scope_check(struct audit *a, const struct servers_server *server,
                       const struct servers_scope *scope)
{
	static const char *const passes[] = { "proxy_pass", "fastcgi_pass", "uwsgi_pass",
		                              "scgi_pass", "grpc_pass" };
	int r = 0;
	for (size_t i = 0; !r && i < scope->setting_count; i++) {
		const struct target t = { scope, &scope->settings[i] };
		for (size_t k = 0; !r && k < COUNT_OF(passes); k++)
			if (!strcmp(t.setting->name, passes[k]))
				r = pass_check(a, server, &t);
		if (!r && !strcmp(t.setting->name, "auth_http"))
			r = auth_check(a, server, &t);
	}
	for (size_t i = 0; !r && i < scope->child_count; i++)
		r = scope_check(a, server, scope->children[i]);
	return err_up(r);
}

int audit_nginx(struct audit *a, const struct servers_server *server)
{
	int r = audit_rows(a, server, rows, COUNT_OF(rows), &writer);
	if (!r)
		r = listeners_check(a, server);
	return err_up(r ? r : scope_check(a, server, server->top));
}
