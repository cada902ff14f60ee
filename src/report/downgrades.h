/* Who had better TLS before: partners that come to us, and hosts that we bring mail to. */
#ifndef REPORT_DOWNGRADES_H
#define REPORT_DOWNGRADES_H

#include "policy/memory.h"
#include "report/table.h"
#include "store/ledger_read.h"

struct conf_relay;
struct store_memory;

struct report_downgrades_asking {
	struct store_ledger_read *ledger;
	struct store_memory *memory;    /* the relay's; NULL: there is none */
	const struct conf_relay *relay; /* what it holds; NULL: there is none */
	int64_t now_s;
	size_t limit; /* rows; 0: all */
};

/*
 * A row for each partner and kind, those that mail waits for first, then the last first. What the
 * relay's memory says is lost now is in it whenever it was lost, if the filter takes the outbound
 * leg and no edge. 0 or a negative.
 */
[[nodiscard]] int report_downgrades_table(struct report_table *ret_table,
                                          const struct report_downgrades_asking *asking,
                                          const struct store_ledger_filter *filter);

#endif
