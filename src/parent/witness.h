/* The process that looks at what our ports serve. */
#ifndef PARENT_WITNESS_H
#define PARENT_WITNESS_H

#include "base/slice.h"

struct parent;
struct parent_child;

[[nodiscard]] int parent_witness_start(struct parent_child *c);
/* All workers have the plan in force, or there is another witness: it is told what to look at. */
void parent_witness_look(struct parent *p);
void parent_witness_saw(struct parent *p, struct slice payload);
/* Workers let it pass by what it shows them. */
void parent_witness_introduce(struct parent *p, struct parent_child *worker);
void parent_witness_end(struct parent *p);

#endif
