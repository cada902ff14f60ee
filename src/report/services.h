/* Services between our own hosts, as they were watched: those in clear first. */
#ifndef REPORT_SERVICES_H
#define REPORT_SERVICES_H

#include "report/table.h"
#include "store/ledger_read.h"

/* limit: rows; 0: all. 0 or a negative. */
[[nodiscard]] int report_services_table(struct report_table *ret_table, struct store_ledger_read *l,
                                        const struct store_ledger_filter *filter, size_t limit);

#endif
