/*
 * Where Postfix connects to within the provider: what is neither this host nor sealed is plain
 * (M3AAWG TLS for Mail, recommendation 2).
 */
#include "audit/postfix.h"
#include "base/clean.h"
#include "base/err.h"
#include "servers/endpoint.h"
#include "servers/postfix.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

#define INTERNAL AUDIT_M3AAWG ", recommendation 2"

static const struct advice_rule rule_milter = {
	"postfix-milter", NULL, ADVICE_FAIL, INTERNAL "; MILTER_README",
	"The whole mail goes to the milter in clear: the milter protocol has no TLS"
};
static const struct advice_rule rule_policy_service = {
	"postfix-policy-service", NULL, ADVICE_FAIL, INTERNAL "; SMTPD_POLICY_README",
	"Sender, recipients and client go to the policy service in clear: it has no TLS"
};
static const struct advice_rule rule_sasl = { "postfix-sasl-path", NULL, ADVICE_FAIL,
	                                      INTERNAL "; SASL_README",
	                                      "Passwords go to the login service in clear: it has "
	                                      "no TLS" };
static const struct advice_rule rule_filter = {
	"postfix-content-filter", NULL, ADVICE_FAIL, INTERNAL,
	"The whole mail goes to the filter of another host, and plain text is possible"
};
static const struct advice_rule rule_lmtp = {
	"postfix-lmtp", NULL, ADVICE_FAIL, INTERNAL "; postconf(5)",
	"Mail goes to the mailboxes of another host, and plain text is possible"
};
static const struct advice_rule rule_relay = {
	"postfix-relayhost", NULL, ADVICE_WARN, INTERNAL "; postconf(5)",
	"All mail goes to this relay, and whoever is in between can make it plain text"
};
static const struct advice_rule rule_transport = {
	"postfix-transport", NULL, ADVICE_WARN, INTERNAL "; transport(5)",
	"Mail is sent to a host of your own choice, and whoever is in between can make it plain "
	"text"
};
static const struct advice_rule rule_more = {
	"postfix-transport-more", NULL, ADVICE_INFO, INTERNAL,
	"This table has more next hops than are looked at here: from this line on it is not judged"
};
static const struct advice_rule rule_verify = {
	"postfix-hop-verify", NULL, ADVICE_WARN, INTERNAL "; RFC 9325 6.1",
	"The hop is encrypted, and nobody asks the far end for proof who it is"
};

int audit_postfix_hop_add(const struct audit_postfix_hop *hop, const char *right, const char *mend)
{
	return mend ? err_up(audit_add(hop->audit,
	                               &(struct audit_finding){
					       .rule = hop->rule,
					       .verdict = hop->verdict,
					       .server = hop->server,
					       .service = hop->service,
					       .setting = hop->setting->name,
					       .value = hop->setting->value,
					       .place = hop->setting->place,
					       .right = right,
					       .mend = mend,
				       }))
	            : err_raise(-ENOMEM);
}

bool audit_postfix_is_remote(const char *text, size_t len)
{
	struct servers_endpoint endpoint;
	servers_endpoint_parse(text, len, &endpoint);
	return endpoint.reach == SERVERS_REACH_REMOTE;
}

/* --- what has no TLS at all --- */

#define TUNNEL "a unix socket or 127.0.0.1; else a tunnel"

static const char *tunnel_mend(const struct audit_postfix_hop *hop, const char *word, size_t len)
{
	return servers_text_printf(hop->audit->servers,
	                           "run it on this host (unix:PATH), or lead %.*s through a link "
	                           "of mailseal, WireGuard "
	                           "or stunnel and name its end on 127.0.0.1 here",
	                           (int)len, word);
}

/* "inet:10.0.0.5:8891", and "{ inet:10.0.0.5:8891, connect_timeout=10s }". */
static int milters_check(struct audit_postfix_hop *hop)
{
	const char *words = hop->setting->value, *word = NULL;
	size_t len = 0;
	int r = 0;
	while (!r && servers_word_next(&words, &word, &len)) {
		if (len > 1 && word[0] == '{') {
			word++;
			word += strspn(word, " \t");
			len = strcspn(word, " \t,}");
		}
		if (!strncmp(word, "inet", 4) && audit_postfix_is_remote(word, len))
			r = audit_postfix_hop_add(hop, TUNNEL, tunnel_mend(hop, word, len));
	}
	return err_up(r);
}

static int policy_services_check(struct audit_postfix_hop *hop)
{
	const char *at = hop->setting->value;
	int r = 0;
	while (!r && (at = strstr(at, "check_policy_service"))) {
		at += strlen("check_policy_service");
		at += strspn(at, " \t,{");
		size_t len = strcspn(at, " \t,}");
		if (!strncmp(at, "inet:", 5) && audit_postfix_is_remote(at, len))
			r = audit_postfix_hop_add(hop, TUNNEL, tunnel_mend(hop, at, len));
	}
	return err_up(r);
}

static int sasl_check(struct audit_postfix_hop *hop)
{
	const char *value = hop->setting->value;
	bool is_dovecot = !strcmp(servers_value(hop->server->top, "smtpd_sasl_type"), "dovecot");
	if (!is_dovecot || strncmp(value, "inet:", 5) != 0 ||
	    !audit_postfix_is_remote(value, strlen(value)))
		return 0;
	return err_up(audit_postfix_hop_add(hop, TUNNEL, tunnel_mend(hop, value, strlen(value))));
}

/* --- transports --- */

/* "lmtp:inet:10.0.0.5:24", "smtp:[mx]:25", "[mx]:25": transport and next hop. */
struct transport {
	char name[64];
	const char *hop;
	const char *client; /* "smtp", "lmtp"; NULL: it connects to nothing */
	const struct servers_scope *scope;
};

static const struct servers_scope *transport_scope(const struct servers_server *server,
                                                   const char *name)
{
	char service[80];
	snprintf(service, sizeof(service), "%s:unix", name);
	return servers_scope_child(server->top, "service", service);
}

static const char *client_of(const struct servers_scope *scope)
{
	const char *command = scope ? servers_value(scope, "master/command") : "";
	return !strcmp(command, "smtp") ? "smtp" : !strcmp(command, "lmtp") ? "lmtp" : NULL;
}

/* has_name: it begins with a transport, as all do but relayhost. */
static void transport_parse(const struct servers_server *server, const char *value, bool has_name,
                            struct transport *ret_transport)
{
	size_t len = has_name ? strcspn(value, ":") : 0;
	if (len >= sizeof(ret_transport->name))
		len = 0;
	snprintf(ret_transport->name, sizeof(ret_transport->name), "%.*s", (int)len, value);
	ret_transport->hop = has_name ? value + len + (value[len] == ':') : value;
	ret_transport->scope = transport_scope(server, len ? ret_transport->name : "smtp");
	ret_transport->client = client_of(ret_transport->scope);
}

/* What a policy table says of the next hop; NULL: nothing that can be read here. */
static const char *policy_of(const struct servers_server *server, const char *next)
{
	for (const struct servers_scope *table = NULL;
	     (table = servers_scope_next(server->top, "table", table));) {
		const struct servers_setting *policy = servers_setting_own(table, next);
		if (policy && !strchr(policy->value, ':') && !strchr(policy->value, '['))
			return policy->value;
	}
	return NULL;
}

/* Policies come from where this does not look: a service, a database. */
static bool has_unknown_policies(const struct servers_server *server, const char *client)
{
	char name[64];
	snprintf(name, sizeof(name), "%s_tls_policy_maps", client);
	const char *words = servers_value(server->top, name), *word = NULL;
	size_t len = 0;
	while (servers_word_next(&words, &word, &len)) {
		const char *colon = memchr(word, ':', len);
		char path[512];
		slice_to_text(slice_of(colon ? colon + 1 : word,
		                       len - (colon ? (size_t)(colon + 1 - word) : 0)),
		              path, sizeof(path));
		if (!servers_scope_child(server->top, "table", path))
			return true;
	}
	return false;
}

/* The level in force for a next hop, its own policy first; a level alone, without attributes. */
static void level_of(const struct servers_server *server, const struct transport *transport,
                     char *ret_level, size_t cap)
{
	const char *policy = policy_of(server, transport->hop);
	const char *level =
		policy ? policy : audit_postfix_client_level(transport->scope, transport->client);
	snprintf(ret_level, cap, "%.*s", (int)strcspn(level, " \t,"), level);
}

static int transport_check(struct audit_postfix_hop *hop, const char *value)
{
	struct transport transport;
	char level[32], mend[512];
	transport_parse(hop->server, value, strcmp(hop->setting->name, "relayhost") != 0,
	                &transport);
	if (!transport.client || !transport.hop[0] ||
	    !audit_postfix_is_remote(transport.hop, strlen(transport.hop)))
		return 0;
	level_of(hop->server, &transport, level, sizeof(level));
	bool is_sealed = audit_postfix_is_sealed(level);
	if (is_sealed && strcasecmp(level, "encrypt") != 0)
		return 0;
	struct audit_postfix_hop found = *hop;
	if (has_unknown_policies(hop->server, transport.client))
		found.verdict = ADVICE_INFO;
	if (is_sealed)
		found.rule = &rule_verify;
	else if (!strcmp(transport.client, "lmtp"))
		found.rule = &rule_lmtp;
	snprintf(mend, sizeof(mend),
	         "%s_tls_policy_maps = texthash:/etc/postfix/tls_policy, and in that file: %s "
	         "secure",
	         transport.client, transport.hop);
	return err_up(audit_postfix_hop_add(&found, "secure, or verify",
	                                    servers_text_str(hop->audit->servers, mend)));
}

static int transport_setting_check(struct audit_postfix_hop *hop)
{
	return err_up(transport_check(hop, hop->setting->value));
}

/* Many domains have one next hop: it is named once. */
enum { NEXT_HOPS_MAX = 100 };

struct next_hops {
	const char *values[NEXT_HOPS_MAX];
	size_t count;
};

static bool is_new(struct next_hops *hops, const char *value)
{
	for (size_t i = 0; i < hops->count; i++)
		if (!strcmp(hops->values[i], value))
			return false;
	if (hops->count < NEXT_HOPS_MAX)
		hops->values[hops->count++] = value;
	return true;
}

static int table_check(struct audit *a, const struct servers_server *server,
                       const struct servers_scope *table)
{
	struct next_hops seen = {};
	int r = 0;
	for (size_t i = 0; !r && i < table->setting_count; i++) {
		const struct servers_setting *setting = &table->settings[i];
		struct audit_postfix_hop hop = { a,       server,          "",
			                         setting, &rule_transport, ADVICE_WELL };
		if (!is_new(&seen, setting->value))
			continue;
		if (seen.count == NEXT_HOPS_MAX) {
			hop.rule = &rule_more;
			return err_up(audit_postfix_hop_add(&hop, "fewer next hops",
			                                    "look through the rest of it"));
		}
		r = transport_check(&hop, setting->value);
	}
	return err_up(r);
}

static int tables_check(struct audit *a, const struct servers_server *server)
{
	const char *maps = servers_value(server->top, "transport_maps");
	int r = 0;
	for (const struct servers_scope *table = NULL;
	     !r && (table = servers_scope_next(server->top, "table", table));)
		if (strstr(maps, table->name))
			r = table_check(a, server, table);
	return err_up(r);
}

/* --- which settings are hops --- */

static const struct {
	const char *name;
	const struct advice_rule *rule;
	int (*check)(struct audit_postfix_hop *hop);
} hops[] = {
	{ "smtpd_milters", &rule_milter, milters_check },
	{ "non_smtpd_milters", &rule_milter, milters_check },
	{ "smtpd_client_restrictions", &rule_policy_service, policy_services_check },
	{ "smtpd_helo_restrictions", &rule_policy_service, policy_services_check },
	{ "smtpd_sender_restrictions", &rule_policy_service, policy_services_check },
	{ "smtpd_relay_restrictions", &rule_policy_service, policy_services_check },
	{ "smtpd_recipient_restrictions", &rule_policy_service, policy_services_check },
	{ "smtpd_data_restrictions", &rule_policy_service, policy_services_check },
	{ "smtpd_end_of_data_restrictions", &rule_policy_service, policy_services_check },
	{ "smtpd_sasl_path", &rule_sasl, sasl_check },
	{ "content_filter", &rule_filter, transport_setting_check },
	{ "relayhost", &rule_relay, transport_setting_check },
	{ "default_transport", &rule_transport, transport_setting_check },
	{ "relay_transport", &rule_transport, transport_setting_check },
	{ "local_transport", &rule_transport, transport_setting_check },
	{ "mailbox_transport", &rule_transport, transport_setting_check },
	{ "fallback_transport", &rule_transport, transport_setting_check },
	{ "virtual_transport", &rule_transport, transport_setting_check },
};

/* In the scope alone: what it takes from around it is judged there. */
static int scope_check(struct audit *a, const struct servers_server *server,
                       const struct servers_scope *scope)
{
	int r = 0;
	for (size_t i = 0; !r && i < COUNT_OF(hops); i++) {
		const struct servers_setting *setting = servers_setting_own(scope, hops[i].name);
		struct audit_postfix_hop hop = { a,       server,       scope->name,
			                         setting, hops[i].rule, ADVICE_WELL };
		if (setting)
			r = hops[i].check(&hop);
	}
	return err_up(r);
}

int audit_postfix_hops(struct audit *a, const struct servers_server *server)
{
	int r = scope_check(a, server, server->top);
	for (const struct servers_scope *service = NULL;
	     !r && (service = servers_scope_next(server->top, "service", service));)
		r = scope_check(a, server, service);
	if (!r)
		r = tables_check(a, server);
	return r ? err_up(r) : err_up(audit_postfix_maps(a, server));
}
