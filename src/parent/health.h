/* How backends are: one worker looks, the others are told. */
#ifndef PARENT_HEALTH_H
#define PARENT_HEALTH_H

#include "base/slice.h"

#include <stdbool.h>

struct json_t;
struct parent;
struct parent_child;
struct parent_plan;

/* What there is to look at. 0 or -ENOMEM. */
[[nodiscard]] int parent_health_prepare(struct parent_plan *plan);
/* What was known before a reload. old may be NULL. */
void parent_health_inherit(struct parent_plan *plan, const struct parent_plan *old);
void parent_health_free(struct parent_plan *plan);
void parent_health_came(struct parent_child *from, struct slice payload);
void parent_health_send(struct parent *p, struct parent_child *worker);
void parent_loads_came(struct parent_child *from, struct slice payload);
/* is_long: with the numbers of each worker. */
struct json_t *parent_health_json(const struct parent *p, bool is_long);

#endif
