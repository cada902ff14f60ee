/*
 * What a planned TLS policy would do to who came of late, for pages: the doors of report/impact.h,
 * made of what the ledger and the configuration in force know. Inside of web/ alone.
 */
#ifndef WEB_PLAN_H
#define WEB_PLAN_H

#include "report/impact.h"
#include "report/impact_tables.h"
#include "web/inside.h"

struct web_plan {
	struct impact_door *doors;
	char **names; /* of the doors */
	size_t count;
	const struct web *web;
	const struct impact_wish *wish;
	struct impact impact;
	struct impact_watch watch;
};

/* Of the last 30 days; limit: how many are named. 0 or a negative; web_plan_deinit() in any case.
 */
[[nodiscard]] int web_plan_judge(struct web_plan *ret_plan, const struct web *web,
                                 const struct impact_wish *wish, int64_t now_s, size_t limit);
void web_plan_deinit(struct web_plan *plan);

/* How many would break: users and clients of edges for users, partners on port 25. */
struct web_broken {
	uint64_t users, partners;
};
struct web_broken web_plan_broken(const struct web_plan *plan);

#endif
