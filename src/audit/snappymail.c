/* SnappyMail: how it comes to IMAP, SMTP and ManageSieve of a domain. */
#include "audit/line.h"
#include "audit/others.h"
#include "base/clean.h"
#include "base/err.h"

#define MAN "SnappyMail's domain files"

static const struct advice_rule rule_tls = { "snappymail-server-tls", NULL, ADVICE_FAIL,
	                                     "M3AAWG TLS for Mail 2, RFC 8314 3, " MAN,
	                                     "Every user's password goes to this host in clear." };
static const struct advice_rule rule_verify = {
	"snappymail-verify", NULL, ADVICE_FAIL, "RFC 9325 6.1, " MAN,
	"The certificate is not checked, so anybody on the way may take the passwords."
};

static int find(struct audit *a, const struct servers_server *server,
                const struct audit_finding *about, const struct servers_scope *service)
{
	const struct servers_setting *setting = servers_setting_find(service, about->setting);
	struct audit_finding finding = *about;
	finding.server = server;
	finding.service = service->type;
	finding.value = setting ? setting->value : "";
	finding.place = setting ? setting->place : service->place;
	return err_up(audit_add(a, &finding));
}

/* type: 0 plain, 1 TLS from the first byte, 2 STARTTLS. */
static int service_check(struct audit *a, const struct servers_server *server,
                         const struct servers_scope *service)
{
	static const struct audit_finding plain = {
		.rule = &rule_tls,
		.setting = "type",
		.right = "1 (TLS) or 2 (STARTTLS)",
		.mend = "\"type\": 1 with the port for TLS (993, 465), or \"type\": 2",
	};
	static const struct audit_finding unchecked = {
		.rule = &rule_verify,
		.setting = "verify_peer",
		.right = "true",
		.mend = "\"verify_peer\": true, \"verify_peer_name\": true, "
			"\"allow_self_signed\": false; for an internal CA \"cafile\"",
	};
	const struct servers_scope *ssl = servers_scope_child(service, "ssl", "");
	if (!audit_is_remote_text(servers_value(service, "host")))
		return 0;
	if (!strcmp(servers_value(service, "type"), "0"))
		return err_up(find(a, server, &plain, service));
	bool is_bad = ssl && (!strcmp(servers_value(ssl, "verify_peer"), "false") ||
	                      !strcmp(servers_value(ssl, "verify_peer_name"), "false"));
	return is_bad ? err_up(find(a, server, &unchecked, ssl)) : 0;
}

int audit_snappymail(struct audit *a, const struct servers_server *server)
{
	static const char *const names[] = { "IMAP", "SMTP", "Sieve" };
	const struct servers_scope *domain = servers_scope_child(server->top, "", "");
	int r = 0;
	for (size_t i = 0; !r && domain && i < COUNT_OF(names); i++) {
		const struct servers_scope *service = servers_scope_child(domain, names[i], "");
		const struct servers_setting *enabled =
			service ? servers_setting_own(service, "enabled") : NULL;
		if (service && (!enabled || !strcmp(enabled->value, "true")))
			r = service_check(a, server, service);
	}
	return err_up(r);
}
