/*
 * Postfix: what comes in, who logs in, who is believed. Versions and suites are postfix_tls.c, the
 * way out postfix_out.c, hops within the provider postfix_hops.c.
 */
#include "audit/postfix.h"

#include "audit/write.h"
#include "base/clean.h"
#include "base/err.h"
#include "servers/endpoint.h"
#include "servers/postfix.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

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
bool audit_postfix_has_tls(const struct audit_at *at)
{
	return has_level(at, LEVEL_MAY) || has_level(at, LEVEL_ENCRYPT);
}

bool audit_postfix_has_may(const struct audit_at *at)
{
	return has_level(at, LEVEL_MAY);
}

bool audit_postfix_has_encrypt(const struct audit_at *at)
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

static bool is_25(const struct audit_at *at)
{
	return at->listener->port == 25;
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

enum advice_verdict audit_postfix_judge_yes(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, !strcasecmp(value, "yes"));
}

static enum advice_verdict judge_no(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, strcasecmp(value, "yes") != 0);
}

enum advice_verdict audit_postfix_judge_level_1(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, strtol(value, NULL, 10) >= 1);
}

enum advice_verdict audit_postfix_judge_never(const struct audit_at *at, const char *value)
{
	return at->row->rule.verdict;
}

static enum advice_verdict judge_noanonymous(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, servers_words_have(value, "noanonymous"));
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
	            AUDIT_M3AAWG ", recommendation 1; RFC 3207",
	            "No STARTTLS is offered here: all mail arrives in clear" },
	  .setting = "smtpd_tls_security_level",
	  .where = AUDIT_LISTENERS,
	  .protocols = AUDIT_PROTOCOL(SMTP),
	  .judge = judge_sealed,
	  .right = "may" },
	{ .rule = { "postfix-submission-encrypt", "G2", ADVICE_FAIL, "RFC 8314 3.3; " AUDIT_M3AAWG,
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
	  .judge = audit_postfix_judge_yes,
	  .right = "yes" },
	{ .rule = { "postfix-smtpd-tls-auth-only", "B5", ADVICE_FAIL, "RFC 4954 4; RFC 8314 4.1",
	            "AUTH is offered before STARTTLS: passwords cross in clear" },
	  .setting = "smtpd_tls_auth_only",
	  .where = AUDIT_LISTENERS,
	  .protocols = SMTP_AND_SUBMISSION,
	  .applies = is_login_in_clear,
	  .judge = audit_postfix_judge_yes,
	  .right = "yes" },
	{ .rule = { "postfix-auth-on-25", "B6", ADVICE_WARN, "RFC 8314 3.3; RFC 6409 3.1",
	            "Users log in on a port for other servers, which cannot demand TLS; robots "
	            "guess passwords there" },
	  .setting = "smtpd_sasl_auth_enable",
	  .where = AUDIT_LISTENERS,
	  .protocols = AUDIT_PROTOCOL(SMTP),
	  .applies = is_25,
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
	{ .rule = { "postfix-smtpd-tls-loglevel", NULL, ADVICE_WARN, AUDIT_M3AAWG,
	            "The log does not say who comes with which version: nobody can know what "
	            "refusing old ones would cost" },
	  .setting = "smtpd_tls_loglevel",
	  .applies = has_open,
	  .judge = audit_postfix_judge_level_1,
	  .right = "1" },
	{ .rule = { "postfix-smtpd-tls-received-header", NULL, ADVICE_WARN,
	            "RFC 8314 4.3; " AUDIT_M3AAWG ", recommendation 4",
	            "The message does not say what sealed its way here" },
	  .setting = "smtpd_tls_received_header",
	  .applies = audit_postfix_has_tls,
	  .judge = audit_postfix_judge_yes,
	  .right = "yes" },
	{ .rule = { "postfix-smtpd-tls-ask-ccert", NULL, ADVICE_WARN, "postconf(5)",
	            "Other servers are asked for a certificate, and some break off" },
	  .setting = "smtpd_tls_ask_ccert",
	  .where = AUDIT_LISTENERS,
	  .protocols = AUDIT_PROTOCOL(SMTP),
	  .judge = judge_no,
	  .right = "no" },
	{ .rule = { "postfix-postscreen-tls", "B1", ADVICE_FAIL, AUDIT_M3AAWG ", recommendation 1",
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
	{ .rule = { "postfix-proxy-open", NULL, ADVICE_FAIL, "postconf(5)",
	            "Whoever connects may say in a PROXY header that he is another: mynetworks "
	            "among them" },
	  .setting = "smtpd_upstream_proxy_protocol",
	  .where = AUDIT_LISTENERS,
	  .protocols = SMTP_AND_SUBMISSION,
	  .applies = is_proxied,
	  .judge = audit_postfix_judge_never,
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
	if (server->certificate_count || !audit_postfix_has_tls(&at))
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
		r = audit_postfix_tls(a, server);
	if (!r)
		r = audit_postfix_out(a, server);
	if (!r)
		r = certificate_check(a, server);
	if (!r)
		r = tlsproxy_check(a, server);
	if (!r)
		r = audit_postfix_hops(a, server);
	return err_up(r);
}
