/*
 * HAProxy, hitch and stunnel before mail servers: what they accept, whether the way behind them is
 * sealed, and whether the server behind hears of the client and its TLS.
 */
#include "audit/line.h"
#include "audit/others.h"
#include "base/clean.h"
#include "base/err.h"
#include "servers/reader.h"

#include <errno.h>

#define MAIL                                                                                       \
	(AUDIT_PROTOCOL(SMTP) | AUDIT_PROTOCOL(SUBMISSION) | AUDIT_PROTOCOL(IMAP) |                \
	 AUDIT_PROTOCOL(POP3) | AUDIT_PROTOCOL(MANAGESIEVE) | AUDIT_PROTOCOL(LMTP))

static const struct advice_rule rule_versions = { "front-versions", "C2", ADVICE_FAIL,
	                                          "RFC 8996, RFC 9325 3.1.1", AUDIT_WHY_VERSIONS };
static const struct advice_rule rule_plain = {
	"front-plain-hop", NULL, ADVICE_FAIL, "M3AAWG TLS for Mail 2",
	"What was sealed on the way here goes on to another host in clear."
};
static const struct advice_rule rule_verify = {
	"front-verify", NULL, ADVICE_FAIL, "RFC 9325 6.1",
	"The certificate of the far end is not checked, so anybody on the way may be it."
};
static const struct advice_rule rule_proxy = {
	"front-proxy", NULL, ADVICE_WARN, "PROXY protocol 2.2, RFC 8314 4.3",
	"The server behind does not hear who the client is nor that it came in TLS: its log and "
	"its "
	"Received fields say plain, and limits take all for one client."
};

struct fault {
	const struct advice_rule *rule;
	const char *service, *setting, *value, *right, *mend;
	struct servers_place place;
};

static int find(struct audit *a, const struct servers_server *server, const struct fault *f)
{
	const struct audit_finding finding = {
		.rule = f->rule,
		.server = server,
		.service = f->service,
		.setting = f->setting,
		.value = f->value,
		.place = f->place,
		.right = f->right,
		.mend = f->mend,
	};
	return err_up(audit_add(a, &finding));
}

static const char link_mend[] =
	"give mailseal a link to that host and name its address on loopback here";

/* -- HAProxy ----------------------------------------------------------------------------------- */

static int haproxy_server(struct audit *a, const struct servers_server *server,
                          const struct servers_scope *section, const struct servers_setting *s)
{
	const char *address = strchr(s->value, ' ');
	/* What default-server says holds too. */
	const char *all = servers_text_printf(a->servers, "%s %s", s->value,
	                                      servers_value(section, "default-server"));
	if (!all)
		return err_raise(-ENOMEM);
	const char *verify = strstr(all, "verify ");
	struct fault f = {
		.service = "", .setting = "server", .value = s->value, .place = s->place
	};
	int r = 0;
	if (!address)
		return 0;
	address += strspn(address, " ");
	bool is_remote = audit_is_remote(address, strcspn(address, " "));
	if (is_remote && !servers_words_have(all, "ssl")) {
		f.rule = &rule_plain;
		f.right = "ssl verify required ca-file FILE";
		f.mend = "add to this line: ssl verify required ca-file /etc/ssl/internal-ca.pem";
		r = find(a, server, &f);
	} else if (is_remote && (!verify || strncmp(verify, "verify required", 15) != 0)) {
		f.rule = &rule_verify;
		f.right = "verify required ca-file FILE";
		f.mend = "add to this line: verify required ca-file /etc/ssl/internal-ca.pem";
		r = find(a, server, &f);
	}
	if (r || strstr(all, "send-proxy-v2"))
		return err_up(r);
	f.rule = &rule_proxy;
	f.right = "send-proxy-v2-ssl-cn";
	f.mend = "add to this line: send-proxy-v2-ssl-cn; and let the server behind expect it";
	return err_up(find(a, server, &f));
}

static int haproxy_servers(struct audit *a, const struct servers_server *server,
                           const struct servers_scope *section)
{
	int r = 0;
	for (size_t i = 0; !r && section && i < section->setting_count; i++)
		if (!strcmp(section->settings[i].name, "server"))
			r = haproxy_server(a, server, section, &section->settings[i]);
	return err_up(r);
}

/* Lines that lower the version, wherever they stand. */
static int haproxy_versions(struct audit *a, const struct servers_server *server,
                            const struct servers_scope *scope)
{
	static const char *const old[] = { "ssl-min-ver SSLv3", "ssl-min-ver TLSv1.0",
		                           "ssl-min-ver TLSv1.1" };
	int r = 0;
	for (size_t i = 0; !r && i < scope->setting_count; i++) {
		const struct servers_setting *s = &scope->settings[i];
		const struct fault f = { .rule = &rule_versions,
			                 .service = scope->name,
			                 .setting = s->name,
			                 .value = s->value,
			                 .right = "ssl-min-ver TLSv1.2",
			                 .mend = "write ssl-min-ver TLSv1.2 in this line",
			                 .place = s->place };
		for (size_t k = 0; !r && k < COUNT_OF(old); k++)
			if (strstr(s->value, old[k]))
				r = find(a, server, &f);
	}
	return err_up(r);
}

int audit_haproxy(struct audit *a, const struct servers_server *server)
{
	const struct servers_scope *done = NULL;
	int r = 0;
	for (size_t i = 0; !r && i < server->top->child_count; i++)
		r = haproxy_versions(a, server, server->top->children[i]);
	for (size_t i = 0; !r && i < server->listener_count; i++) {
		const struct servers_listener *l = server->listeners[i];
		const char *backend = servers_value(l->scope, "default_backend");
		const struct servers_scope *section =
			*backend ? servers_scope_child(server->top, "backend", backend) : l->scope;
		if (section == done || !(MAIL & 1u << l->protocol))
			continue;
		r = haproxy_servers(a, server, section);
		done = section;
	}
	return err_up(r);
}

/* -- hitch ------------------------------------------------------------------------------------- */

int audit_hitch(struct audit *a, const struct servers_server *server)
{
	const struct servers_scope *top = server->top;
	const struct servers_setting *backend = servers_setting_own(top, "backend");
	const struct servers_setting *protos = servers_setting_own(top, "tls-protos");
	struct fault f = { .service = "" };
	int r = 0;
	if (backend && audit_is_remote_text(backend->value)) {
		f = (struct fault){ &rule_plain,
			            "",
			            "backend",
			            backend->value,
			            "loopback, with a link to the other host",
			            link_mend,
			            backend->place };
		r = find(a, server, &f);
	}
	if (!r && protos && audit_has_old_version(a, protos->value)) {
		f = (struct fault){ &rule_versions,    "",
			            "tls-protos",      protos->value,
			            "TLSv1.2 TLSv1.3", "tls-protos = TLSv1.2 TLSv1.3",
			            protos->place };
		r = find(a, server, &f);
	}
	if (r || !backend || servers_value_is_yes(top, "write-proxy-v2") ||
	    servers_value_is_yes(top, "write-proxy"))
		return err_up(r);
	f = (struct fault){
		&rule_proxy,   "",   "write-proxy-v2",
		"off",         "on", "write-proxy-v2 = on; and let the server behind expect it",
		backend->place
	};
	return err_up(find(a, server, &f));
}

/* -- stunnel ----------------------------------------------------------------------------------- */

static bool stunnel_verifies(const struct servers_scope *section)
{
	const char *level = servers_value(section, "verify");
	return servers_value_is_yes(section, "verifyChain") ||
	       servers_value_is_yes(section, "verifyPeer") || (*level >= '2' && *level <= '4');
}

static int stunnel_section(struct audit *a, const struct servers_server *server,
                           const struct servers_scope *section)
{
	const char *connect = servers_value(section, "connect");
	const char *version = servers_value(section, "sslVersion");
	const char *least = servers_value(section, "sslVersionMin");
	bool is_client = servers_value_is_yes(section, "client");
	bool is_remote =
		audit_is_remote_text(connect) && strspn(connect, "0123456789") != strlen(connect);
	struct fault f = { .service = section->name, .place = section->place };
	int r = 0;
	if (is_remote && !is_client) {
		f.rule = &rule_plain;
		f.setting = "connect";
		f.value = connect;
		f.right = "loopback, with a link to the other host";
		f.mend = link_mend;
		r = find(a, server, &f);
	}
	if (!r && is_client && !stunnel_verifies(section)) {
		f.rule = &rule_verify;
		f.setting = "verifyChain";
		f.value = "no";
		f.right = "yes";
		f.mend = "in this section: verifyChain = yes, CAfile = FILE, checkHost = NAME";
		r = find(a, server, &f);
	}
	if (r || (!audit_has_old_version(a, version) && strcmp(version, "all") != 0 &&
	          !audit_has_old_version(a, least)))
		return err_up(r);
	f.rule = &rule_versions;
	f.setting = *least ? "sslVersionMin" : "sslVersion";
	f.value = *least ? least : version;
	f.right = "TLSv1.2";
	f.mend = "sslVersionMin = TLSv1.2";
	return *least && !audit_has_old_version(a, least) ? 0 : err_up(find(a, server, &f));
}

int audit_stunnel(struct audit *a, const struct servers_server *server)
{
	const struct servers_scope *section = NULL;
	int r = 0;
	while (!r && (section = servers_scope_next(server->top, "section", section)))
		r = stunnel_section(a, server, section);
	return err_up(r);
}
