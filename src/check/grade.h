/*
 * Letters: the worst finding decides, never an average, and the weakest host as much as the best.
 * Pure.
 *
 * A+ nothing to say against it, DANE or MTA-STS (mode enforce) for all MX hosts, post-quantum key
 *    exchange, nothing left untested
 * A  no warning that weakens security
 * B  warnings
 * C  weak versions, suites or certificates; TLS on some MX hosts only; a policy that does not hold
 * D  a password can be sent in clear
 * F  no TLS on any MX host; mail is being deferred; a hole that gives away keys
 * -  not examined
 */
#ifndef CHECK_GRADE_H
#define CHECK_GRADE_H

#include "check/finding.h"

/* Of the report's findings: letters, overall (the worst of them) and totals. */
void check_grade(struct check_report *report);

/* The letter that this finding allows at best; "A+" where it costs nothing. */
const char *check_grade_cap(const struct check_finding *finding);

#endif
