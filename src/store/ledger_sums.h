/* All sessions by hour, summed up in memory. Pure. */
#ifndef STORE_LEDGER_SUMS_H
#define STORE_LEDGER_SUMS_H

#include "store/ledger_seen.h"

enum {
	LEDGER_SUMS_MAX = 16384,
	LEDGER_SUMS_REST = LEDGER_SUMS_MAX / 16, /* of them for sums that say less */
};

struct ledger_sum_key {
	int64_t hour;
	const char *protocol, *edge, *version, *cipher, *kex; /* words */
	enum store_leg leg;
	enum store_seal seal;
	bool is_resumed, has_forward_secrecy;
};

struct ledger_sum {
	struct ledger_entry entry;
	struct ledger_sum_key key;
	uint64_t sessions, messages, bytes_in, bytes_out, login_failures;
};

/*
 * sums: of ledger_sum. A session, and the way to its backend. Where there is no room any more it
 * is summed up without version, cipher, group and what they make.
 *
 * Returns 0 or LEDGER_SUMS_FULL: not even so.
 */
enum { LEDGER_SUMS_FULL = 1 };
[[nodiscard]] int ledger_sums_add(struct ledger_table *sums, const struct ledger_seen *seen);

#endif
