/* Who came, out of the ledger, before the doors that are planned. */
#ifndef REPORT_IMPACT_LEDGER_H
#define REPORT_IMPACT_LEDGER_H

#include "report/impact.h"

struct impact_watch;
struct report_span;

/*
 * Judges all who were seen in the span at the doors of i. A door of a name that the ledger does
 * not have stays empty. 0 or a negative.
 */
[[nodiscard]] int impact_ledger_judge(struct impact *i, struct store_ledger_uses *uses,
                                      const struct report_span *span, int64_t now_s);

/* Since when the ledger watches, and what it lost. 0 or a negative. */
[[nodiscard]] int impact_ledger_watch(struct impact_watch *watch, struct store_ledger_uses *uses);

#endif
