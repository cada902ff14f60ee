/* The arguments of MAIL and RCPT: a path and parameters (RFC 5321 4.1.1.2, 4.1.1.3, 4.1.2). */
#ifndef SMTP_ENVELOPE_H
#define SMTP_ENVELOPE_H

#include "smtp/handoff.h"

/* Of a path, brackets included: RFC 5321 4.5.3.1.3, and room for UTF-8. */
enum { SMTP_PATH_MAX = 256, SMTP_PATH_UTF8_MAX = 1024 };

enum smtp_envelope_result {
	SMTP_ENVELOPE_BAD_PATH = 1, /* none, a wrong one, or one too long */
	SMTP_ENVELOPE_NO_DOMAIN,    /* RCPT alone: "<postmaster>" (RFC 5321 4.1.1.3) */
	SMTP_ENVELOPE_NO_UTF8,      /* bytes over 127 and no SMTPUTF8 (RFC 6531 3.5) */
	SMTP_ENVELOPE_UNKNOWN,      /* a parameter, or a BODY, that was not offered */
	SMTP_ENVELOPE_BAD_VALUE,    /* a parameter's value is wrong, missing, or one too many */
	SMTP_ENVELOPE_RESULT_COUNT,
};

/* Borrowed from the arguments. */
struct smtp_path {
	struct slice mailbox; /* without brackets and source route; empty for "<>" */
	struct slice domain;  /* behind its last @; brackets of an address literal included */
};

/*
 * args: what follows the verb
 *
 * Returns 0 or an enum smtp_envelope_result.
 */
/* "FROM:<a@example.org> SIZE=1". Fills all of ret_mail but its path. */
[[nodiscard]] int smtp_envelope_mail(struct slice args, bool offers_requiretls,
                                     struct smtp_path *ret_path,
                                     struct smtp_handoff_mail *ret_mail);
/* "TO:<b@example.net>". is_utf8: MAIL had SMTPUTF8. */
[[nodiscard]] int smtp_envelope_rcpt(struct slice args, bool is_utf8, struct smtp_path *ret_path);

#endif
