/* Dovecot, 2.3 and 2.4: what its own settings have to be. Its hops are dovecot_hops.c. */
#include "audit/dovecot.h"

#include "audit/cipher.h"
#include "audit/write.h"
#include "base/clean.h"
#include "base/err.h"
#include "servers/dovecot.h"
#include "servers/endpoint.h"
#include "tls/cipherlist.h"

#include <strings.h>

#define M3AAWG "M3AAWG TLS for Mail"
#define USERS                                                                                      \
	(AUDIT_PROTOCOL(IMAP) | AUDIT_PROTOCOL(POP3) | AUDIT_PROTOCOL(MANAGESIEVE) |               \
	 AUDIT_PROTOCOL(SUBMISSION))

/* --- when --- */

static bool has_users(const struct audit_at *at)
{
	return audit_has_open(at->server, USERS);
}

static bool has_tls(const struct audit_at *at)
{
	return has_users(at) && strcasecmp(servers_value(at->scope, "ssl"), "no") != 0;
}

static bool has_own_groups(const struct audit_at *at)
{
	return has_tls(at) &&
	       servers_version_is_at_least(servers_openssl_version(at->audit->servers), 3, 5);
}

static unsigned beyond_aead(const struct audit_at *at)
{
	unsigned classes = 0;
	if (tls_cipherlist_classes(servers_value(at->scope, "ssl_cipher_list"), &classes))
		return 0;
	return classes & ~(unsigned)TLS_CIPHERS_AEAD;
}

static bool has_choice(const struct audit_at *at)
{
	return has_tls(at) && beyond_aead(at);
}

static bool is_clear(const struct audit_at *at)
{
	return !at->listener->is_tls;
}

/* Something in front of it ends TLS. */
static bool has_front(const struct audit_at *at)
{
	for (size_t i = 0; i < at->server->listener_count; i++)
		if (at->server->listeners[i]->expects_proxy)
			return true;
	return at->audit->front_count > 0;
}

static bool is_proxied(const struct audit_at *at)
{
	return at->listener->expects_proxy;
}

/* --- judges --- */

static enum advice_verdict judge_ssl(const struct audit_at *at, const char *value)
{
	return !strcasecmp(value, "required") ? ADVICE_WELL
	       : !strcasecmp(value, "yes")    ? ADVICE_WARN
	                                      : ADVICE_FAIL;
}

static enum advice_verdict judge_yes(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, !strcasecmp(value, "yes"));
}

static enum advice_verdict judge_no(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, strcasecmp(value, "yes") != 0);
}

static enum advice_verdict judge_version(const struct audit_at *at, const char *value)
{
	bool is_latest = !strcasecmp(value, "LATEST");
	return audit_well_if(at, is_latest || (unsigned)audit_version_of(value, strlen(value)) >=
	                                              at->audit->profile->min_version);
}

static enum advice_verdict judge_suites(const struct audit_at *at, const char *value)
{
	unsigned classes = 0;
	if (tls_cipherlist_classes(value, &classes))
		return ADVICE_WARN; /* nothing is left of it */
	return audit_ciphers_verdict(
		ADVICE_USERS, audit_ciphers_beyond(at->audit->profile, ADVICE_USERS, classes));
}

static const char *suites_of(const struct audit_at *at)
{
	return audit_ciphers_list(at->audit->profile, ADVICE_USERS);
}

static enum advice_verdict judge_groups(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, !value[0] || strcasestr(value, "MLKEM"));
}

static enum advice_verdict judge_server(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, !strcasecmp(value, "server"));
}

static enum advice_verdict judge_none(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, !value[0]);
}

static enum advice_verdict judge_always(const struct audit_at *at, const char *value)
{
	return at->row->rule.verdict;
}

bool audit_dovecot_is_remote(const char *networks)
{
	const char *word = NULL;
	size_t len = 0;
	while (servers_word_next(&networks, &word, &len)) {
		char host[128];
		slice_to_text(slice_of(word, len), host, sizeof(host));
		host[strcspn(host, "/")] = '\0';
		enum servers_reach reach = servers_reach_of(host);
		if (reach == SERVERS_REACH_REMOTE || reach == SERVERS_REACH_ALL)
			return true;
	}
	return false;
}

static enum advice_verdict judge_networks(const struct audit_at *at, const char *value)
{
	if (!audit_dovecot_is_remote(value))
		return ADVICE_WELL;
	/* 2.4 wants TLS from them too, where ssl = required. */
	bool needs_tls = servers_dovecot_is_24(at->server) &&
	                 !strcasecmp(servers_value(at->scope, "ssl"), "required");
	return needs_tls ? ADVICE_WARN : ADVICE_FAIL;
}

static enum advice_verdict judge_log_23(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, strstr(value, "%k") || strstr(value, "%{ssl_security}"));
}

static enum advice_verdict judge_log_24(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, strstr(value, "%{ssl_security}") != NULL);
}

static enum advice_verdict judge_plus(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, !strcasestr(value, "-PLUS"));
}

/* An empty list believes nobody, so no proxy gets through. */
static enum advice_verdict judge_proxies(const struct audit_at *at, const char *value)
{
	const char *word = NULL;
	size_t len = 0;
	if (!value[0])
		return ADVICE_WARN;
	while (servers_word_next(&value, &word, &len))
		if (len >= 2 && !strncmp(word + len - 2, "/0", 2))
			return ADVICE_FAIL;
	return ADVICE_WELL;
}

/* --- rows of both --- */

static const struct audit_row rows[] = {
	{ .rule = { "dovecot-ssl", "G4", ADVICE_FAIL, "RFC 8314 4.1; " M3AAWG ", recommendation 3",
	            "A client may go on without TLS" },
	  .setting = "ssl",
	  .applies = has_users,
	  .judge = judge_ssl,
	  .right = "required" },
	{ .rule = { "dovecot-ssl-min-protocol", "C2", ADVICE_FAIL, "RFC 8996; RFC 9325 3.1.1",
	            "TLS 1.0 and 1.1, or SSL, are taken" },
	  .setting = "ssl_min_protocol",
	  .applies = has_tls,
	  .judge = judge_version,
	  .right = "TLSv1.2" },
	{ .rule = { "dovecot-ssl-cipher-list", "D5", ADVICE_FAIL, "RFC 9325 4.1, 4.2",
	            "Suites that the profile does not have are taken: CBC, finite fields, or "
	            "without forward secrecy" },
	  .setting = "ssl_cipher_list",
	  .applies = has_tls,
	  .judge = judge_suites,
	  .right_of = suites_of },
	{ .rule = { "dovecot-ssl-curve-list", "D9", ADVICE_WARN, "BSI TR-02102-2; Mozilla 6.0",
	            "No post-quantum key exchange, though OpenSSL here has it: what is recorded "
	            "today can be read later" },
	  .setting = "ssl_curve_list",
	  .applies = has_own_groups,
	  .judge = judge_groups,
	  .right = "X25519MLKEM768:X25519:prime256v1:secp384r1" },
	{ .rule = { "dovecot-login-trusted-networks", NULL, ADVICE_FAIL,
	            M3AAWG ", recommendation 2",
	            "From these networks passwords are taken in clear, and clients may say that "
	            "they are another" },
	  .setting = "login_trusted_networks",
	  .judge = judge_networks,
	  .right = "" },
	{ .rule = { "dovecot-haproxy-trusted-networks", NULL, ADVICE_FAIL, "Dovecot, HAProxy",
	            "PROXY headers are expected: where any network is believed anybody may say "
	            "that he is another, where none is, nobody gets in" },
	  .setting = "haproxy_trusted_networks",
	  .where = AUDIT_LISTENERS,
	  .protocols = USERS | AUDIT_PROTOCOL(LMTP),
	  .applies = is_proxied,
	  .judge = judge_proxies,
	  .right = "the proxies' addresses",
	  .is_by_hand = true,
	  .mend = "haproxy_trusted_networks = 127.0.0.1 ::1, or the addresses of the hosts in "
	          "front" },
	{ .rule = { "dovecot-plain-listener", "G4", ADVICE_INFO, "RFC 8314 4.1",
	            "A port that begins in clear: a client may be led to stay so" },
	  .setting = "port",
	  .where = AUDIT_LISTENERS,
	  .protocols = AUDIT_PROTOCOL(IMAP) | AUDIT_PROTOCOL(POP3),
	  .applies = is_clear,
	  .is_of_block = true,
	  .judge = judge_always,
	  .right = "0, when all clients come by 993 and 995",
	  .is_by_hand = true,
	  .mend = "when nobody comes there any more: port = 0 in this inet_listener" },
	{ .rule = { "dovecot-channel-binding", NULL, ADVICE_WARN, "RFC 5802 6; RFC 9266",
	            "It offers -PLUS mechanisms, and what is in front of it ends TLS: clients that "
	            "bind to their TLS cannot log in" },
	  .setting = "auth_mechanisms",
	  .applies = has_front,
	  .judge = judge_plus,
	  .right = "the same without -PLUS",
	  .is_by_hand = true },
	{ .rule = { "dovecot-client-verify", NULL, ADVICE_FAIL, "RFC 9325 6.1",
	            "Where Dovecot connects by TLS, anybody's certificate is taken" },
	  .setting = "ssl_client_require_valid_cert",
	  .judge = judge_yes,
	  .right = "yes" },
};

/* --- rows of one --- */

static const struct audit_row rows_23[] = {
	{ .rule = { "dovecot-cleartext", "G4", ADVICE_FAIL, "RFC 9051 11.1; RFC 8314 4.1",
	            "Passwords are taken in clear" },
	  .setting = "disable_plaintext_auth",
	  .judge = judge_yes,
	  .right = "yes" },
	{ .rule = { "dovecot-prefer-server", "D6", ADVICE_WARN, "NCSC-NL TLS 2025-05",
	            "The client chooses the suite, so an old one may be taken where both know a "
	            "better" },
	  .setting = "ssl_prefer_server_ciphers",
	  .applies = has_choice,
	  .judge = judge_yes,
	  .right = "yes" },
	{ .rule = { "dovecot-dh", "D7", ADVICE_INFO, "RFC 9325 4.2; NCSC-NL TLS 2025-05",
	            "Key exchange by finite fields needs it alone, and nobody needs that" },
	  .setting = "ssl_dh",
	  .applies = has_tls,
	  .judge = judge_none,
	  .right = "",
	  .is_by_hand = true,
	  .mend = "take the line ssl_dh out" },
	{ .rule = { "dovecot-login-log", NULL, ADVICE_WARN, M3AAWG,
	            "The log does not say who comes with which version: nobody can know what "
	            "refusing old ones would cost" },
	  .setting = "login_log_format_elements",
	  .applies = has_users,
	  .judge = judge_log_23,
	  .right = "user=<%u> method=%m rip=%r lip=%l mpid=%e %c %k session=<%{session}>" },
};

static const struct audit_row rows_24[] = {
	{ .rule = { "dovecot-cleartext", "G4", ADVICE_FAIL, "RFC 9051 11.1; RFC 8314 4.1",
	            "Passwords are taken in clear" },
	  .setting = "auth_allow_cleartext",
	  .judge = judge_no,
	  .right = "no" },
	{ .rule = { "dovecot-prefer-server", "D6", ADVICE_WARN, "NCSC-NL TLS 2025-05",
	            "The client chooses the suite, so an old one may be taken where both know a "
	            "better" },
	  .setting = "ssl_server_prefer_ciphers",
	  .applies = has_choice,
	  .judge = judge_server,
	  .right = "server" },
	{ .rule = { "dovecot-dh", "D7", ADVICE_INFO, "RFC 9325 4.2; NCSC-NL TLS 2025-05",
	            "Key exchange by finite fields needs it alone, and nobody needs that" },
	  .setting = "ssl_server_dh_file",
	  .applies = has_tls,
	  .judge = judge_none,
	  .right = "",
	  .is_by_hand = true,
	  .mend = "take the line ssl_server_dh_file out" },
	{ .rule = { "dovecot-login-log", NULL, ADVICE_WARN, M3AAWG,
	            "The log does not say who comes with which version: nobody can know what "
	            "refusing old ones would cost" },
	  .setting = "login_log_format_elements",
	  .applies = has_users,
	  .judge = judge_log_24,
	  .right = "user=<%{user}> method=%{mechanism} rip=%{remote_ip} lip=%{local_ip} "
	           "mpid=%{mail_pid} %{secured} %{ssl_security} session=<%{session}>" },
};

/* --- what is no one setting --- */

static const struct advice_rule rule_certificate = {
	"dovecot-certificate", "G1", ADVICE_FAIL, "RFC 8314 3",
	"TLS is on, and there is no certificate: nobody gets in by TLS"
};

static const struct advice_rule rule_dialect = {
	"dovecot-config-version", NULL, ADVICE_FAIL, "Dovecot 2.4, upgrading",
	"Files of 2.3 are not read by 2.4: it does not start"
};

static int certificate_check(struct audit *a, const struct servers_server *server)
{
	const struct audit_at at = { a, server, server->top, NULL, NULL };
	bool is_24 = servers_dovecot_is_24(server);
	if (server->certificate_count || !has_tls(&at))
		return 0;
	return err_up(audit_add(
		a, &(struct audit_finding){
			   .rule = &rule_certificate,
			   .server = server,
			   .setting = is_24 ? "ssl_server_cert_file" : "ssl_cert",
			   .right = "the files of chain and key",
			   .mend = is_24 ? "ssl_server_cert_file = /etc/ssl/CHAIN.pem and "
	                                   "ssl_server_key_file = /etc/ssl/KEY.pem"
	                                 : "ssl_cert = </etc/ssl/CHAIN.pem and ssl_key = "
	                                   "</etc/ssl/KEY.pem",
		   }));
}

static int dialect_check(struct audit *a, const struct servers_server *server)
{
	if (servers_dovecot_is_24(server) || !servers_version_is_at_least(server->version, 2, 4))
		return 0;
	return err_up(audit_add(a, &(struct audit_finding){
					   .rule = &rule_dialect,
					   .server = server,
					   .setting = "dovecot_config_version",
					   .right = "the version the files are written for",
					   .mend = "as the first line: dovecot_config_version = "
						   "2.4.0, and the settings in their new names",
				   }));
}

int audit_dovecot(struct audit *a, const struct servers_server *server)
{
	bool is_24 = servers_dovecot_is_24(server);
	int r = audit_rows(a, server, rows, COUNT_OF(rows), &audit_write_dovecot);
	if (!r && is_24)
		r = audit_rows(a, server, rows_24, COUNT_OF(rows_24), &audit_write_dovecot);
	if (!r && !is_24)
		r = audit_rows(a, server, rows_23, COUNT_OF(rows_23), &audit_write_dovecot);
	if (!r)
		r = certificate_check(a, server);
	if (!r)
		r = dialect_check(a, server);
	return r ? err_up(r) : err_up(audit_dovecot_hops(a, server));
}
