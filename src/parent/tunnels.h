/* Backends that are reached by a tunnel, and whether it is there. */
#ifndef PARENT_TUNNELS_H
#define PARENT_TUNNELS_H

struct json_t;
struct parent;
struct parent_child;
struct parent_plan;

/* Which there are in its settings. 0 or -ENOMEM. */
[[nodiscard]] int parent_tunnels_prepare(struct parent_plan *plan);
/* For the plan in force; old: the one before, or NULL. Workers are told when they are configured.
 */
void parent_tunnels_begin(struct parent *p, const struct parent_plan *old);
void parent_tunnels_end(struct parent *p);
void parent_tunnels_send(struct parent *p, struct parent_child *worker);
void parent_tunnels_free(struct parent_plan *plan);
struct json_t *parent_tunnels_json(const struct parent *p);
void parent_tunnels_warn(const struct parent *p, struct json_t *warnings);

#endif
