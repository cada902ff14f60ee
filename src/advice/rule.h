/*
 * A rule of the recommendation: what it is called, who asks for it and why. Findings name it by its
 * id, which never changes its meaning.
 */
#ifndef ADVICE_RULE_H
#define ADVICE_RULE_H

#include "advice/profile.h"

/* The worst last. */
enum advice_verdict {
	ADVICE_WELL,
	ADVICE_INFO, /* worth knowing; nothing has to be mended */
	ADVICE_WARN,
	ADVICE_FAIL,
	ADVICE_VERDICT_COUNT,
};

struct advice_rule {
	const char *id;    /* "postfix-smtpd-tls-auth-only" */
	const char *check; /* what `mailseal check` calls it as seen from outside: "B5"; NULL: it
	                    * does not see it */
	enum advice_verdict verdict; /* where it is broken */
	const char *source;          /* "RFC 8314 4.1" */
	const char *why;             /* a sentence */
};

/* "info", "warn". */
const char *advice_verdict_name(enum advice_verdict verdict);

#endif
