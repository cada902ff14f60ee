/*
 * Where Dovecot connects to within the provider, and what of it listens for other hosts of it: what
 * is neither this host nor sealed is plain (M3AAWG TLS for Mail, recommendation 2).
 */
#include "audit/dovecot.h"
#include "base/clean.h"
#include "base/err.h"
#include "servers/dovecot.h"
#include "servers/endpoint.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

#define INTERNAL "M3AAWG TLS for Mail, recommendation 2"

static const struct advice_rule rule_listener = {
	"dovecot-internal-listener", NULL, ADVICE_FAIL, INTERNAL,
	"Other hosts come here in clear, with mail or with what logs in"
};
static const struct advice_rule rule_no_tls = {
	"dovecot-socket-only", NULL, ADVICE_FAIL, INTERNAL "; Dovecot, dict and auth",
	"What checks passwords, or keeps data of users, is open to the network, and its protocol "
	"has no TLS"
};
static const struct advice_rule rule_proxy = {
	"dovecot-proxy", NULL, ADVICE_FAIL, INTERNAL "; Dovecot, proxy",
	"Logins are handed on to another host in clear, or to whoever answers"
};
static const struct advice_rule rule_client = {
	"dovecot-client", NULL, ADVICE_FAIL, INTERNAL,
	"It logs in at another host in clear, or at whoever answers"
};
static const struct advice_rule rule_doveadm = {
	"dovecot-doveadm", NULL, ADVICE_FAIL, INTERNAL "; Dovecot, doveadm",
	"doveadm of other hosts is talked to in clear, with its password"
};
static const struct advice_rule rule_replica = { "dovecot-replication", NULL, ADVICE_FAIL,
	                                         INTERNAL "; Dovecot, replication",
	                                         "All mail is copied to the other host in clear" };
static const struct advice_rule rule_ldap = { "dovecot-ldap", NULL, ADVICE_FAIL,
	                                      INTERNAL "; RFC 4513 3",
	                                      "Passwords are checked at a directory in clear, or "
	                                      "at whoever answers" };
static const struct advice_rule rule_sql = { "dovecot-sql", NULL, ADVICE_FAIL, INTERNAL,
	                                     "The database of users is asked in clear, or by TLS "
	                                     "without proof" };

struct place {
	struct audit *audit;
	const struct servers_server *server;
	const struct servers_scope *scope;
};

/* setting may be NULL: then it is the scope's place. */
static int add(const struct place *p, const struct advice_rule *rule,
               const struct servers_setting *setting, const char *right, const char *mend)
{
	bool is_top = p->scope == p->server->top;
	const char *service =
		is_top ? ""
		       : servers_text_printf(p->audit->servers, "%s%s%s", p->scope->type,
	                                     p->scope->name[0] ? " " : "", p->scope->name);
	if (!service || !mend)
		return err_raise(-ENOMEM);
	return err_up(
		audit_add(p->audit, &(struct audit_finding){
					    .rule = rule,
					    .server = p->server,
					    .service = service,
					    .setting = setting ? setting->name : p->scope->type,
					    .value = setting ? setting->value : p->scope->name,
					    .place = setting ? setting->place : p->scope->place,
					    .right = right,
					    .mend = mend,
				    }));
}

static bool is_remote(const char *host)
{
	struct servers_endpoint endpoint;
	servers_endpoint_parse(host, strlen(host), &endpoint);
	return endpoint.reach == SERVERS_REACH_REMOTE;
}

/* --- listeners --- */

static bool is_named(const struct servers_listener *listener, const char *service)
{
	size_t len = strlen(service);
	char end = !strncmp(listener->name, service, len) ? listener->name[len] : 'x';
	return end == ' ' || !end;
}

/* Their protocols have no TLS, whatever ssl says. */
static bool has_no_tls(const struct servers_listener *listener)
{
	static const char *const services[] = { "auth",  "dict",     "dict-async", "config",
		                                "stats", "director", "anvil" };
	for (size_t i = 0; i < COUNT_OF(services); i++)
		if (is_named(listener, services[i]))
			return true;
	return false;
}

static int listener_check(struct audit *a, const struct servers_server *server,
                          const struct servers_listener *listener)
{
	bool is_internal =
		listener->protocol == SERVERS_INTERNAL || listener->protocol == SERVERS_LMTP;
	bool is_bare = has_no_tls(listener);
	const struct servers_setting *port = servers_setting_own(listener->block, "port");
	if (!audit_is_open(listener) || !is_internal || (listener->is_tls && !is_bare) ||
	    is_named(listener, "managesieve-login"))
		return 0;
	struct audit_finding finding = {
		.rule = is_bare ? &rule_no_tls : &rule_listener,
		.server = server,
		.service = listener->name,
		.setting = "port",
		.value = port ? port->value : "",
		.place = port ? port->place : listener->block->place,
		.right = is_bare ? "a unix_listener, or address = 127.0.0.1 and a tunnel"
		                 : "ssl = yes",
		/* Who connects has to change with it: no patch can know. */
		.mend = is_bare ? "put a unix_listener in the place of this inet_listener, or let "
		                  "it "
		                  "listen on 127.0.0.1 behind a link of mailseal"
		                : "in this inet_listener ssl = yes, together with those who "
		                  "connect "
		                  "(Postfix: lmtp_tls_wrappermode = yes and "
		                  "lmtp_tls_security_level = "
		                  "secure; doveadm: doveadm_ssl = ssl)",
	};
	return err_up(audit_add(a, &finding));
}

/* --- proxies --- */

/* "proxy=y host=10.0.0.5 ssl=yes" of args and default_fields. */
static bool field_of(const char *fields, const char *name, char *ret_value, size_t cap)
{
	const char *word = NULL;
	size_t len = 0, name_len = strlen(name);
	while (servers_word_next(&fields, &word, &len)) {
		bool has_value = len > name_len && word[name_len] == '=';
		if (len < name_len || strncmp(word, name, name_len) != 0 ||
		    (len > name_len && !has_value))
			continue;
		size_t skip = has_value ? name_len + 1 : name_len;
		slice_to_text(slice_of(word + skip, len - skip), ret_value, cap);
		return true;
	}
	return false;
}

static bool is_sealed_proxy(const char *ssl)
{
	return !strcmp(ssl, "yes") || !strcmp(ssl, "starttls");
}

static int fields_check(const struct place *p, const struct servers_setting *setting)
{
	char proxy[64], host[256] = "", ssl[64] = "", starttls[64] = "";
	bool is_proxy = field_of(setting->value, "proxy", proxy, sizeof(proxy)) ||
	                field_of(setting->value, "proxy_maybe", proxy, sizeof(proxy));
	bool has_host = field_of(setting->value, "host", host, sizeof(host));
	bool has_tls = field_of(setting->value, "ssl", ssl, sizeof(ssl)) ||
	               field_of(setting->value, "starttls", starttls, sizeof(starttls));
	bool is_sealed = is_sealed_proxy(ssl) || (has_tls && !strcmp(starttls, "yes"));
	if (!is_proxy || is_sealed || (has_host && !is_remote(host)))
		return 0;
	return err_up(add(p, &rule_proxy, setting, "ssl=yes, or starttls=yes",
	                  "add ssl=yes to the fields that say proxy, with ssl_client_ca_file"));
}

/* 2.4: "fields { proxy = yes host = ... }". */
static int fields_block_check(const struct place *p, const struct servers_scope *fields)
{
	const struct servers_setting *proxy = servers_setting_own(fields, "proxy");
	const struct servers_setting *host = servers_setting_own(fields, "host");
	const struct servers_setting *ssl = servers_setting_own(fields, "ssl");
	const struct servers_setting *starttls = servers_setting_own(fields, "starttls");
	bool is_sealed = (ssl && is_sealed_proxy(ssl->value)) ||
	                 (starttls && !strcmp(starttls->value, "yes"));
	if (!proxy || is_sealed || (host && !is_remote(host->value)))
		return 0;
	return err_up(add(p, &rule_proxy, proxy, "ssl = yes, or starttls = yes",
	                  "in these fields: ssl = yes, with ssl_client_ca_file"));
}

/* A query that names proxy and no ssl. */
static int query_check(const struct place *p, const struct servers_setting *setting)
{
	const char *value = setting->value;
	if (!strcasestr(value, "proxy") || strcasestr(value, "ssl") ||
	    strcasestr(value, "starttls"))
		return 0;
	return err_up(add(p, &rule_proxy, setting, "a field ssl beside proxy",
	                  "select 'yes' AS ssl beside proxy, with ssl_client_ca_file"));
}

static int proxies_check(const struct place *p)
{
	static const char *const lists[] = { "args", "default_fields", "override_fields",
		                             "pass_attrs" };
	static const char *const queries[] = { "password_query", "passdb_sql_query", "query" };
	int r = 0;
	for (size_t i = 0; !r && i < COUNT_OF(lists); i++) {
		const struct servers_setting *setting = servers_setting_own(p->scope, lists[i]);
		r = setting ? fields_check(p, setting) : 0;
	}
	for (size_t i = 0; !r && i < COUNT_OF(queries); i++) {
		const struct servers_setting *setting = servers_setting_own(p->scope, queries[i]);
		r = setting ? query_check(p, setting) : 0;
	}
	for (const struct servers_scope *fields = NULL;
	     !r && (fields = servers_scope_next(p->scope, "fields", fields));)
		r = fields_block_check(p, fields);
	return err_up(r);
}

/* --- directories and databases --- */

static const struct servers_setting *first_of(const struct servers_scope *scope, const char *a,
                                              const char *b)
{
	const struct servers_setting *setting = servers_setting_own(scope, a);
	return setting ? setting : servers_setting_own(scope, b);
}

/* sealed: a scheme that is TLS by itself; NULL: none is. */
static bool has_remote_host(const char *words, const char *sealed)
{
	const char *word = NULL;
	size_t len = 0;
	while (servers_word_next(&words, &word, &len)) {
		struct servers_endpoint endpoint;
		servers_endpoint_parse(word, len, &endpoint);
		if (endpoint.reach == SERVERS_REACH_REMOTE &&
		    (!sealed || strcmp(endpoint.scheme, sealed) != 0))
			return true;
	}
	return false;
}

static bool is_yes(const struct servers_scope *scope, const char *name)
{
	const struct servers_setting *setting = servers_setting_own(scope, name);
	return setting && !strcasecmp(setting->value, "yes");
}

static int ldap_check(const struct place *p)
{
	const struct servers_setting *uris = first_of(p->scope, "uris", "ldap_uris");
	const struct servers_setting *hosts = uris ? uris : servers_setting_own(p->scope, "hosts");
	const struct servers_setting *verify = servers_setting_own(p->scope, "tls_require_cert");
	bool starts = is_yes(p->scope, "tls") || is_yes(p->scope, "ldap_starttls");
	if (!hosts || !has_remote_host(hosts->value, NULL))
		return 0;
	if (!starts && has_remote_host(hosts->value, "ldaps"))
		return err_up(add(p, &rule_ldap, hosts, "ldaps://, or StartTLS",
		                  servers_dovecot_is_24(p->server)
		                          ? "ldap_starttls = yes"
		                          : "in that file: tls = yes and tls_require_cert = "
		                            "demand"));
	bool is_weak = verify && strcmp(verify->value, "demand") != 0 &&
	               strcmp(verify->value, "hard") != 0;
	return is_weak ? err_up(add(p, &rule_ldap, verify, "demand",
	                            "in that file: tls_require_cert = demand"))
	               : 0;
}

/* "host=10.0.0.5 dbname=mail sslmode=verify-full". */
static int connect_check(const struct place *p)
{
	const struct servers_setting *connect = servers_setting_own(p->scope, "connect");
	char host[256] = "", mode[64] = "", verify[64] = "", ca[256] = "";
	if (!connect || !field_of(connect->value, "host", host, sizeof(host)) || !is_remote(host))
		return 0;
	bool is_pgsql = field_of(connect->value, "sslmode", mode, sizeof(mode)) &&
	                !strcmp(mode, "verify-full");
	bool is_mysql =
		field_of(connect->value, "ssl_verify_server_cert", verify, sizeof(verify)) &&
		!strcmp(verify, "yes") &&
		(field_of(connect->value, "ssl_ca", ca, sizeof(ca)) ||
	         field_of(connect->value, "ssl_ca_path", ca, sizeof(ca)));
	if (is_pgsql || is_mysql)
		return 0;
	return err_up(add(p, &rule_sql, connect, "TLS with proof, or a unix socket",
	                  "in connect: for PostgreSQL sslmode=verify-full, for MySQL ssl_ca=FILE "
	                  "ssl_verify_server_cert=yes"));
}

/* 2.4: "mysql db1.example.org { ssl = yes }", "pgsql db1 { parameters { sslmode } }". */
static int database_check(const struct place *p)
{
	const struct servers_scope *parameters = servers_scope_child(p->scope, "parameters", "");
	const struct servers_setting *mode =
		parameters ? servers_setting_own(parameters, "sslmode") : NULL;
	const struct servers_setting *host = servers_setting_own(p->scope, "host");
	const char *name = host ? host->value : p->scope->name;
	bool is_mysql = !strcmp(p->scope->type, "mysql");
	const struct servers_setting *verify =
		servers_setting_find(p->scope, "ssl_client_require_valid_cert");
	bool is_sealed =
		is_mysql ? is_yes(p->scope, "ssl") && (!verify || strcmp(verify->value, "no"))
			 : mode && !strcmp(mode->value, "verify-full");
	if (!name[0] || !is_remote(name) || is_sealed)
		return 0;
	return err_up(add(p, &rule_sql, NULL, "TLS with proof, or a unix socket",
	                  is_mysql ? "in this block: ssl = yes, with ssl_client_ca_file"
	                           : "in this block: parameters { sslmode = verify-full }"));
}

static int scope_check(const struct place *p)
{
	bool is_database = !strcmp(p->scope->type, "mysql") || !strcmp(p->scope->type, "pgsql");
	int r = proxies_check(p);
	if (!r)
		r = ldap_check(p);
	if (!r)
		r = connect_check(p);
	if (!r && is_database)
		r = database_check(p);
	return err_up(r);
}

/* Blocks in blocks, a few deep: passdb and what stands in it. */
static int scopes_check(struct audit *a, const struct servers_server *server,
                        const struct servers_scope *scope, int depth)
{
	const struct place place = { a, server, scope };
	int r = scope_check(&place);
	for (size_t i = 0; !r && depth && i < scope->child_count; i++)
		r = scopes_check(a, server, scope->children[i], depth - 1);
	return err_up(r);
}

/* --- clients of its own --- */

static const struct {
	const char *host, *tls, *verify, *right;
} clients[] = {
	{ "imapc_host", "imapc_ssl", "imapc_ssl_verify", "imapc_ssl = imaps" },
	{ "pop3c_host", "pop3c_ssl", "pop3c_ssl_verify", "pop3c_ssl = pop3s" },
	{ "submission_relay_host", "submission_relay_ssl", "submission_relay_ssl_verify",
	  "submission_relay_ssl = smtps" },
};

static int clients_check(const struct place *p)
{
	int r = 0;
	for (size_t i = 0; !r && i < COUNT_OF(clients); i++) {
		const struct servers_setting *host = servers_setting_own(p->scope, clients[i].host);
		bool is_plain = !strcasecmp(servers_value(p->scope, clients[i].tls), "no");
		bool is_blind = !strcasecmp(servers_value(p->scope, clients[i].verify), "no");
		if (!host || !host->value[0] || !is_remote(host->value) || (!is_plain && !is_blind))
			continue;
		r = add(p, &rule_client, host,
		        is_plain ? clients[i].right : "its certificate is looked at",
		        servers_text_printf(p->audit->servers, "%s%s%s", clients[i].right,
		                            is_blind ? " and verify it: " : "",
		                            is_blind ? clients[i].verify : ""));
	}
	return err_up(r);
}

static int doveadm_check(const struct place *p)
{
	const struct servers_setting *port = servers_setting_own(p->scope, "doveadm_port");
	bool is_plain = !strcasecmp(servers_value(p->scope, "doveadm_ssl"), "no");
	if (!port || !strcmp(port->value, "0") || !is_plain)
		return 0;
	return err_up(
		add(p, &rule_doveadm, port, "doveadm_ssl = ssl",
	            "doveadm_ssl = ssl, and ssl = yes in the inet_listener of the other side"));
}

static int replica_check(const struct place *p)
{
	const struct servers_scope *plugin = servers_scope_child(p->server->top, "plugin", "");
	const struct servers_setting *replica =
		plugin ? servers_setting_own(plugin, "mail_replica") : NULL;
	if (!replica || strncmp(replica->value, "tcp:", 4) != 0 || !is_remote(replica->value))
		return 0;
	return err_up(add(p, &rule_replica, replica, "tcps:HOST",
	                  "mail_replica = tcps:HOST, with ssl = yes in its doveadm inet_listener"));
}

int audit_dovecot_hops(struct audit *a, const struct servers_server *server)
{
	const struct place top = { a, server, server->top };
	int r = scopes_check(a, server, server->top, 3);
	for (size_t i = 0; !r && i < server->listener_count; i++)
		r = listener_check(a, server, server->listeners[i]);
	if (!r)
		r = clients_check(&top);
	if (!r)
		r = doveadm_check(&top);
	return r ? err_up(r) : err_up(replica_check(&top));
}
