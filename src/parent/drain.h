/* Workers that leave: of this build, and of the one before. */
#ifndef PARENT_DRAIN_H
#define PARENT_DRAIN_H

#include <stdbool.h>

struct parent;
struct parent_child;

void parent_worker_leave(struct parent *p, unsigned slot);
/* After drain_notice; called again: at once. */
void parent_drain(struct parent *p);
bool parent_child_is_serving(const struct parent_child *c); /* inherited and not told to drain */
void parent_old_workers_drain(struct parent *p);
/* The keys process of the build before ends with the last of its workers. */
void parent_old_keys_end(struct parent *p);

#endif
