/* Exim: what each way out (router and transport) demands, and what is asked of other hosts. */
#include "audit/exim.h"
#include "audit/line.h"
#include "base/clean.h"
#include "base/err.h"
#include "servers/reader.h"

#include <errno.h>

/* -- the way out ------------------------------------------------------------------------------- */

static const struct advice_rule rule_avoid = {
	"exim-hosts-avoid-tls", NULL, ADVICE_FAIL, "RFC 7435, " MAN "The smtp transport",
	"What goes to these hosts goes without TLS, whatever they offer."
};
static const struct advice_rule rule_dane = {
	"exim-dane-out", "F10", ADVICE_WARN, "RFC 7672, " MAN "The smtp transport",
	"DANE, which Exim would use by itself, is taken out of this transport."
};
static const struct advice_rule rule_hop = {
	"exim-next-hop-tls", NULL, ADVICE_FAIL, "M3AAWG TLS for Mail 2, " MAN "The smtp transport",
	"A fixed next hop gets the mail in clear when TLS fails or somebody takes STARTTLS away."
};
static const struct advice_rule rule_verify = {
	"exim-next-hop-verify", NULL, ADVICE_WARN, "RFC 9325 6.1, " MAN "The smtp transport",
	"The certificate of a fixed next hop is not checked, so anybody on the way may be it."
};

struct way {
	struct audit *a;
	const struct servers_server *server;
	const struct servers_scope *transport;
};

static int way_find(const struct way *w, const struct advice_rule *rule, const char *name,
                    const char *right)
{
	static const struct audit_row row = { .setting = "", .where = AUDIT_TOP, .right = "" };
	const struct audit_at at = { w->a, w->server, w->transport, NULL, &row };
	const struct servers_setting *setting = servers_setting_own(w->transport, name);
	struct audit_finding finding = {
		.rule = rule,
		.server = w->server,
		.service = w->transport->name,
		.setting = name,
		.value = setting ? setting->value : "",
		.place = setting ? setting->place : (struct servers_place){},
		.right = right,
	};
	int r = audit_exim_mend(&at, &finding);
	/* The far end has to be able to: no patch can know. */
	if (rule == &rule_hop || rule == &rule_verify)
		finding.edit = (struct servers_edit){};
	return err_up(r ? r : audit_add(w->a, &finding));
}

static bool is_star(const struct servers_scope *scope, const char *name)
{
	const struct servers_setting *setting = servers_setting_own(scope, name);
	return setting && (!strcmp(setting->value, "*") || strchr(setting->value, '$'));
}

/* "* smtp.example.net" or "* a.example::587 byname": the hosts behind the pattern. */
static bool route_is_remote(const char *list)
{
	const char *hosts = list + strcspn(list, " \t");
	hosts += strspn(hosts, " \t");
	size_t len = strcspn(hosts, " \t:;+");
	return audit_is_remote(hosts, len);
}

/* A router sends by this transport to a host that it names itself. */
static bool is_fixed(const struct way *w)
{
	const struct servers_scope *router = NULL;
	const struct servers_setting *hosts = servers_setting_own(w->transport, "hosts");
	while ((router = servers_scope_next(w->server->top, "router", router))) {
		bool is_ours = !strcmp(servers_value(router, "driver"), "manualroute") &&
		               !strcmp(servers_value(router, "transport"), w->transport->name);
		if (is_ours && (route_is_remote(servers_value(router, "route_list")) ||
		                audit_is_remote_text(servers_value(router, "route_data"))))
			return true;
	}
	return hosts && audit_is_remote(hosts->value, strcspn(hosts->value, " :"));
}

static int way_check(const struct way *w)
{
	const struct servers_setting *dane = servers_setting_own(w->transport, "hosts_try_dane");
	const struct servers_setting *avoid = servers_setting_own(w->transport, "hosts_avoid_tls");
	const struct servers_setting *dnssec =
		servers_setting_own(w->transport, "dnssec_request_domains");
	bool needs = is_fixed(w) && !is_star(w->transport, "hosts_require_dane");
	int r = 0;
	if (avoid && *avoid->value)
		r = way_find(w, &rule_avoid, "hosts_avoid_tls", "");
	if (!r && dane && !*dane->value)
		r = way_find(w, &rule_dane, "hosts_try_dane", "*");
	if (!r && dnssec && !*dnssec->value)
		r = way_find(w, &rule_dane, "dnssec_request_domains", "*");
	if (!r && needs && !is_star(w->transport, "hosts_require_tls"))
		r = way_find(w, &rule_hop, "hosts_require_tls", "*");
	if (!r && needs && !is_star(w->transport, "tls_verify_hosts"))
		r = way_find(w, &rule_verify, "tls_verify_hosts", "*");
	return err_up(r);
}

static int ways_check(struct audit *a, const struct servers_server *server)
{
	struct way w = { a, server, NULL };
	int r = 0;
	while (!r && (w.transport = servers_scope_next(server->top, "transport", w.transport)))
		if (!strcmp(servers_value(w.transport, "driver"), "smtp"))
			r = way_check(&w);
	return err_up(r);
}

/* -- what it asks of other hosts --------------------------------------------------------------- */

static const struct advice_rule rule_plain = {
	"exim-plain-service", NULL, ADVICE_FAIL, "M3AAWG TLS for Mail 2",
	"This protocol has no TLS: what is asked of the other host crosses the network in clear."
};
static const struct advice_rule rule_ldap = {
	"exim-ldap-tls", NULL, ADVICE_FAIL,
	"M3AAWG TLS for Mail 2, " MAN "File and database lookups",
	"Directory answers and the password to ask for them cross the network in clear."
};

/* "10.0.0.5 783 : 10.0.0.6 783", "h1/db/user/pw : ...": one of the hosts in it. */
static bool hosts_are_remote(const char *value)
{
	value += strspn(value, " ");
	char separator = value[0] == '<' && value[1] ? value[1] : ':';
	const char stops[] = { separator, '\0' }, ends[] = { separator, ' ', '/', '\0' };
	value += value[0] == '<' ? 2 : 0;
	while (*value) {
		value += strspn(value, " ");
		if (audit_is_remote(value, strcspn(value, ends)))
			return true;
		value += strcspn(value, stops);
		value += *value != '\0';
	}
	return false;
}

/* Before a scanner's hosts stands its kind: "clamd:10.0.0.5 3310". */
static bool service_is_remote(const struct servers_setting *setting)
{
	bool is_scanner = !strcmp(setting->name, "av_scanner");
	const char *hosts = is_scanner ? strchr(setting->value, ':') : setting->value;
	return hosts && hosts_are_remote(hosts + is_scanner);
}

/* Behind a SQL host stand its user and password. */
static const char *without_secret(struct servers *s, const char *value)
{
	size_t len = strcspn(value, "/");
	return servers_text_printf(s, "%.*s%s", (int)len, value, value[len] ? "/..." : "");
}

static int services_check(struct audit *a, const struct servers_server *server)
{
	static const char *const names[] = { "av_scanner", "spamd_address", "mysql_servers",
		                             "pgsql_servers", "redis_servers" };
	int r = 0;
	for (size_t i = 0; !r && i < COUNT_OF(names); i++) {
		const struct servers_setting *setting = servers_setting_own(server->top, names[i]);
		struct audit_finding finding = {
			.rule = &rule_plain,
			.server = server,
			.setting = names[i],
			.place = setting ? setting->place : (struct servers_place){},
			.right = "a unix socket, or loopback with a link to the other host",
			.mend = "give mailseal a link to that host and name its address on "
				"loopback "
				"here",
		};
		if (!setting || !service_is_remote(setting))
			continue;
		finding.value = without_secret(a->servers, setting->value);
		r = finding.value ? audit_add(a, &finding) : err_raise(-ENOMEM);
	}
	return err_up(r);
}

static const struct advice_rule rule_ldap_verify = {
	"exim-ldap-verify", NULL, ADVICE_WARN, "RFC 9325 6.1, " MAN "File and database lookups",
	"The directory's certificate is not demanded, so anybody on the way may answer for it."
};

static int main_find(struct audit *a, const struct servers_server *server,
                     const struct advice_rule *rule, const char *name, const char *right)
{
	static const struct audit_row row = { .setting = "", .where = AUDIT_TOP, .right = "" };
	const struct audit_at at = { a, server, server->top, NULL, &row };
	const struct servers_setting *setting = servers_setting_own(server->top, name);
	struct audit_finding finding = {
		.rule = rule,
		.server = server,
		.setting = name,
		.value = setting ? setting->value : "",
		.place = setting ? setting->place : (struct servers_place){},
		.right = right,
	};
	int r = audit_exim_mend(&at, &finding);
	return err_up(r ? r : audit_add(a, &finding));
}

static int ldap_check(struct audit *a, const struct servers_server *server)
{
	const struct servers_setting *hosts =
		servers_setting_own(server->top, "ldap_default_servers");
	const char *demanded = servers_value(server->top, "ldap_require_cert");
	bool is_tls = servers_value_is_yes(server->top, "ldap_start_tls") ||
	              (hosts && strstr(hosts->value, "636"));
	int r = 0;
	if (!hosts || !audit_is_remote(hosts->value, strcspn(hosts->value, " :")))
		return 0;
	if (!is_tls)
		r = main_find(a, server, &rule_ldap, "ldap_start_tls", "true");
	if (!r && strcmp(demanded, "hard") != 0 && strcmp(demanded, "demand") != 0)
		r = main_find(a, server, &rule_ldap_verify, "ldap_require_cert", "hard");
	return err_up(r);
}

int audit_exim_hops(struct audit *a, const struct servers_server *server)
{
	int r = ways_check(a, server);
	if (!r)
		r = services_check(a, server);
	return err_up(r ? r : ldap_check(a, server));
}
