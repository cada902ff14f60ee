#include "load/dialogue.h"

#include <stddef.h>

/* --- STARTTLS, one command, the end; the same with a login --- */

static const struct step smtp_starttls[] = {
	{ STEP_LINE, NULL, "220 ", "5" },
	{ STEP_LINE, "EHLO c.example\r\n", "250 ", "5" },
	{ STEP_UPGRADE, "STARTTLS\r\n", "220 ", "5" },
	{ .kind = STEP_TLS },
	{ STEP_LINE, "EHLO c.example\r\n", "250 ", "5" },
	{ STEP_LINE, "QUIT\r\n", "221 ", "5" },
	{ .kind = STEP_CLOSED },
	{ .kind = STEP_END },
};

static const struct step imap_starttls[] = {
	{ STEP_LINE, NULL, "* OK", "* BYE" },
	{ STEP_UPGRADE, "a STARTTLS\r\n", "a OK", "a " },
	{ .kind = STEP_TLS },
	{ STEP_LINE, "b CAPABILITY\r\n", "b OK", "b " },
	{ STEP_LINE, "c LOGOUT\r\n", "c OK", "c " },
	{ .kind = STEP_CLOSED },
	{ .kind = STEP_END },
};

static const struct step pop3_starttls[] = {
	{ STEP_LINE, NULL, "+OK", "-ERR" },
	{ STEP_UPGRADE, "STLS\r\n", "+OK", "-ERR" },
	{ .kind = STEP_TLS },
	{ STEP_LINE, "CAPA\r\n", ".", "-ERR" },
	{ STEP_LINE, "QUIT\r\n", "+OK", "-ERR" },
	{ .kind = STEP_CLOSED },
	{ .kind = STEP_END },
};

static const struct step smtp_login[] = {
	{ STEP_LINE, NULL, "220 ", "5" },
	{ STEP_LINE, "EHLO c.example\r\n", "250 ", "5" },
	{ STEP_UPGRADE, "STARTTLS\r\n", "220 ", "5" },
	{ .kind = STEP_TLS },
	{ STEP_LINE, "EHLO c.example\r\n", "250 ", "5" },
	{ STEP_LINE, "AUTH PLAIN AHVzZXIAcGFzcw==\r\n", "235 ", "5" },
	{ STEP_LINE, "NOOP\r\n", "250 ", "5" },
	{ STEP_LINE, "QUIT\r\n", "221 ", "5" },
	{ .kind = STEP_CLOSED },
	{ .kind = STEP_END },
};

static const struct step imap_login[] = {
	{ STEP_LINE, NULL, "* OK", "* BYE" },
	{ STEP_UPGRADE, "a STARTTLS\r\n", "a OK", "a " },
	{ .kind = STEP_TLS },
	{ STEP_LINE, "b LOGIN user pass\r\n", "b OK", "b " },
	{ STEP_LINE, "c NOOP\r\n", "c OK", "c " },
	{ STEP_LINE, "d LOGOUT\r\n", "d OK", "d " },
	{ .kind = STEP_CLOSED },
	{ .kind = STEP_END },
};

static const struct step pop3_login[] = {
	{ STEP_LINE, NULL, "+OK", "-ERR" },
	{ STEP_UPGRADE, "STLS\r\n", "+OK", "-ERR" },
	{ .kind = STEP_TLS },
	{ STEP_LINE, "USER user\r\n", "+OK", "-ERR" },
	{ STEP_LINE, "PASS pass\r\n", "+OK", "-ERR" },
	{ STEP_LINE, "NOOP\r\n", "+OK", "-ERR" },
	{ STEP_LINE, "QUIT\r\n", "+OK", "-ERR" },
	{ .kind = STEP_CLOSED },
	{ .kind = STEP_END },
};

/* --- what comes before a mode's own work --- */

static const struct step tls_only[] = {
	{ .kind = STEP_TLS },
	{ .kind = STEP_END },
};

static const struct step tls_greeting[] = {
	{ .kind = STEP_TLS },
	{ STEP_LINE, NULL, "", NULL },
	{ .kind = STEP_END },
};

static const struct step tls_imap_login[] = {
	{ .kind = STEP_TLS },
	{ STEP_LINE, NULL, "* OK", "* BYE" },
	{ STEP_LINE, "b LOGIN user pass\r\n", "b OK", "b " },
	{ .kind = STEP_END },
};

static const struct step smtp_before_mail[] = {
	{ STEP_LINE, NULL, "220 ", "5" },
	{ STEP_LINE, "EHLO c.example\r\n", "250 ", "5" },
	{ STEP_UPGRADE, "STARTTLS\r\n", "220 ", "5" },
	{ .kind = STEP_TLS },
	{ STEP_LINE, "EHLO c.example\r\n", "250 ", "5" },
	{ STEP_LINE, "AUTH PLAIN AHVzZXIAcGFzcw==\r\n", "235 ", "5" },
	{ .kind = STEP_END },
};

/* --- which --- */

static const struct step *const starttls[PROTOCOL_COUNT] = {
	[PROTOCOL_NONE] = imap_starttls,
	[PROTOCOL_SMTP] = smtp_starttls,
	[PROTOCOL_IMAP] = imap_starttls,
	[PROTOCOL_POP3] = pop3_starttls,
};

static const struct step *const starttls_login[PROTOCOL_COUNT] = {
	[PROTOCOL_NONE] = imap_login,
	[PROTOCOL_SMTP] = smtp_login,
	[PROTOCOL_IMAP] = imap_login,
	[PROTOCOL_POP3] = pop3_login,
};

static const struct step *const bulk[PROTOCOL_COUNT] = {
	[PROTOCOL_NONE] = tls_only,
	[PROTOCOL_SMTP] = smtp_before_mail,
	[PROTOCOL_IMAP] = tls_imap_login,
	[PROTOCOL_POP3] = tls_imap_login,
};

const struct step *dialogue_of(const struct options *o)
{
	switch (o->mode) {
	case MODE_HANDSHAKE:
		return tls_greeting;
	case MODE_STARTTLS:
		return (o->has_login ? starttls_login : starttls)[o->protocol];
	case MODE_BULK:
		return bulk[o->protocol];
	case MODE_IDLE:
		return o->has_login ? tls_imap_login : tls_greeting;
	case MODE_LATENCY:
	case MODE_COUNT:
		break;
	}
	return tls_only;
}
