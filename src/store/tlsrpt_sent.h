/*
 * TLS reports that go out, beside the sums they are made of: to whom, when next, how it ended. A
 * report is planned for its domain, with no place yet; once the domain's record is known, for each
 * place in it. Kept over restarts as long as the sums.
 */
#ifndef STORE_TLSRPT_SENT_H
#define STORE_TLSRPT_SENT_H

#include "store/tlsrpt.h"

enum store_tlsrpt_state {
	STORE_TLSRPT_WAITING,
	STORE_TLSRPT_SENT,
	STORE_TLSRPT_GIVEN_UP,
	STORE_TLSRPT_STATE_COUNT
};

/* Texts live until the next one. */
struct store_tlsrpt_report {
	int64_t id, day;
	const char *domain;
	const char *uri; /* "": the domain's record is still to be asked */
	enum store_tlsrpt_state state;
	int64_t due_s;   /* of one that waits */
	int64_t begun_s; /* the first try; 0: none yet */
	int64_t ended_s;
	unsigned tries;
	const char *why; /* what failed last */
};
typedef void store_tlsrpt_report_fn(void *owner, const struct store_tlsrpt_report *report);

/* Was all of the day planned? */
[[nodiscard]] int store_tlsrpt_day_is_planned(struct store_tlsrpt *t, int64_t day, bool *ret_is);
[[nodiscard]] int store_tlsrpt_day_planned(struct store_tlsrpt *t, int64_t day);

/* Some domains of a day, each at any time from first_s on, within spread_s (1: at once). after: ""
 * for the first, then what ret_last has (256 bytes). One that is planned, or was, stays as it is.
 */
struct store_tlsrpt_plan {
	int64_t day, first_s;
	unsigned spread_s;
	const char *after;
};
[[nodiscard]] int store_tlsrpt_plan(struct store_tlsrpt *t, const struct store_tlsrpt_plan *plan,
                                    char *ret_last, bool *ret_is_more);
/* Those of a day that wait, or were given up, now. */
[[nodiscard]] int store_tlsrpt_hurry(struct store_tlsrpt *t, int64_t day, int64_t now_s);

/* Those that are due, the first first; fn must not come back here. */
[[nodiscard]] int store_tlsrpt_due(struct store_tlsrpt *t, int64_t now_s, unsigned count_max,
                                   store_tlsrpt_report_fn *fn, void *owner);
/* A try begins; nobody else takes it before until_s, also when this one dies. */
[[nodiscard]] int store_tlsrpt_try(struct store_tlsrpt *t, int64_t id, int64_t now_s,
                                   int64_t until_s);
/* How it ended. due_s: of WAITING. */
struct store_tlsrpt_end {
	enum store_tlsrpt_state state;
	int64_t due_s, now_s;
	const char *why;
};
[[nodiscard]] int store_tlsrpt_end(struct store_tlsrpt *t, int64_t id,
                                   const struct store_tlsrpt_end *end);
/* The record named a place. recipient: the domain of a mailbox, or "". */
[[nodiscard]] int store_tlsrpt_place(struct store_tlsrpt *t, const struct store_tlsrpt_report *of,
                                     const char *uri, const char *recipient);
/* That of a domain whose record is known. */
[[nodiscard]] int store_tlsrpt_drop(struct store_tlsrpt *t, int64_t id);

/* Of policy_tlsrpt_is_own_echo(). */
[[nodiscard]] int store_tlsrpt_echo(struct store_tlsrpt *t, int64_t day, const char *domain,
                                    uint64_t *ret_sessions, uint64_t *ret_reports);

/* By day and domain; day: -1 for all; domain: NULL for all. */
[[nodiscard]] int store_tlsrpt_reports(struct store_tlsrpt *t, int64_t day, const char *domain,
                                       store_tlsrpt_report_fn *fn, void *owner);
/* How many there are, of all days that are kept. */
[[nodiscard]] int store_tlsrpt_states(struct store_tlsrpt *t,
                                      uint64_t ret_counts[STORE_TLSRPT_STATE_COUNT]);

#endif
