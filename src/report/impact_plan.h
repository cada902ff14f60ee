/*
 * The dated exceptions that would cut nobody off: the text of an `exception = (...)` for the
 * configuration, one entry for each edge and what is to be allowed. Pure.
 */
#ifndef REPORT_IMPACT_PLAN_H
#define REPORT_IMPACT_PLAN_H

#include "base/buf.h"
#include "report/impact.h"

enum { IMPACT_PLAN_DAYS = 180 }; /* the most that the configuration takes */

/*
 * Where the users of a finding came from. Calls fn for each address; none: nobody knows. 0 or a
 * negative.
 */
struct impact_places {
	int (*tell)(void *owner, const struct impact_finding *finding,
	            int (*fn)(void *taker, const char *address), void *taker);
	void *owner;
};

/* Appends the text; i has all findings (limit 0), sorted. places: NULL: there are no users. 0 or a
 * negative. */
[[nodiscard]] int impact_plan_write(struct buf *out, const struct impact *i,
                                    const struct impact_places *places, int64_t now_s);

#endif
