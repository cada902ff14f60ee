/* Cyrus IMAP: imapd.conf, for each service of cyrus.conf. */
#include "audit/line.h"
#include "audit/others.h"
#include "base/clean.h"
#include "base/err.h"
#include "servers/reader.h"

#include <errno.h>

#define USERS                                                                                      \
	(AUDIT_PROTOCOL(IMAP) | AUDIT_PROTOCOL(POP3) | AUDIT_PROTOCOL(MANAGESIEVE) |               \
	 AUDIT_PROTOCOL(HTTP))
#define MAN "imapd.conf(5)"

/* An option of one service alone is written with its name before. */
static int mend(const struct audit_at *at, struct audit_finding *f)
{
	const struct servers_setting *own = servers_setting_own(at->scope, f->setting);
	const struct audit_line line = { .between = ": ", .quote = "", .end = "" };
	const char *plain = f->setting;
	if (own && at->scope != at->server->top)
		f->setting =
			servers_text_printf(at->audit->servers, "%s_%s", at->scope->name, plain);
	if (!f->setting)
		return err_raise(-ENOMEM);
	bool has_certificate = *servers_value(at->scope, "tls_server_cert") != '\0';
	bool shuts = !strcmp(plain, "tls_required") || !strcmp(plain, "allowplaintext");
	int r = audit_line_mend(at, f, &line);
	/* Without a certificate nobody could log in any more. */
	if (shuts && !has_certificate)
		f->edit = (struct servers_edit){};
	return err_up(r);
}

static const struct audit_writer writer = { mend };

static enum advice_verdict judge_versions(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, !audit_has_old_version(at->audit, value));
}

static bool is_plain(const struct audit_at *at)
{
	return !at->listener->is_tls;
}

static enum advice_verdict judge_yes(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, servers_value_is_yes(at->scope, at->row->setting));
}

static enum advice_verdict judge_no(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, !servers_value_is_yes(at->scope, at->row->setting));
}

static enum advice_verdict judge_certificate(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, *value && strcmp(value, "disabled") != 0);
}

static bool asks_ldap(const struct audit_at *at)
{
	const char *uri = servers_value(at->scope, "ldap_uri");
	return audit_is_remote_text(uri) && strncmp(uri, "ldaps:", 6) != 0;
}

static bool asks_ldap_at_all(const struct audit_at *at)
{
	return audit_is_remote_text(servers_value(at->scope, "ldap_uri"));
}

/* Its older name holds too. */
static enum advice_verdict judge_peer(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, servers_value_is_yes(at->scope, "ldap_verify_peer") ||
	                                 servers_value_is_yes(at->scope, "ldap_tls_check_peer"));
}

static enum advice_verdict judge_curve(const struct audit_at *at, const char *value)
{
	return strstr(value, "X25519") ? ADVICE_WELL : at->row->rule.verdict;
}

static const struct audit_row rows[] = {
	{ { "cyrus-certificate", "G3", ADVICE_FAIL, "RFC 8314 3, " MAN,
	    "Without a certificate there is no TLS at all: every password crosses in clear." },
	  "tls_server_cert",
	  AUDIT_LISTENERS,
	  USERS,
	  NULL,
	  judge_certificate,
	  .right = "a chain and its key",
	  .is_by_hand = true,
	  .mend = "tls_server_cert: /etc/ssl/mail/fullchain.pem and tls_server_key: "
	          "/etc/ssl/mail/privkey.pem" },
	{ { "cyrus-versions", "C2", ADVICE_FAIL, "RFC 8996, " MAN,
	    "Cyrus' default accepts TLS 1.0 and 1.1." },
	  "tls_versions",
	  AUDIT_LISTENERS,
	  USERS,
	  NULL,
	  judge_versions,
	  .right = "tls1_2 tls1_3" },
	{ { "cyrus-tls-required", "G4", ADVICE_FAIL, "RFC 8314 3.1, " MAN,
	    "A client may log in without TLS on this port." },
	  "tls_required",
	  AUDIT_LISTENERS,
	  USERS,
	  is_plain,
	  judge_yes,
	  .right = "yes" },
	{ { "cyrus-allowplaintext", "G4", ADVICE_FAIL, "RFC 8314 3.1, RFC 9051 6.2.3, " MAN,
	    "Passwords are taken in clear." },
	  "allowplaintext",
	  AUDIT_LISTENERS,
	  USERS,
	  NULL,
	  judge_no,
	  .right = "no" },
	{ { "cyrus-ciphers", "D4", ADVICE_WARN, "RFC 9325 4.2, " MAN, AUDIT_WHY_SUITES },
	  "tls_ciphers",
	  AUDIT_LISTENERS,
	  USERS,
	  NULL,
	  audit_judge_ciphers,
	  .right_of = audit_right_ciphers },
	{ { "cyrus-curve", "D8", ADVICE_INFO, "RFC 9325 4.2.1, " MAN,
	    "One group alone is used, by default prime256v1: no X25519, nothing post-quantum." },
	  "tls_eccurve",
	  AUDIT_LISTENERS,
	  USERS,
	  NULL,
	  judge_curve,
	  .right = "X25519",
	  .is_by_hand = true,
	  .mend = "tls_eccurve: X25519, where this version takes it" },
	{ { "cyrus-ldap-tls", NULL, ADVICE_FAIL, "M3AAWG TLS for Mail 2, " MAN,
	    "Directory answers and the password to ask for them cross the network in clear." },
	  "ldap_start_tls",
	  AUDIT_TOP,
	  0,
	  asks_ldap,
	  judge_yes,
	  .right = "yes" },
	{ { "cyrus-ldap-verify", NULL, ADVICE_WARN, "RFC 9325 6.1, " MAN,
	    "The directory's certificate is not checked: that is Cyrus' default." },
	  "ldap_verify_peer",
	  AUDIT_TOP,
	  0,
	  asks_ldap_at_all,
	  judge_peer,
	  .right = "yes" },
};

/* -- what it says to other hosts --------------------------------------------------------------- */

static const struct advice_rule rule_sync = { "cyrus-internal-tls", NULL, ADVICE_WARN,
	                                      "M3AAWG TLS for Mail 2",
	                                      "Replication and murder use TLS towards other hosts "
	                                      "only where both offer it, and check nobody." };
static const struct advice_rule rule_lmtp = {
	"cyrus-lmtp", NULL, ADVICE_WARN, "M3AAWG TLS for Mail 2",
	"LMTP on the network takes mail without TLS: tls_required does not hold for it."
};

static int peers_check(struct audit *a, const struct servers_server *server)
{
	static const char *const names[] = { "sync_host", "mupdate_server" };
	int r = 0;
	for (size_t i = 0; !r && i < COUNT_OF(names); i++) {
		const struct servers_setting *setting = servers_setting_own(server->top, names[i]);
		if (!setting || !audit_is_remote(setting->value, strcspn(setting->value, " ")))
			continue;
		const struct audit_finding finding = {
			.rule = &rule_sync,
			.server = server,
			.setting = setting->name,
			.value = setting->value,
			.place = setting->place,
			.right = "loopback, with a link to the other host",
			.mend = "give mailseal a link to that host and name its address on "
				"loopback here",
		};
		r = audit_add(a, &finding);
	}
	return err_up(r);
}

static int lmtp_check(struct audit *a, const struct servers_server *server)
{
	int r = 0;
	for (size_t i = 0; !r && i < server->listener_count; i++) {
		const struct servers_listener *listener = server->listeners[i];
		const struct audit_finding finding = {
			.rule = &rule_lmtp,
			.server = server,
			.service = listener->name,
			.setting = "listen",
			.value = servers_value(listener->scope, "listen"),
			.place = listener->block->place,
			.right = "/run/cyrus/socket/lmtp",
			.mend = "listen on a unix socket or loopback; from other hosts by an lmtp "
				"edge "
				"or a link of mailseal",
		};
		if (listener->protocol == SERVERS_LMTP && audit_is_open(listener))
			r = audit_add(a, &finding);
	}
	return err_up(r);
}

int audit_cyrus(struct audit *a, const struct servers_server *server)
{
	int r = audit_rows(a, server, rows, COUNT_OF(rows), &writer);
	if (!r)
		r = peers_check(a, server);
	return err_up(r ? r : lmtp_check(a, server));
}
