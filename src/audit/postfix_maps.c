/* Where Postfix looks up its users: directories and databases of other hosts. */
#include "audit/postfix.h"
#include "base/clean.h"
#include "base/err.h"
#include "servers/endpoint.h"
#include "servers/postfix.h"

#include <errno.h>
#include <strings.h>

#define INTERNAL AUDIT_M3AAWG ", recommendation 2"

static const struct advice_rule rule_ldap = { "postfix-map-ldap", NULL, ADVICE_FAIL,
	                                      INTERNAL "; ldap_table(5)",
	                                      "The directory of users is asked in clear" };

static const struct advice_rule rule_ldap_verify = {
	"postfix-map-ldap-verify", NULL, ADVICE_FAIL, "ldap_table(5); RFC 9325 6.1",
	"Anybody's certificate is taken for the directory's"
};

static const struct advice_rule rule_mysql = { "postfix-map-mysql", NULL, ADVICE_FAIL,
	                                       INTERNAL "; mysql_table(5)",
	                                       "The database of users is asked in clear, or by "
	                                       "TLS without proof" };

static const struct advice_rule rule_pgsql = { "postfix-map-pgsql", NULL, ADVICE_FAIL,
	                                       INTERNAL "; pgsql_table(5)",
	                                       "The database of users is asked in clear, or by "
	                                       "TLS without proof" };

static struct audit_postfix_hop map_hop(struct audit *a, const struct servers_server *server,
                                        const struct servers_scope *map, const char *name,
                                        const struct advice_rule *rule)
{
	const struct servers_setting *setting = servers_setting_own(map, name);
	return (struct audit_postfix_hop){ a, server, map->name, setting, rule, ADVICE_WELL };
}

static bool has_remote(const char *words, const char *sealed_scheme)
{
	const char *word = NULL;
	size_t len = 0, scheme = strlen(sealed_scheme);
	while (servers_word_next(&words, &word, &len))
		if (audit_postfix_is_remote(word, len) &&
		    (!scheme || strncasecmp(word, sealed_scheme, scheme) != 0))
			return true;
	return false;
}

static const char *own_value(const struct servers_scope *map, const char *name)
{
	const struct servers_setting *setting = servers_setting_own(map, name);
	return setting ? setting->value : "";
}

static const char *line_in(struct audit *a, const struct servers_scope *map, const char *line)
{
	return servers_text_printf(a->servers, "in %s: %s", map->name, line);
}

static int ldap_check(struct audit *a, const struct servers_server *server,
                      const struct servers_scope *map)
{
	struct audit_postfix_hop hop = map_hop(a, server, map, "server_host", &rule_ldap);
	if (!hop.setting)
		return 0;
	bool starts_tls = !strcasecmp(own_value(map, "start_tls"), "yes");
	if (!starts_tls && has_remote(hop.setting->value, "ldaps://"))
		return err_up(audit_postfix_hop_add(&hop, "ldaps://, or start_tls = yes",
		                                    line_in(a, map,
		                                            "start_tls = yes, version = 3 and "
		                                            "tls_require_cert = yes")));
	hop.rule = &rule_ldap_verify;
	if (has_remote(hop.setting->value, "") &&
	    strcasecmp(own_value(map, "tls_require_cert"), "yes") != 0)
		return err_up(audit_postfix_hop_add(&hop, "tls_require_cert = yes",
		                                    line_in(a, map,
		                                            "tls_require_cert = yes, with "
		                                            "tls_ca_cert_file")));
	return 0;
}

static int mysql_check(struct audit *a, const struct servers_server *server,
                       const struct servers_scope *map)
{
	struct audit_postfix_hop hop = map_hop(a, server, map, "hosts", &rule_mysql);
	if (!hop.setting || !has_remote(hop.setting->value, "") ||
	    !strcasecmp(own_value(map, "tls_verify_cert"), "yes"))
		return 0;
	return err_up(
		audit_postfix_hop_add(&hop, "tls_verify_cert = yes, or unix:PATH",
	                              line_in(a, map, "tls_verify_cert = yes, with tls_CAfile")));
}

static int pgsql_check(struct audit *a, const struct servers_server *server,
                       const struct servers_scope *map)
{
	struct audit_postfix_hop hop = map_hop(a, server, map, "hosts", &rule_pgsql);
	const char *words = hop.setting ? hop.setting->value : "", *word = NULL;
	size_t len = 0;
	int r = 0;
	while (!r && servers_word_next(&words, &word, &len)) {
		const char *host = memmem(word, len, "@", 1);
		size_t skip = host && memmem(word, len, "://", 3) ? (size_t)(host + 1 - word) : 0;
		bool is_verified = memmem(word, len, "sslmode=verify-full", 19) != NULL;
		if (!is_verified && audit_postfix_is_remote(word + skip, len - skip))
			r = audit_postfix_hop_add(&hop,
			                          "an URI with sslmode=verify-full, or unix:PATH",
			                          line_in(a, map,
			                                  "hosts = postgresql://USER@HOST/DB"
			                                  "?sslmode=verify-full"));
	}
	return err_up(r);
}

int audit_postfix_maps(struct audit *a, const struct servers_server *server)
{
	static const struct {
		const char *type;
		int (*check)(struct audit *a, const struct servers_server *server,
		             const struct servers_scope *map);
	} types[] = { { "ldap", ldap_check }, { "mysql", mysql_check }, { "pgsql", pgsql_check } };
	int r = 0;
	for (const struct servers_scope *map = NULL;
	     !r && (map = servers_scope_next(server->top, "map", map));)
		for (size_t i = 0; !r && i < COUNT_OF(types); i++)
			if (!strcmp(own_value(map, "map/type"), types[i].type))
				r = types[i].check(a, server, map);
	return err_up(r);
}
