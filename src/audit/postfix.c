/* Postfix: what its own settings have to be. Where it connects to is postfix_hops.c. */
#include "audit/postfix.h"

#include "audit/cipher.h"
#include "audit/write.h"
#include "base/clean.h"
#include "base/err.h"
#include "servers/endpoint.h"
#include "servers/postfix.h"
#include "tls/cipherlist.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define M3AAWG "M3AAWG TLS for Mail"

static bool is_yes(const struct audit_at *at, const char *name)
{
	return servers_value_is_yes(at->scope, name);
}

/* --- how sealed a service of smtpd is --- */

enum level { LEVEL_NONE, LEVEL_MAY, LEVEL_ENCRYPT };

static enum level smtpd_level(const struct servers_scope *scope)
{
	const char *level = servers_value(scope, "smtpd_tls_security_level");
	if (servers_value_is_yes(scope, "smtpd_tls_wrappermode"))
		return LEVEL_ENCRYPT;
	if (!level[0])
		return servers_value_is_yes(scope, "smtpd_enforce_tls") ? LEVEL_ENCRYPT
		       : servers_value_is_yes(scope, "smtpd_use_tls")   ? LEVEL_MAY
		                                                        : LEVEL_NONE;
	return !strcasecmp(level, "none")  ? LEVEL_NONE
	       : !strcasecmp(level, "may") ? LEVEL_MAY
	                                   : LEVEL_ENCRYPT;
}

static bool has_level(const struct audit_at *at, enum level level)
{
	for (size_t i = 0; i < at->server->listener_count; i++)
		if (audit_is_open(at->server->listeners[i]) &&
		    smtpd_level(at->server->listeners[i]->scope) == level)
			return true;
	return false;
}

/* Some door that others reach has TLS. */
static bool has_tls(const struct audit_at *at)
{
	return has_level(at, LEVEL_MAY) || has_level(at, LEVEL_ENCRYPT);
}

static bool has_may(const struct audit_at *at)
{
	return has_level(at, LEVEL_MAY);
}

static bool has_encrypt(const struct audit_at *at)
{
	return has_level(at, LEVEL_ENCRYPT);
}

static bool has_open(const struct audit_at *at)
{
	return audit_has_open(at->server, ~0u);
}

static bool is_not_implicit(const struct audit_at *at)
{
	return !at->listener->is_tls && at->listener->port != 465;
}

static bool is_465(const struct audit_at *at)
{
	return at->listener->port == 465;
}

/* A login is possible before TLS. */
static bool takes_login_in_clear(const struct servers_scope *scope)
{
	return servers_value_is_yes(scope, "smtpd_sasl_auth_enable") &&
	       smtpd_level(scope) != LEVEL_ENCRYPT;
}

static bool is_login_in_clear(const struct audit_at *at)
{
	return takes_login_in_clear(at->scope);
}

static bool is_sasl(const struct audit_at *at)
{
	return is_yes(at, "smtpd_sasl_auth_enable");
}

/* --- judges --- */

static enum advice_verdict judge_sealed(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, smtpd_level(at->scope) != LEVEL_NONE);
}

static enum advice_verdict judge_encrypt(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, smtpd_level(at->scope) == LEVEL_ENCRYPT);
}

static enum advice_verdict judge_yes(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, !strcasecmp(value, "yes"));
}

static enum advice_verdict judge_no(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, strcasecmp(value, "yes") != 0);
}

/* It is on where nobody says else, and unknown to versions before. */
static enum advice_verdict judge_not_off(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, strcasecmp(value, "no") != 0);
}

static enum advice_verdict judge_level_1(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, strtol(value, NULL, 10) >= 1);
}

static enum advice_verdict judge_ssl_options(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, servers_words_have(value, "NO_RENEGOTIATION") &&
	                                 servers_words_have(value, "NO_COMPRESSION"));
}

static enum advice_verdict judge_noanonymous(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, servers_words_have(value, "noanonymous"));
}

/* --- versions --- */

/* The lowest that ">=TLSv1.2", "!SSLv3, !TLSv1" or "TLSv1.2 TLSv1.3" leaves; 0: SSL. */
static unsigned lowest_version(const char *list)
{
	static const char *const names[] = { "SSLv2",   "SSLv3",   "TLSv1",
		                             "TLSv1.1", "TLSv1.2", "TLSv1.3" };
	bool is_excluded[COUNT_OF(names)] = {}, is_included[COUNT_OF(names)] = {};
	bool has_included = false;
	size_t from = 0, len = 0;
	for (list += strspn(list, " \t,;:"); *list; list += strspn(list, " \t,;:")) {
		len = strcspn(list, " \t,;:");
		bool is_min = !strncmp(list, ">=", 2), is_not = *list == '!';
		size_t skip = is_min ? 2 : is_not;
		for (size_t i = 0; i < COUNT_OF(names); i++) {
			if (!slice_equal_nocase(slice_of(list + skip, len - skip),
			                        slice_str(names[i])))
				continue;
			from = is_min ? i : from;
			is_excluded[i] = is_excluded[i] || is_not;
			is_included[i] = is_included[i] || (!is_min && !is_not);
			has_included = has_included || is_included[i];
		}
		list += len;
	}
	while (from < COUNT_OF(names) &&
	       (is_excluded[from] || (has_included && !is_included[from])))
		from++;
	return from < 2                 ? 0
	       : from < COUNT_OF(names) ? audit_version_of(names[from], strlen(names[from]))
	                                : TLS_1_3;
}

/* Between providers plain text would follow: a warning, but SSL and profiles that say so. */
static enum advice_verdict judge_opportunistic_versions(const struct audit_at *at,
                                                        const char *value)
{
	unsigned lowest = lowest_version(value);
	if (lowest >= at->audit->profile->min_version)
		return ADVICE_WELL;
	bool is_lenient = !strcmp(at->audit->profile->name, "m3aawg") && lowest;
	return is_lenient ? ADVICE_WARN : ADVICE_FAIL;
}

static enum advice_verdict judge_versions(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, lowest_version(value) >= at->audit->profile->min_version);
}

/* --- suites --- */

static int words_exclude(struct buf *list, const char *words)
{
	const char *word = NULL;
	size_t len = 0;
	int r = 0;
	for (words += strspn(words, " \t,:"); !r && *words; words += strspn(words, " \t,:")) {
		word = words;
		len = strcspn(words, " \t,:");
		r = buf_printf(list, ":!%.*s", (int)len, word);
		words += len;
	}
	return err_up(r);
}

/* As smtpd makes it of grade and exclusions. False: OpenSSL here does not understand it. */
static bool classes_of(const struct servers_scope *scope, enum level level, unsigned *ret_classes)
{
	CLEAN(buf_deinit) struct buf list = {};
	char name[64];
	bool is_encrypt = level == LEVEL_ENCRYPT;
	const char *grade = servers_value(scope, is_encrypt ? "smtpd_tls_mandatory_ciphers"
	                                                    : "smtpd_tls_ciphers");
	snprintf(name, sizeof(name), "tls_%s_cipherlist", grade[0] ? grade : "medium");
	int r = buf_add_str(&list, servers_value(scope, name));
	if (!r)
		r = words_exclude(&list, servers_value(scope, "smtpd_tls_exclude_ciphers"));
	if (!r && is_encrypt)
		r = words_exclude(&list,
		                  servers_value(scope, "smtpd_tls_mandatory_exclude_ciphers"));
	if (!r)
		r = buf_add(&list, slice_of("", 1));
	return !r && !tls_cipherlist_classes((const char *)buf_slice(&list).data, ret_classes);
}

static enum advice_verdict judge_suites(const struct audit_at *at, enum level level,
                                        enum advice_side side)
{
	unsigned classes = 0;
	if (!classes_of(at->scope, level, &classes))
		return ADVICE_WELL;
	return audit_ciphers_verdict(side, audit_ciphers_beyond(at->audit->profile, side, classes));
}

static enum advice_verdict judge_opportunistic_suites(const struct audit_at *at, const char *value)
{
	return judge_suites(at, LEVEL_MAY, ADVICE_PROVIDERS);
}

static enum advice_verdict judge_mandatory_suites(const struct audit_at *at, const char *value)
{
	return judge_suites(at, LEVEL_ENCRYPT, ADVICE_USERS);
}

static const char *exclude_providers(const struct audit_at *at)
{
	return audit_ciphers_exclude(at->audit->profile, ADVICE_PROVIDERS);
}

static const char *exclude_users(const struct audit_at *at)
{
	return audit_ciphers_exclude(at->audit->profile, ADVICE_USERS);
}

/* Some door takes more than what comes first. */
static bool has_choice(const struct audit_at *at)
{
	unsigned classes = 0;
	return (has_may(at) && classes_of(at->scope, LEVEL_MAY, &classes) &&
	        classes & ~(unsigned)TLS_CIPHERS_AEAD) ||
	       (has_encrypt(at) && classes_of(at->scope, LEVEL_ENCRYPT, &classes) &&
	        classes & ~(unsigned)TLS_CIPHERS_AEAD);
}

/* --- groups --- */

/* Where both lists are empty OpenSSL chooses, which has it first since 3.5. */
static bool knows_post_quantum(const struct audit_at *at)
{
	struct servers *s = at->audit->servers;
	const char *library = servers_openssl_version(s);
	return has_tls(at) && servers_version_is_at_least(library, 3, 5) &&
	       servers_version_is_at_least(at->server->version, 3, 10);
}

static enum advice_verdict judge_groups(const struct audit_at *at, const char *value)
{
	bool is_openssl_s = !value[0] && !servers_value(at->scope, "tls_ffdhe_auto_groups")[0];
	return audit_well_if(at, is_openssl_s || strcasestr(value, "MLKEM"));
}

/* --- the way out --- */

static const char *const sealed_levels[] = { "encrypt", "verify", "secure", "fingerprint",
	                                     "dane-only" };

bool audit_postfix_is_sealed(const char *level)
{
	for (size_t i = 0; i < COUNT_OF(sealed_levels); i++)
		if (!strcasecmp(level, sealed_levels[i]))
			return true;
	return false;
}

const char *audit_postfix_client_level(const struct servers_scope *scope, const char *client)
{
	char name[64];
	snprintf(name, sizeof(name), "%s_tls_security_level", client);
	const char *level = servers_value(scope, name);
	snprintf(name, sizeof(name), "%s_enforce_tls", client);
	if (!level[0] && servers_value_is_yes(scope, name))
		return "encrypt";
	snprintf(name, sizeof(name), "%s_use_tls", client);
	if (!level[0])
		return servers_value_is_yes(scope, name) ? "may" : "none";
	return level;
}

static enum advice_verdict judge_client_level(const struct audit_at *at, const char *value)
{
	return audit_well_if(
		at, strcasecmp(audit_postfix_client_level(at->scope, "smtp"), "none") != 0);
}

static bool is_opportunistic_out(const struct audit_at *at)
{
	return !strcasecmp(servers_value(at->scope, "smtp_tls_security_level"), "may");
}

static enum advice_verdict judge_never(const struct audit_at *at, const char *value)
{
	return at->row->rule.verdict;
}

static bool is_dane_out(const struct audit_at *at)
{
	return !strncasecmp(servers_value(at->scope, "smtp_tls_security_level"), "dane", 4);
}

static enum advice_verdict judge_dnssec(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, !strcasecmp(value, "dnssec"));
}

static bool has_out(const struct audit_at *at)
{
	return strcasecmp(audit_postfix_client_level(at->scope, "smtp"), "none") != 0;
}

static bool has_policies(const struct audit_at *at)
{
	return servers_value(at->scope, "smtp_tls_policy_maps")[0] &&
	       servers_version_is_at_least(at->server->version, 3, 10);
}

static bool has_tlsrpt(const struct audit_at *at)
{
	return has_out(at) && servers_version_is_at_least(at->server->version, 3, 10);
}

static enum advice_verdict judge_some(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, value[0] != '\0');
}

/* A password for a relay may go out in clear. */
static bool logs_in_unsealed(const struct audit_at *at)
{
	return is_yes(at, "smtp_sasl_auth_enable") && !is_yes(at, "smtp_tls_wrappermode") &&
	       !audit_postfix_is_sealed(audit_postfix_client_level(at->scope, "smtp"));
}

static enum advice_verdict judge_noplaintext(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, servers_words_have(value, "noplaintext"));
}

static bool is_sealed_out(const struct audit_at *at)
{
	return audit_postfix_is_sealed(servers_value(at->scope, "smtp_tls_security_level"));
}

static bool has_client_certificate(const struct audit_at *at)
{
	return servers_value(at->scope, "smtp_tls_cert_file")[0] ||
	       servers_value(at->scope, "smtp_tls_chain_files")[0];
}

/* --- postscreen --- */

static bool has_postscreen(const struct audit_at *at)
{
	for (size_t i = 0; i < at->server->listener_count; i++)
		if (audit_is_open(at->server->listeners[i]) &&
		    !strcmp(servers_value(at->server->listeners[i]->block, "master/command"),
		            "postscreen"))
			return true;
	return false;
}

static enum advice_verdict judge_postscreen(const struct audit_at *at, const char *value)
{
	bool is_open_by_old = !value[0] && (is_yes(at, "postscreen_use_tls") ||
	                                    is_yes(at, "postscreen_enforce_tls"));
	return audit_well_if(at, is_open_by_old || (value[0] && strcasecmp(value, "none") != 0));
}

/* --- who is believed --- */

static bool is_proxied(const struct audit_at *at)
{
	return at->listener->expects_proxy;
}

static enum advice_verdict judge_networks(const struct audit_at *at, const char *value)
{
	const char *word = NULL;
	size_t len = 0;
	while (servers_word_next(&value, &word, &len)) {
		char network[128];
		slice_to_text(slice_of(word, len), network, sizeof(network));
		network[strcspn(network, "/")] = '\0';
		char *host = network[0] == '[' ? network + 1 : network;
		host[strcspn(host, "]")] = '\0';
		enum servers_reach reach = servers_reach_of(host);
		if (reach == SERVERS_REACH_REMOTE || reach == SERVERS_REACH_ALL)
			return at->row->rule.verdict;
	}
	return ADVICE_WELL;
}

#define SMTP_AND_SUBMISSION (AUDIT_PROTOCOL(SMTP) | AUDIT_PROTOCOL(SUBMISSION))

static const struct audit_row rows[] = {
	{ .rule = { "postfix-smtpd-tls-security-level", "B1", ADVICE_FAIL,
	            M3AAWG ", recommendation 1; RFC 3207",
	            "No STARTTLS is offered here: all mail arrives in clear" },
	  .setting = "smtpd_tls_security_level",
	  .where = AUDIT_LISTENERS,
	  .protocols = AUDIT_PROTOCOL(SMTP),
	  .judge = judge_sealed,
	  .right = "may" },
	{ .rule = { "postfix-submission-encrypt", "G2", ADVICE_FAIL, "RFC 8314 3.3; " M3AAWG,
	            "Users may send, and log in, without TLS" },
	  .setting = "smtpd_tls_security_level",
	  .where = AUDIT_LISTENERS,
	  .protocols = AUDIT_PROTOCOL(SUBMISSION),
	  .applies = is_not_implicit,
	  .judge = judge_encrypt,
	  .right = "encrypt" },
	{ .rule = { "postfix-submissions-wrappermode", "G1", ADVICE_FAIL, "RFC 8314 3.3",
	            "Port 465 has to begin with TLS; here it greets in clear" },
	  .setting = "smtpd_tls_wrappermode",
	  .where = AUDIT_LISTENERS,
	  .protocols = SMTP_AND_SUBMISSION,
	  .applies = is_465,
	  .judge = judge_yes,
	  .right = "yes" },
	{ .rule = { "postfix-smtpd-tls-auth-only", "B5", ADVICE_FAIL, "RFC 4954 4; RFC 8314 4.1",
	            "AUTH is offered before STARTTLS: passwords cross in clear" },
	  .setting = "smtpd_tls_auth_only",
	  .where = AUDIT_LISTENERS,
	  .protocols = SMTP_AND_SUBMISSION,
	  .applies = is_login_in_clear,
	  .judge = judge_yes,
	  .right = "yes" },
	{ .rule = { "postfix-auth-on-25", "B6", ADVICE_WARN, "RFC 8314 3.3; RFC 6409 3.1",
	            "Users log in on a port for other servers, which cannot demand TLS; robots "
	            "guess passwords there" },
	  .setting = "smtpd_sasl_auth_enable",
	  .where = AUDIT_LISTENERS,
	  .protocols = AUDIT_PROTOCOL(SMTP),
	  .judge = judge_no,
	  .right = "no, when all users send by 465 or 587",
	  .is_by_hand = true,
	  .mend = "when no user logs in there any more (`mailseal report` or the log says it): "
	          "postconf -P 'smtp/inet/smtpd_sasl_auth_enable=no'" },
	{ .rule = { "postfix-sasl-noanonymous", "G7", ADVICE_FAIL, "postconf(5)",
	            "Anybody may log in as nobody, and send" },
	  .setting = "smtpd_sasl_security_options",
	  .where = AUDIT_LISTENERS,
	  .protocols = SMTP_AND_SUBMISSION,
	  .applies = is_sasl,
	  .judge = judge_noanonymous,
	  .right = "noanonymous" },
	{ .rule = { "postfix-smtpd-tls-protocols", "C2", ADVICE_FAIL, "RFC 8996; RFC 9325 3.1.1",
	            "TLS 1.0 and 1.1, or SSL, are taken from other servers" },
	  .setting = "smtpd_tls_protocols",
	  .applies = has_may,
	  .judge = judge_opportunistic_versions,
	  .right = ">=TLSv1.2" },
	{ .rule = { "postfix-smtpd-tls-mandatory-protocols", "C2", ADVICE_FAIL,
	            "RFC 8997; RFC 9325 3.1.1", "TLS 1.0 and 1.1, or SSL, are taken from users" },
	  .setting = "smtpd_tls_mandatory_protocols",
	  .applies = has_encrypt,
	  .judge = judge_versions,
	  .right = ">=TLSv1.2" },
	{ .rule = { "postfix-smtpd-tls-ciphers", "D4", ADVICE_WARN, "RFC 9325 4.1; " M3AAWG,
	            "Suites without forward secrecy, without a proof, or below the profile are "
	            "taken on port 25" },
	  .setting = "smtpd_tls_exclude_ciphers",
	  .applies = has_may,
	  .judge = judge_opportunistic_suites,
	  .right_of = exclude_providers },
	{ .rule = { "postfix-smtpd-tls-mandatory-ciphers", "D4", ADVICE_FAIL, "RFC 9325 4.1",
	            "Suites without forward secrecy, without a proof, or below the profile are "
	            "taken from users" },
	  .setting = "smtpd_tls_mandatory_exclude_ciphers",
	  .applies = has_encrypt,
	  .judge = judge_mandatory_suites,
	  .right_of = exclude_users },
	{ .rule = { "postfix-tls-preempt-cipherlist", "D6", ADVICE_WARN,
	            "NCSC-NL TLS 2025-05; RFC 9325 4.2.1",
	            "The client chooses the suite, so an old one may be taken where both know a "
	            "better" },
	  .setting = "tls_preempt_cipherlist",
	  .applies = has_choice,
	  .judge = judge_yes,
	  .right = "yes" },
	{ .rule = { "postfix-tls-groups", "D9", ADVICE_WARN, "BSI TR-02102-2; Mozilla 6.0",
	            "No post-quantum key exchange, though OpenSSL here has it: what is recorded "
	            "today can be read later" },
	  .setting = "tls_eecdh_auto_curves",
	  .applies = knows_post_quantum,
	  .judge = judge_groups,
	  .right = "X25519MLKEM768 X25519 prime256v1 secp384r1" },
	{ .rule = { "postfix-tls-ssl-options", "D15", ADVICE_WARN, "RFC 9325 3.3, 3.5",
	            "Clients may start handshakes again and again in one session" },
	  .setting = "tls_ssl_options",
	  .applies = has_tls,
	  .judge = judge_ssl_options,
	  .right = "NO_COMPRESSION, NO_RENEGOTIATION" },
	{ .rule = { "postfix-smtpd-tls-loglevel", NULL, ADVICE_WARN, M3AAWG,
	            "The log does not say who comes with which version: nobody can know what "
	            "refusing old ones would cost" },
	  .setting = "smtpd_tls_loglevel",
	  .applies = has_open,
	  .judge = judge_level_1,
	  .right = "1" },
	{ .rule = { "postfix-smtp-tls-loglevel", NULL, ADVICE_WARN, M3AAWG,
	            "The log does not say how mail leaves" },
	  .setting = "smtp_tls_loglevel",
	  .judge = judge_level_1,
	  .right = "1" },
	{ .rule = { "postfix-smtpd-tls-received-header", NULL, ADVICE_WARN,
	            "RFC 8314 4.3; " M3AAWG ", recommendation 4",
	            "The message does not say what sealed its way here" },
	  .setting = "smtpd_tls_received_header",
	  .applies = has_tls,
	  .judge = judge_yes,
	  .right = "yes" },
	{ .rule = { "postfix-smtpd-tls-ask-ccert", NULL, ADVICE_WARN, "postconf(5)",
	            "Other servers are asked for a certificate, and some break off" },
	  .setting = "smtpd_tls_ask_ccert",
	  .where = AUDIT_LISTENERS,
	  .protocols = AUDIT_PROTOCOL(SMTP),
	  .judge = judge_no,
	  .right = "no" },
	{ .rule = { "postfix-postscreen-tls", "B1", ADVICE_FAIL, M3AAWG ", recommendation 1",
	            "postscreen offers no STARTTLS, whatever smtpd behind it does" },
	  .setting = "postscreen_tls_security_level",
	  .applies = has_postscreen,
	  .judge = judge_postscreen,
	  .right = "$smtpd_tls_security_level" },
	{ .rule = { "postfix-tlsproxy-tls", "B1", ADVICE_FAIL, "tlsproxy(8)",
	            "postscreen's TLS is made by tlsproxy, which is told to have none" },
	  .setting = "tlsproxy_tls_security_level",
	  .applies = has_postscreen,
	  .judge = judge_postscreen,
	  .right = "$smtpd_tls_security_level" },
	{ .rule = { "postfix-smtp-tls-security-level", "F10", ADVICE_FAIL,
	            M3AAWG ", recommendation 1; RFC 7435",
	            "Mail goes to other providers in clear, also to those that have TLS" },
	  .setting = "smtp_tls_security_level",
	  .judge = judge_client_level,
	  .right = "may" },
	{ .rule = { "postfix-smtp-dane", "F10", ADVICE_INFO, "RFC 7672",
	            "Nobody is asked for proof who he is: whoever is in between may read" },
	  .setting = "smtp_tls_security_level",
	  .applies = is_opportunistic_out,
	  .judge = judge_never,
	  .right = "dane, where a resolver on this host validates",
	  .is_by_hand = true,
	  .mend = "with a validating resolver on 127.0.0.1 in resolv.conf: postconf -e "
	          "'smtp_dns_support_level = dnssec' 'smtp_tls_security_level = dane'; or let "
	          "mailseal decide: see smtp_tls_policy_maps in mailseal-run(8)" },
	{ .rule = { "postfix-smtp-dnssec", "F10", ADVICE_FAIL, "RFC 7672 2.1.1; postconf(5)",
	            "DANE without DNSSEC is never applied: mail goes out as with \"may\"" },
	  .setting = "smtp_dns_support_level",
	  .applies = is_dane_out,
	  .judge = judge_dnssec,
	  .right = "dnssec" },
	{ .rule = { "postfix-smtp-mta-sts", "F10", ADVICE_INFO, "RFC 8461",
	            "MTA-STS policies of other providers are not applied" },
	  .setting = "smtp_tls_policy_maps",
	  .applies = has_out,
	  .judge = judge_some,
	  .right = "a policy service",
	  .is_by_hand = true,
	  .mend = "smtp_tls_policy_maps = socketmap:unix:mailseal/policy:policy, with a policy "
	          "service of mailseal: see mailseal-run(8)" },
	{ .rule = { "postfix-smtp-sts-mx-patterns", "F10", ADVICE_WARN, "RFC 8461 4.1",
	            "Hosts that no pattern of the policy names are delivered to" },
	  .setting = "smtp_tls_enforce_sts_mx_patterns",
	  .applies = has_policies,
	  .judge = judge_yes,
	  .right = "yes" },
	{ .rule = { "postfix-smtp-tlsrpt", "F9", ADVICE_INFO, "RFC 8460",
	            "Other providers never learn that their TLS fails" },
	  .setting = "smtp_tlsrpt_enable",
	  .applies = has_tlsrpt,
	  .judge = judge_yes,
	  .right = "yes, with a collector",
	  .is_by_hand = true,
	  .mend = "smtp_tlsrpt_enable = yes and smtp_tlsrpt_socket_name = the collector's: see "
	          "mailseal-tlsrpt(8)" },
	{ .rule = { "postfix-smtp-log-tls-status", NULL, ADVICE_WARN, M3AAWG,
	            "The line of a delivery does not say what sealed it" },
	  .setting = "smtp_log_tls_feature_status",
	  .applies = has_out,
	  .judge = judge_not_off,
	  .right = "yes" },
	{ .rule = { "postfix-smtp-sasl-noplaintext", NULL, ADVICE_FAIL, "postconf(5); RFC 4954 4",
	            "The password for the relay is sent in clear when the relay, or somebody in "
	            "between, offers no TLS" },
	  .setting = "smtp_sasl_security_options",
	  .applies = logs_in_unsealed,
	  .judge = judge_noplaintext,
	  .right = "noplaintext, noanonymous" },
	{ .rule = { "postfix-smtp-sasl-tls-options", NULL, ADVICE_INFO, "postconf(5)",
	            "With TLS a plain login is well; without this line it is refused there too" },
	  .setting = "smtp_sasl_tls_security_options",
	  .applies = logs_in_unsealed,
	  .judge = judge_noanonymous,
	  .right = "noanonymous" },
	{ .rule = { "postfix-smtp-early-reply", NULL, ADVICE_WARN, "postconf(5)",
	            "Replies that come in clear behind STARTTLS are taken for the far end's" },
	  .setting = "smtp_tls_block_early_mail_reply",
	  .applies = is_sealed_out,
	  .judge = judge_yes,
	  .right = "yes" },
	{ .rule = { "postfix-smtp-client-certificate", NULL, ADVICE_INFO, "CA/Browser Forum 2026",
	            "Public CAs issue no certificates for clients any more: for mutual TLS take "
	            "one of a CA of your own" },
	  .setting = "smtp_tls_cert_file",
	  .applies = has_client_certificate,
	  .judge = judge_never,
	  .right = "none, or of your own CA",
	  .is_by_hand = true,
	  .mend = "smtp_tls_cert_file = , unless a partner asks for it" },
	{ .rule = { "postfix-proxy-open", NULL, ADVICE_FAIL, "postconf(5)",
	            "Whoever connects may say in a PROXY header that he is another: mynetworks "
	            "among them" },
	  .setting = "smtpd_upstream_proxy_protocol",
	  .where = AUDIT_LISTENERS,
	  .protocols = SMTP_AND_SUBMISSION,
	  .applies = is_proxied,
	  .judge = judge_never,
	  .right = "set only where the proxy alone can connect",
	  .is_by_hand = true,
	  .mend = "let this service listen on 127.0.0.1 in master.cf, or keep others away from its "
	          "port by a firewall" },
	{ .rule = { "postfix-xclient-hosts", NULL, ADVICE_WARN, "XCLIENT_README",
	            "Hosts of the network may say that they are another, mynetworks among them, "
	            "by a line that crosses unproven" },
	  .setting = "smtpd_authorized_xclient_hosts",
	  .judge = judge_networks,
	  .right = "127.0.0.1, or the proxy's address alone",
	  .is_by_hand = true,
	  .mend = "smtpd_authorized_xclient_hosts = 127.0.0.1, where the proxy is on this host" },
};

/* --- what is no one setting --- */

static const struct advice_rule rule_certificate = {
	"postfix-certificate", "B2", ADVICE_FAIL, "RFC 3207 4; postconf(5)",
	"TLS is on, and there is no certificate: handshakes fail"
};

static const struct advice_rule rule_tlsproxy = {
	"postfix-tlsproxy-service", "B2", ADVICE_FAIL, "tlsproxy(8)",
	"postscreen offers STARTTLS, and tlsproxy, which makes it, is not in master.cf"
};

static int certificate_check(struct audit *a, const struct servers_server *server)
{
	const struct audit_at at = { a, server, server->top, NULL, NULL };
	if (server->certificate_count || !has_tls(&at))
		return 0;
	return err_up(audit_add(a, &(struct audit_finding){
					   .rule = &rule_certificate,
					   .server = server,
					   .setting = "smtpd_tls_chain_files",
					   .right = "the files of key and chain",
					   .mend = "smtpd_tls_chain_files = /etc/ssl/KEY.pem, "
						   "/etc/ssl/CHAIN.pem",
				   }));
}

static int tlsproxy_check(struct audit *a, const struct servers_server *server)
{
	const struct audit_at at = { a, server, server->top, NULL, NULL };
	const char *level = servers_value(server->top, "postscreen_tls_security_level");
	if (!has_postscreen(&at) || !level[0] || !strcasecmp(level, "none") ||
	    servers_scope_child(server->top, "service", "tlsproxy:unix"))
		return 0;
	return err_up(
		audit_add(a, &(struct audit_finding){
				     .rule = &rule_tlsproxy,
				     .server = server,
				     .service = "tlsproxy:unix",
				     .setting = "master.cf",
				     .right = "a line for tlsproxy",
				     .mend = "postconf -M 'tlsproxy/unix=tlsproxy unix - - y - 0 "
					     "tlsproxy'",
			     }));
}

int audit_postfix(struct audit *a, const struct servers_server *server)
{
	int r = audit_rows(a, server, rows, COUNT_OF(rows), &audit_write_postfix);
	if (!r)
		r = certificate_check(a, server);
	if (!r)
		r = tlsproxy_check(a, server);
	if (!r)
		r = audit_postfix_hops(a, server);
	return err_up(r);
}
