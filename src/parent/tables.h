/* Tables of users, in sealed memory (struct parent_table). */
#ifndef PARENT_TABLES_H
#define PARENT_TABLES_H

#include <stdbool.h>

struct parent;
struct parent_child;
struct parent_plan;

/* What did not change since before (NULL: nothing was) is not read again; what is faulty now is as
 * it was before. 0, CONF_BAD with plan->error (nothing was before), or a negative. */
[[nodiscard]] int parent_tables_prepare(struct parent_plan *plan, const struct parent_plan *before);
void parent_tables_free(struct parent_plan *plan);
bool parent_tables_have_changed(const struct parent_plan *plan);
void parent_tables_send(struct parent *p, struct parent_child *worker);

#endif
