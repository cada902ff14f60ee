/*
 * What `check` and `audit` hold servers against: one row a criterion, ids as in reports, for ever.
 * Sources are named, so that nobody has to believe us.
 */
#ifndef ADVICE_CRITERIA_H
#define ADVICE_CRITERIA_H

#include <stdbool.h>
#include <stddef.h>

/* Which recommendation it belongs to. */
enum advice_about { ADVICE_BETWEEN, ADVICE_INSIDE, ADVICE_PASSWORDS, ADVICE_BOTH };

struct advice_criterion {
	const char *id;     /* "C2" */
	const char *title;  /* "TLS 1.0 and 1.1 are off" */
	const char *source; /* "RFC 8996" */
	const char *why;    /* one sentence: what it costs to leave it */
	enum advice_about about;
	bool is_security; /* a warning of it costs the letter A */
};

extern const struct advice_criterion advice_criteria[];
extern const size_t advice_criterion_count;
const struct advice_criterion *advice_criterion_find(const char *id);

#endif
