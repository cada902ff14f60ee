/* Courier: IMAP, POP3, SMTP in and out. */
#include "audit/line.h"
#include "audit/others.h"
#include "base/clean.h"
#include "base/err.h"
#include "servers/reader.h"

#include <errno.h>

#define USERS (AUDIT_PROTOCOL(IMAP) | AUDIT_PROTOCOL(POP3))
#define SENDERS (AUDIT_PROTOCOL(SMTP) | AUDIT_PROTOCOL(SUBMISSION))
#define MAN "comments of /etc/courier"

/* What is not there yet goes to the end of the file that the listener reads last. */
static int mend(const struct audit_at *at, struct audit_finding *f)
{
	const struct audit_line line = {
		.between = "=",
		.quote = strpbrk(f->right, " ") || !*f->right ? "\"" : "",
		.end = "",
		.path = at->scope->place.path,
	};
	return err_up(audit_line_mend(at, f, &line));
}

static const struct audit_writer writer = { mend };

static bool is_imap(const struct audit_at *at)
{
	return at->listener->protocol == SERVERS_IMAP && !at->listener->is_tls;
}

static bool is_pop3(const struct audit_at *at)
{
	return at->listener->protocol == SERVERS_POP3 && !at->listener->is_tls;
}

static bool is_plain(const struct audit_at *at)
{
	return !at->listener->is_tls;
}

static enum advice_verdict judge_one(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, !strcmp(value, "1"));
}

static enum advice_verdict judge_empty(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, !*value);
}

/* "TLSv1.2" and "TLSv1.2++" are that or later; nothing is TLSv1; so is what is said otherwise. */
static enum advice_verdict judge_protocol(const struct audit_at *at, const char *value)
{
	bool is_well = !strncmp(value, "TLSv1.2", 7) || !strncmp(value, "TLSv1.3", 7);
	bool is_other = !strcmp(value, "$TLS_PROTOCOL");
	return is_other ? ADVICE_WELL : audit_well_if(at, is_well);
}

static bool has_courierd(const struct audit_at *at)
{
	return servers_scope_child(at->server->top, "file", "courierd") != NULL;
}

static const struct audit_row rows[] = {
	{ { "courier-imap-tls-required", "G4", ADVICE_FAIL, "RFC 8314 3.1, " MAN "/imapd-ssl",
	    "Shipped as 0: a client may log in on port 143 without TLS." },
	  "IMAP_TLS_REQUIRED",
	  AUDIT_LISTENERS,
	  USERS,
	  is_imap,
	  judge_one,
	  .right = "1" },
	{ { "courier-pop3-tls-required", "G5", ADVICE_FAIL, "RFC 8314 3.1, " MAN "/pop3d-ssl",
	    "Shipped as 0: a client may log in on port 110 without TLS." },
	  "POP3_TLS_REQUIRED",
	  AUDIT_LISTENERS,
	  USERS,
	  is_pop3,
	  judge_one,
	  .right = "1" },
	{ { "courier-esmtpauth", "B5", ADVICE_FAIL, "RFC 4954 4, " MAN "/esmtpd",
	    "Mechanisms are offered before TLS: they belong into ESMTPAUTH_TLS alone." },
	  "ESMTPAUTH",
	  AUDIT_LISTENERS,
	  SENDERS,
	  is_plain,
	  judge_empty,
	  .right = "" },
	{ { "courier-versions", "C2", ADVICE_FAIL, "RFC 8996, " MAN "/imapd-ssl",
	    "Courier's default accepts TLS 1.0 and 1.1." },
	  "TLS_PROTOCOL",
	  AUDIT_LISTENERS,
	  USERS | SENDERS,
	  NULL,
	  judge_protocol,
	  .right = "TLSv1.2++" },
	{ { "courier-starttls-versions", "C2", ADVICE_FAIL, "RFC 8996, " MAN "/imapd-ssl",
	    "STARTTLS accepts TLS 1.0 and 1.1." },
	  "TLS_STARTTLS_PROTOCOL",
	  AUDIT_LISTENERS,
	  USERS,
	  is_plain,
	  judge_protocol,
	  .right = "TLSv1.2++" },
	{ { "courier-ciphers", "D4", ADVICE_WARN, "RFC 9325 4.2, " MAN "/imapd-ssl",
	    AUDIT_WHY_SUITES },
	  "TLS_CIPHER_LIST",
	  AUDIT_LISTENERS,
	  USERS,
	  NULL,
	  audit_judge_ciphers,
	  .right_of = audit_right_ciphers },
};

static const struct audit_row courierd_rows[] = {
	{ { "courier-starttls-out", "F10", ADVICE_FAIL, "RFC 7435, " MAN "/courierd",
	    "Mail goes out without TLS even where the far end offers it." },
	  "ESMTP_USE_STARTTLS",
	  AUDIT_TOP,
	  0,
	  has_courierd,
	  judge_one,
	  .right = "1" },
};

/* -- routes ------------------------------------------------------------------------------------ */

static const struct advice_rule rule_route = {
	"courier-route-tls", NULL, ADVICE_FAIL, "M3AAWG TLS for Mail 2, courier(8)",
	"This fixed next hop gets the mail in clear when TLS fails or somebody takes STARTTLS away."
};

/* "example.com: smart.example.net,587 /SECURITY=STARTTLS" */
static int routes_check(struct audit *a, const struct servers_server *server)
{
	const struct servers_scope *routes = servers_scope_child(server->top, "routes", "");
	int r = 0;
	for (size_t i = 0; !r && routes && i < routes->setting_count; i++) {
		const struct servers_setting *s = &routes->settings[i];
		const char *host = s->value;
		struct audit_finding f = {
			.rule = &rule_route,
			.server = server,
			.service = s->name,
			.setting = s->name,
			.value = s->value,
			.place = s->place,
		};
		if (!audit_is_remote(host, strcspn(host, " ,/")) || strstr(host, "/SECURITY="))
			continue;
		f.right = servers_text_printf(a->servers, "%s /SECURITY=STARTTLS", s->value);
		f.mend = servers_text_printf(a->servers, "%s: %s", s->name, f.right);
		if (!f.right || !f.mend)
			return err_raise(-ENOMEM);
		/* The far end has to be able to: no patch can know. */
		r = audit_add(a, &f);
	}
	return err_up(r);
}

int audit_courier(struct audit *a, const struct servers_server *server)
{
	const struct servers_scope *courierd = servers_scope_child(server->top, "file", "courierd");
	int r = audit_rows(a, server, rows, COUNT_OF(rows), &writer);
	for (size_t i = 0; !r && courierd && i < COUNT_OF(courierd_rows); i++) {
		const struct audit_row *row = &courierd_rows[i];
		const struct audit_at at = { a, server, courierd, NULL, row };
		const struct servers_setting *s = servers_setting_find(courierd, row->setting);
		struct audit_finding f = {
			.rule = &row->rule,
			.server = server,
			.service = "courierd",
			.setting = row->setting,
			.value = s ? s->value : "",
			.place = s ? s->place : (struct servers_place){},
			.right = row->right,
		};
		if (row->judge(&at, f.value) == ADVICE_WELL)
			continue;
		r = mend(&at, &f);
		if (!r)
			r = audit_add(a, &f);
	}
	return err_up(r ? r : routes_check(a, server));
}
