/* The parts of a plan that are read of files. Inside of parent/plan*.c alone. */
#ifndef PARENT_PLAN_INSIDE_H
#define PARENT_PLAN_INSIDE_H

#include <stddef.h>

struct conf_settings;
struct parent;
struct parent_plan;

enum { PARENT_PLAN_PATH_CAP = 512 };

/* Of a certificate of the plan (conf/materials.h); the key's is parent_plan_key_path(). */
void parent_plan_chain_path(const struct conf_settings *s, size_t number, char *ret_path,
                            size_t cap);
/* A file of our own host's identity (identity/files.h). */
void parent_plan_node_path(const struct conf_settings *s, const char *what, char *ret_path,
                           size_t cap);

/* parent/plan_fill.c: all that plan->settings name; keys is given the keys. 0 or a negative; what
 * failed of the files is in plan->error. */
[[nodiscard]] int parent_plan_fill(struct parent *p, struct parent_plan *plan);

/* parent/plan_self_made.c: the certificate that port 25 shows where there is no other. 0 or
 * CONF_BAD. */
int parent_plan_self_made(struct parent *p, struct parent_plan *plan);
/* The keys process that was to make it died; there is another. */
void parent_plan_self_made_again(struct parent *p, struct parent_plan *plan);

#endif
