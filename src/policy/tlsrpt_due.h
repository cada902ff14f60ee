/* When TLS reports go out (RFC 8460 4.1, 5.5). Pure. */
#ifndef POLICY_TLSRPT_DUE_H
#define POLICY_TLSRPT_DUE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	POLICY_TLSRPT_AFTER_S = 10 * 60,   /* midnight: what was counted late is in */
	POLICY_TLSRPT_SPREAD_S = 4 * 3600, /* over which reports go, by chance */
	POLICY_TLSRPT_PAUSE_S = 5 * 60,    /* before the second try; then twice as long */
	POLICY_TLSRPT_PAUSE_MAX_S = 4 * 3600,
	POLICY_TLSRPT_PATIENCE_S = 24 * 3600, /* from the first try to the last */
};

/* The day (since 1970-01-01, UTC) whose reports may be made now, and when the first of them may
 * go: they are spread over POLICY_TLSRPT_SPREAD_S from then, also where it is late already. False:
 * not yet. */
bool policy_tlsrpt_day(int64_t now_s, int64_t *ret_day, int64_t *ret_first_s);

/* After a try that failed, the tries-th. False: it was the last. */
bool policy_tlsrpt_again(int64_t begun_s, unsigned tries, int64_t now_s, int64_t *ret_due_s);

/*
 * Had the domain on that day no more sessions than our own reports made? Then nothing is told, or
 * two providers would report to each other for ever what they reported.
 *
 * sessions: of one policy's kind, the most
 * reports:  handed to our MTA on that day for mailboxes of the domain
 */
bool policy_tlsrpt_is_own_echo(uint64_t sessions, uint64_t reports);

#endif
