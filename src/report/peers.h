/*
 * Partners and what sealed their mail: addresses that bring it, domains and MX hosts it was brought
 * to. The weakest first, and among equals those with most mail.
 */
#ifndef REPORT_PEERS_H
#define REPORT_PEERS_H

#include "report/table.h"
#include "store/ledger_read.h"

struct report_peers_wish {
	struct store_ledger_filter filter;
	bool only_weak; /* not those that are always sealed */
	size_t limit;   /* rows; 0: all */
	uint64_t seed;  /* what strangers cannot guess */
};

/* 0 or a negative. */
[[nodiscard]] int report_peers_table(struct report_table *ret_table, struct store_ledger_read *l,
                                     const struct report_peers_wish *wish);

#endif
