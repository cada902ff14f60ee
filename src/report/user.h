/* All that the ledger has of one user: what a data protection request is answered with. */
#ifndef REPORT_USER_H
#define REPORT_USER_H

#include "report/table.h"
#include "store/ledger_read.h"

enum report_user_part {
	REPORT_USER_SESSIONS,
	REPORT_USER_NAMES, /* with which clients */
	REPORT_USER_EXPOSURES,
	REPORT_USER_COUNT
};

/* Of all times, whatever was deleted apart. user: as the ledger writes it. The caller
 * deinitialises all tables, also after a failure. 0 or a negative. */
[[nodiscard]] int report_user_tables(struct report_table ret_tables[REPORT_USER_COUNT],
                                     struct store_ledger_read *l, const char *user);

#endif
