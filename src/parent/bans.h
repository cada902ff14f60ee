/* Who is not let in, as an operator or another node said; kept in state_dir. */
#ifndef PARENT_BANS_H
#define PARENT_BANS_H

#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>

struct json_t;
struct parent;
struct parent_child;

/* state_dir: has what was kept; NULL: not known. 0 or -ENOMEM. */
[[nodiscard]] int parent_bans_begin(struct parent *p, const char *state_dir);
void parent_bans_send(struct parent *p, struct parent_child *worker);
/* "SECONDS TARGET"; NULL, or why not. What is no address or network is a user's name. */
const char *parent_bans_put(struct parent *p, const char *text, bool *ret_is_user);
const char *parent_bans_lift(struct parent *p, const char *target);
/* Those of the cluster, all of them. */
void parent_bans_came(struct parent *p, struct slice text);
struct json_t *parent_bans_json(const struct parent *p);
size_t parent_bans_count(const struct parent *p);
/* Again and again: what is over goes. */
void parent_bans_tick(struct parent *p);

#endif
