/*
 * How sessions ended, summed up for TLS reports (RFC 8460): by UTC day, domain, policy, and what
 * failed. Kept over restarts, and bounded: what one domain's policies and failures may take in a
 * day, and all of them: by their number, and their file stays under 2 GiB.
 */
#ifndef STORE_TLSRPT_H
#define STORE_TLSRPT_H

#include "policy/outcome.h"
#include "policy/tlsrpt_json.h"

struct store_opened;
struct store_tlsrpt;

enum {
	STORE_TLSRPT_DAYS = 8,       /* that are kept, today with them */
	STORE_TLSRPT_POLICIES = 16,  /* of a domain and day; the rest count as one of each kind,
	                                without their text */
	STORE_TLSRPT_FAILURES = 100, /* of a policy and day that are told apart; the rest by their
	                                result type alone */
	STORE_TLSRPT_ROWS = 2000000, /* of both */
};

/* Days since 1970-01-01. */
static inline int64_t store_tlsrpt_day(int64_t now_s)
{
	return now_s / 86400;
}

/* 0, or a negative: see store_open(). */
[[nodiscard]] int store_tlsrpt_open(struct store_tlsrpt **ret_t, const char *path,
                                    struct store_opened *ret_opened);
/* To read alone. STORE_TLSRPT_NONE: there is no such file. */
enum { STORE_TLSRPT_NONE = 1 };
[[nodiscard]] int store_tlsrpt_open_read(struct store_tlsrpt **ret_t, const char *path);
void store_tlsrpt_close(struct store_tlsrpt *t);

/* rows_max: STORE_TLSRPT_ROWS. 0, STORE_TLSRPT_FULL (for want of rows or of room in the file
 * it, or a part of it, was not counted) or a negative. */
enum { STORE_TLSRPT_FULL = 1 };
[[nodiscard]] int store_tlsrpt_count(struct store_tlsrpt *t, const struct policy_outcome *outcome,
                                     int64_t now_s, int64_t rows_max);
/* Days before the last STORE_TLSRPT_DAYS are forgotten, a little at a time. 0 or a negative. */
[[nodiscard]] int store_tlsrpt_prune(struct store_tlsrpt *t, int64_t now_s, bool *ret_is_more);

/* Texts live until the next one. */
struct store_tlsrpt_policy {
	int64_t day;
	const char *domain;
	enum policy_kind kind;
	const char *policy_domain;
	const char *strings, *mx; /* lines, each with LF */
	uint64_t succeeded, failed;
};
struct store_tlsrpt_reader {
	void *owner;
	void (*on_policy)(void *owner, const struct store_tlsrpt_policy *policy);
	/* Behind the policy it is of. */
	void (*on_failure)(void *owner, const struct policy_tlsrpt_fault *failure);
};

/* By day, domain and policy. day: -1 for all; domain: NULL for all. 0 or a negative. */
[[nodiscard]] int store_tlsrpt_read(struct store_tlsrpt *t, int64_t day, const char *domain,
                                    const struct store_tlsrpt_reader *reader);

#endif
