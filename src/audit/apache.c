/* Apache, as it serves webmail: hosts in TLS and in clear, and what is behind them. */
#include "audit/line.h"
#include "audit/others.h"
#include "audit/web.h"
#include "base/clean.h"
#include "base/err.h"
#include "servers/reader.h"

#include <errno.h>
#include <strings.h>

#define WEB AUDIT_PROTOCOL(HTTP)
#define MAN "Apache documentation, "

/* In the host that has it, else at its begin. */
static int mend(const struct audit_at *at, struct audit_finding *f)
{
	const struct servers_scope *block = at->listener ? at->listener->block : at->scope;
	const struct audit_line line = {
		.between = " ",
		.quote = "",
		.end = "",
		.block = block->place.path ? &block->place : NULL,
		.indent = "\t",
	};
	return err_up(audit_line_mend(at, f, &line));
}

static const struct audit_writer writer = { mend };

/* -- TLS --------------------------------------------------------------------------------------- */

static bool has_tls(const struct audit_at *at)
{
	return at->listener->is_tls;
}

static const char *const versions[] = { "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3" };

static unsigned versions_named(const char *word, size_t len)
{
	for (size_t i = 0; i < COUNT_OF(versions); i++)
		if (slice_equal_nocase(slice_of(word, len), slice_str(versions[i])))
			return 1u << i;
	return slice_equal_nocase(slice_of(word, len), slice_str("all")) ? (1u << 5) - 1 : 0;
}

/* "all -SSLv3 -TLSv1": words add, take away, or begin anew. */
static unsigned versions_of(const char *value)
{
	const char *word = NULL;
	size_t len = 0;
	unsigned set = 0;
	while (servers_word_next(&value, &word, &len)) {
		bool has_sign = *word == '+' || *word == '-';
		unsigned named = versions_named(word + has_sign, len - has_sign);
		set = *word == '-' ? set & ~named : *word == '+' ? set | named : named;
	}
	return set;
}

static enum advice_verdict judge_versions(const struct audit_at *at, const char *value)
{
	unsigned set = versions_of(value), old = 0;
	for (size_t i = 0; i < COUNT_OF(versions); i++)
		if (set & 1u << i &&
		    audit_is_old_version(at->audit, versions[i], strlen(versions[i])))
			old |= 1u << i;
	return audit_well_if(at, !old);
}

/* "openssl ciphers" may have a protocol before it: "TLSv1.3 LIST" is of that version alone. */
static enum advice_verdict judge_ciphers(const struct audit_at *at, const char *value)
{
	return strchr(value, ' ') ? ADVICE_WELL : audit_judge_ciphers(at, value);
}

/* "Groups X25519:P-256" or "Curves ..."; any other command is none of ours. */
static enum advice_verdict judge_groups(const struct audit_at *at, const char *value)
{
	bool is_list = !strncasecmp(value, "Groups ", 7) || !strncasecmp(value, "Curves ", 7);
	return audit_well_if(at, !is_list || strstr(value, "X25519"));
}

static enum advice_verdict judge_off(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, strcasecmp(value, "on") != 0);
}

/* Of listeners, and of what stands around them where none goes by it. */
#define VERSIONS_RULE                                                                              \
	{                                                                                          \
		"apache-versions", "C2", ADVICE_FAIL, "RFC 8996, RFC 9325 3.1.1",                  \
			AUDIT_WHY_VERSIONS                                                         \
	}

static const struct audit_row rows[] = {
	{ VERSIONS_RULE, "SSLProtocol", AUDIT_LISTENERS, WEB, has_tls, judge_versions,
	  .right = "all -SSLv3 -TLSv1 -TLSv1.1" },
	{ VERSIONS_RULE, "SSLProtocol", AUDIT_TOP, 0, audit_is_spare, judge_versions,
	  .right = "all -SSLv3 -TLSv1 -TLSv1.1" },
	{ { "apache-ciphers", "D4", ADVICE_WARN, "RFC 9325 4.2", AUDIT_WHY_SUITES },
	  "SSLCipherSuite",
	  AUDIT_LISTENERS,
	  WEB,
	  has_tls,
	  judge_ciphers,
	  .right_of = audit_right_ciphers },
	{ { "apache-groups", "D8", ADVICE_WARN, "RFC 9325 4.2.1, Mozilla Server Side TLS 6.0",
	    "The list of groups leaves out X25519, and with it X25519MLKEM768." },
	  "SSLOpenSSLConfCmd",
	  AUDIT_LISTENERS,
	  WEB,
	  has_tls,
	  judge_groups,
	  .right = "Groups X25519:prime256v1:secp384r1" },
	{ { "apache-compression", "D13", ADVICE_FAIL, "RFC 9325 3.3, " MAN "mod_ssl",
	    "TLS compression tells the length of secrets (CRIME)." },
	  "SSLCompression",
	  AUDIT_LISTENERS,
	  WEB,
	  has_tls,
	  judge_off,
	  .right = "off" },
};

/* -- hosts ------------------------------------------------------------------------------------- */

static const struct advice_rule rule_hsts = { "apache-hsts", "H1", ADVICE_WARN, "RFC 6797 7.2",
	                                      "A browser that comes by http: is not told to use "
	                                      "https: ever after, so it can be kept on http:." };
static const struct advice_rule rule_redirect = {
	"apache-http-redirect", "H1", ADVICE_WARN, "RFC 6797 7.2, RFC 8314 3",
	"What is here is served in clear, a login page too."
};

static bool has_hsts(const struct servers_scope *scope)
{
	for (; scope; scope = scope->parent)
		for (size_t i = 0; i < scope->setting_count; i++)
			if (!strcmp(scope->settings[i].name, "Header") &&
			    audit_is_hsts(scope->settings[i].value))
				return true;
	return false;
}

static bool redirects(const struct servers_scope *scope)
{
	static const char *const names[] = { "Redirect", "RedirectPermanent", "RedirectMatch",
		                             "RewriteRule" };
	for (size_t i = 0; i < scope->setting_count; i++)
		for (size_t k = 0; k < COUNT_OF(names); k++)
			if (!strcmp(scope->settings[i].name, names[k]) &&
			    strcasestr(scope->settings[i].value, "https://"))
				return true;
	for (size_t i = 0; i < scope->child_count; i++)
		if (redirects(scope->children[i]))
			return true;
	return false;
}

/* Without mod_headers Apache would not start. */
static bool has_headers(const struct servers_server *server)
{
	for (size_t i = 0; i < server->top->setting_count; i++)
		if (!strcmp(server->top->settings[i].name, "LoadModule") &&
		    !strncmp(server->top->settings[i].value, "headers_module", 14))
			return true;
	return false;
}

static int line_add(struct audit *a, const struct servers_server *server,
                    const struct servers_listener *listener, const struct audit_finding *about)
{
	const struct audit_at at = { a, server, listener->scope, listener, &audit_web_row };
	struct audit_finding finding = *about;
	finding.server = server;
	finding.service = servers_value(listener->scope, "ServerName");
	int r = mend(&at, &finding);
	if (!strcmp(finding.setting, "Header") && !has_headers(server)) {
		finding.mend = "a2enmod headers, and in this VirtualHost: Header always set "
			       "Strict-Transport-Security \"max-age=63072000\"";
		finding.edit = (struct servers_edit){};
	}
	return err_up(r ? r : audit_add(a, &finding));
}

static int host_check(struct audit *a, const struct servers_server *server,
                      const struct servers_listener *listener)
{
	static const struct audit_finding hsts = {
		.rule = &rule_hsts,
		.setting = "Header",
		.value = "",
		.right = "always set Strict-Transport-Security \"max-age=63072000\"",
	};
	struct audit_finding redirect = { .rule = &rule_redirect,
		                          .setting = "Redirect",
		                          .value = "" };
	const char *name = servers_value(listener->scope, "ServerName");
	if (listener->is_tls)
		return has_hsts(listener->scope) ? 0 : err_up(line_add(a, server, listener, &hsts));
	if (redirects(listener->scope))
		return 0;
	redirect.right = servers_text_printf(a->servers, "permanent / https://%.*s/",
	                                     (int)strcspn(name, ":"), name);
	if (!redirect.right)
		return err_raise(-ENOMEM);
	if (*name && audit_web_serves_tls(server))
		return err_up(line_add(a, server, listener, &redirect));
	redirect.right = "permanent / https://NAME/";
	redirect.mend = "a VirtualHost with SSLEngine on, and in this one: Redirect permanent / "
			"https://NAME/";
	redirect.server = server;
	redirect.service = "";
	redirect.place = listener->block->place;
	return err_up(audit_add(a, &redirect));
}

/* -- behind it --------------------------------------------------------------------------------- */

static const struct advice_rule rule_proxy = {
	"apache-proxy-tls", NULL, ADVICE_FAIL, "M3AAWG TLS for Mail 2",
	"What was sealed on the way here goes on to another host in clear."
};
static const struct advice_rule rule_proxy_verify = {
	"apache-proxy-verify", NULL, ADVICE_WARN, "RFC 9325 6.1, " MAN "SSLProxyVerify",
	"The certificate of the host behind is not checked: that is Apache's default."
};

/* "/ http://10.0.0.5:8080/ retry=0", "proxy:fcgi://10.0.0.5:9000"; a unix socket has "|". */
static const char *target_of(const char *value)
{
	const char *slashes = strstr(value, "://");
	return slashes && !strstr(value, "unix:") ? slashes + 3 : NULL;
}

/* What stands before "://": "https" of "/ https://host/". */
static bool is_sealed(const char *value)
{
	static const char *const schemes[] = { "https", "wss", "h2" };
	struct slice scheme = slice_of(value, (size_t)(strstr(value, "://") - value));
	for (size_t i = scheme.len; i > 0; i--)
		if (strchr(" :", scheme.data[i - 1])) {
			scheme = slice_skip(scheme, i);
			break;
		}
	for (size_t i = 0; i < COUNT_OF(schemes); i++)
		if (slice_equal_nocase(scheme, slice_str(schemes[i])))
			return true;
	return false;
}

static int target_check(struct audit *a, const struct servers_server *server,
                        const struct servers_scope *scope, const struct servers_setting *s)
{
	const char *host = target_of(s->value);
	if (!host || !audit_is_remote(host, strcspn(host, "/ ")))
		return 0;
	bool sealed = is_sealed(s->value);
	const struct audit_finding finding = {
		.rule = sealed ? &rule_proxy_verify : &rule_proxy,
		.server = server,
		.service = scope->name,
		.setting = s->name,
		.value = s->value,
		.place = s->place,
		.right = sealed ? "SSLProxyVerify require" : "a unix socket, loopback, or https:",
		.mend = sealed ? "SSLProxyVerify require with SSLProxyCACertificateFile"
		               : "give mailseal a link to that host and name its address on "
		                 "loopback "
		                 "here, or use https: with SSLProxyVerify require",
	};
	if (sealed && !strcasecmp(servers_value(scope, "SSLProxyVerify"), "require"))
		return 0;
	return err_up(audit_add(a, &finding));
}

static int scope_check(struct audit *a, const struct servers_server *server,
                       const struct servers_scope *scope)
{
	static const char *const names[] = { "ProxyPass", "ProxyPassMatch", "SetHandler" };
	int r = 0;
	for (size_t i = 0; !r && i < scope->setting_count; i++)
		for (size_t k = 0; !r && k < COUNT_OF(names); k++)
			if (!strcmp(scope->settings[i].name, names[k]))
				r = target_check(a, server, scope, &scope->settings[i]);
	for (size_t i = 0; !r && i < scope->child_count; i++)
		r = scope_check(a, server, scope->children[i]);
	return err_up(r);
}

int audit_apache(struct audit *a, const struct servers_server *server)
{
	int r = audit_rows(a, server, rows, COUNT_OF(rows), &writer);
	for (size_t i = 0; !r && i < server->listener_count; i++)
		if (audit_is_open(server->listeners[i]))
			r = host_check(a, server, server->listeners[i]);
	return err_up(r ? r : scope_check(a, server, server->top));
}
