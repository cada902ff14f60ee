/* Whose password crossed in clear, or was about to. */
#ifndef REPORT_EXPOSURES_H
#define REPORT_EXPOSURES_H

#include "report/table.h"
#include "store/ledger_read.h"

/* The last first; limit 0: all. A note says what was left out. ret_total: how many there are. 0 or
 * a negative. */
[[nodiscard]] int report_exposures_table(struct report_table *ret_table,
                                         struct store_ledger_read *l,
                                         const struct store_ledger_filter *filter, size_t limit,
                                         uint64_t *ret_total);

/* Those of one user, for `report user`. */
[[nodiscard]] int report_exposures_of(struct report_table *ret_table, struct store_ledger_read *l,
                                      const char *user);

#endif
