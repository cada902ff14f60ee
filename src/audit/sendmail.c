/*
 * Sendmail. What is in force is sendmail.cf, which m4 makes of sendmail.mc: so the mend is a line
 * of the latter, which a person writes, and `make` after it.
 */
#include "audit/line.h"
#include "audit/others.h"
#include "base/clean.h"
#include "base/err.h"

#include <errno.h>

#define MTA (AUDIT_PROTOCOL(SMTP) | AUDIT_PROTOCOL(SUBMISSION))
#define MAN "Sendmail's cf/README"
#define MAKE "; then make -C /etc/mail"

static bool has_doors(const struct audit_at *at)
{
	return audit_has_open(at->server, MTA);
}

static enum advice_verdict judge_set(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, *value != '\0');
}

static enum advice_verdict judge_auth(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, strchr(value, 'p') != NULL);
}

static enum advice_verdict judge_versions(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, strstr(value, "SSL_OP_NO_TLSv1_1") &&
	                                 (strstr(value, "SSL_OP_NO_TLSv1,") ||
	                                  strstr(value, "SSL_OP_NO_TLSv1 ")));
}

static enum advice_verdict judge_dane(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, servers_value_is_yes(at->scope, "DANE"));
}

static bool is_submission(const struct audit_at *at)
{
	return at->listener->port == 587;
}

/* "a" demands authentication, which "p" then allows in TLS alone. */
static enum advice_verdict judge_modifier(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, strchr(value, 'a') != NULL);
}

static const struct audit_row rows[] = {
	{ { "sendmail-certificate", "B1", ADVICE_FAIL, "RFC 3207, " MAN,
	    "Without a certificate STARTTLS is not offered, and all mail comes in plain." },
	  "ServerCertFile",
	  AUDIT_TOP,
	  0,
	  has_doors,
	  judge_set,
	  .right = "a chain and its key",
	  .is_by_hand = true,
	  .mend = "in /etc/mail/sendmail.mc: define(`confSERVER_CERT', "
	          "`/etc/ssl/mx/fullchain.pem') "
	          "and define(`confSERVER_KEY', `/etc/ssl/mx/privkey.pem')" MAKE },
	{ { "sendmail-auth-options", "B5", ADVICE_FAIL, "RFC 4954 4, RFC 8314 3.3, " MAN,
	    "Without \"p\" AUTH PLAIN and LOGIN are offered before TLS." },
	  "AuthOptions",
	  AUDIT_TOP,
	  0,
	  has_doors,
	  judge_auth,
	  .right = "A p",
	  .is_by_hand = true,
	  .mend = "in /etc/mail/sendmail.mc: define(`confAUTH_OPTIONS', `A p')" MAKE },
	{ { "sendmail-versions", "C2", ADVICE_WARN, "RFC 8996, " MAN,
	    "TLS 1.0 and 1.1 are accepted." },
	  "ServerSSLOptions",
	  AUDIT_TOP,
	  0,
	  has_doors,
	  judge_versions,
	  .right = "+SSL_OP_NO_SSLv2 +SSL_OP_NO_SSLv3 +SSL_OP_NO_TLSv1 +SSL_OP_NO_TLSv1_1",
	  .is_by_hand = true,
	  .mend = "in /etc/mail/sendmail.mc: LOCAL_CONFIG and below it O ServerSSLOptions="
	          "+SSL_OP_NO_SSLv2 +SSL_OP_NO_SSLv3 +SSL_OP_NO_TLSv1 +SSL_OP_NO_TLSv1_1" MAKE },
	{ { "sendmail-submission", "G2", ADVICE_WARN, "RFC 6409 4.3, " MAN,
	    "Port 587 takes mail from anybody: without \"a\" nobody has to log in." },
	  "M",
	  AUDIT_LISTENERS,
	  MTA,
	  is_submission,
	  judge_modifier,
	  .right = "Ea",
	  .is_by_hand = true,
	  .mend = "in /etc/mail/sendmail.mc: DAEMON_OPTIONS(`Name=MSA, Port=submission, "
	          "M=Ea')" MAKE },
	{ { "sendmail-dane", "F10", ADVICE_WARN, "RFC 7672, " MAN,
	    "Mail goes out without asking DNS whether the far end has promised TLS." },
	  "DANE",
	  AUDIT_TOP,
	  0,
	  NULL,
	  judge_dane,
	  .right = "true",
	  .is_by_hand = true,
	  .mend = "in /etc/mail/sendmail.mc: define(`confDANE', `true')" MAKE },
};

int audit_sendmail(struct audit *a, const struct servers_server *server)
{
	static const struct audit_writer none = { NULL };
	return err_up(audit_rows(a, server, rows, COUNT_OF(rows), &none));
}
