/* Postfix: how mail goes out to other providers. */
#include "audit/postfix.h"

#include "audit/write.h"
#include "base/clean.h"
#include "base/err.h"

#include <stdio.h>
#include <strings.h>

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
	return servers_value_is_yes(at->scope, "smtp_sasl_auth_enable") &&
	       !servers_value_is_yes(at->scope, "smtp_tls_wrappermode") &&
	       !audit_postfix_is_sealed(audit_postfix_client_level(at->scope, "smtp"));
}

/* By default it is what smtp_sasl_security_options is, also when that is mended. */
static enum advice_verdict judge_tls_options(const struct audit_at *at, const char *value)
{
	const struct servers_setting *own =
		servers_setting_find(at->scope, "smtp_sasl_tls_security_options");
	bool is_mended = servers_words_have(servers_value(at->scope, "smtp_sasl_security_options"),
	                                    "noplaintext");
	return audit_well_if(at, (own && !own->is_default) || is_mended);
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

/* It is on where nobody says else, and unknown to versions before. */
static enum advice_verdict judge_not_off(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, strcasecmp(value, "no") != 0);
}

static const struct audit_row rows[] = {
	{ .rule = { "postfix-smtp-tls-loglevel", NULL, ADVICE_WARN, AUDIT_M3AAWG,
	            "The log does not say how mail leaves" },
	  .setting = "smtp_tls_loglevel",
	  .judge = audit_postfix_judge_level_1,
	  .right = "1" },
	{ .rule = { "postfix-smtp-tls-security-level", "F10", ADVICE_FAIL,
	            AUDIT_M3AAWG ", recommendation 1; RFC 7435",
	            "Mail goes to other providers in clear, also to those that have TLS" },
	  .setting = "smtp_tls_security_level",
	  .judge = judge_client_level,
	  .right = "may" },
	{ .rule = { "postfix-smtp-dane", "F10", ADVICE_INFO, "RFC 7672",
	            "Nobody is asked for proof who he is: whoever is in between may read" },
	  .setting = "smtp_tls_security_level",
	  .applies = is_opportunistic_out,
	  .judge = audit_postfix_judge_never,
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
	  .judge = audit_postfix_judge_yes,
	  .right = "yes" },
	{ .rule = { "postfix-smtp-tlsrpt", "F9", ADVICE_INFO, "RFC 8460",
	            "Other providers never learn that their TLS fails" },
	  .setting = "smtp_tlsrpt_enable",
	  .applies = has_tlsrpt,
	  .judge = audit_postfix_judge_yes,
	  .right = "yes, with a collector",
	  .is_by_hand = true,
	  .mend = "smtp_tlsrpt_enable = yes and smtp_tlsrpt_socket_name = the collector's: see "
	          "mailseal-tlsrpt(8)" },
	{ .rule = { "postfix-smtp-log-tls-status", NULL, ADVICE_WARN, AUDIT_M3AAWG,
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
	{ .rule = { "postfix-smtp-sasl-tls-options", NULL, ADVICE_WARN, "postconf(5)",
	            "When plain logins without TLS end, this line lets those within TLS go on" },
	  .setting = "smtp_sasl_tls_security_options",
	  .applies = logs_in_unsealed,
	  .judge = judge_tls_options,
	  .right = "noanonymous" },
	{ .rule = { "postfix-smtp-early-reply", NULL, ADVICE_WARN, "postconf(5)",
	            "Replies that come in clear behind STARTTLS are taken for the far end's" },
	  .setting = "smtp_tls_block_early_mail_reply",
	  .applies = is_sealed_out,
	  .judge = audit_postfix_judge_yes,
	  .right = "yes" },
	{ .rule = { "postfix-smtp-client-certificate", NULL, ADVICE_INFO, "CA/Browser Forum 2026",
	            "Public CAs issue no certificates for clients any more: for mutual TLS take "
	            "one of a CA of your own" },
	  .setting = "smtp_tls_cert_file",
	  .applies = has_client_certificate,
	  .judge = audit_postfix_judge_never,
	  .right = "none, or of your own CA",
	  .is_by_hand = true,
	  .mend = "smtp_tls_cert_file = , unless a partner asks for it" },
};

int audit_postfix_out(struct audit *a, const struct servers_server *server)
{
	return err_up(audit_rows(a, server, rows, COUNT_OF(rows), &audit_write_postfix));
}
