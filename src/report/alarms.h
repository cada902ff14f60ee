/* What was wrong until somebody mended it, and what is. */
#ifndef REPORT_ALARMS_H
#define REPORT_ALARMS_H

#include "report/table.h"
#include "store/ledger_read.h"

/*
 * A row for each, those that are so first. One that is not over, and of which the daemon has not
 * said for long that it is so, ended with the daemon.
 *
 * limit:    rows; 0: all
 * ret_open: how many are so now
 *
 * Returns 0 or a negative.
 */
[[nodiscard]] int report_alarms_table(struct report_table *ret_table,
                                      struct store_ledger_read *ledger,
                                      const struct store_ledger_filter *filter, int64_t now_s,
                                      size_t limit, size_t *ret_open);

#endif
