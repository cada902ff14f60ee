/* Whether a session shows that somebody's TLS got weaker, by what was kept of them. Pure. */
#ifndef STORE_LEDGER_JUDGE_H
#define STORE_LEDGER_JUDGE_H

#include "store/ledger_seen.h"

/* What is known of one hello (0: in clear) of a partner at an edge. */
struct ledger_habit {
	uint64_t hello;
	uint64_t sessions, refused;
	int64_t first_s, last_s;
	enum store_seal seal; /* the last time that it was not refused */
};

struct ledger_part {
	uint64_t sessions;
	int64_t first_s, last_s; /* 0: never */
};

/* Of a partner at an edge, before this session. All zero: nothing is known. */
struct ledger_past {
	struct ledger_part sealed, legacy, plain;
	int64_t refused_s; /* the last time that nothing but refusals was had with one hello */
};

/* hello: of the session that is judged. What else becomes of the same one is of our making. */
void ledger_past_add(struct ledger_past *past, const struct ledger_habit *habit, uint64_t hello);

/*
 * Bits 1 << enum store_event_kind.
 *
 * A partner that comes in clear (or below policy) now and then beside many sealed sessions, or that
 * was not sealed since it began to, got weaker. One that has both all the time did not.
 */
enum { LEDGER_WEAK_SHARE = 10 }; /* at most 1 of so many is "now and then" */
unsigned ledger_judge_client(const struct ledger_seen *seen, const struct ledger_past *past,
                             bool was_refused);
/* seal_before: of the last connection to this host that had one. */
unsigned ledger_judge_far(const struct ledger_seen *seen, enum store_seal seal_before);

#endif
