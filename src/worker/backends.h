/* What a worker has to tell of backends, and hears from the one that looks at them. */
#ifndef WORKER_BACKENDS_H
#define WORKER_BACKENDS_H

#include "base/slice.h"

struct edge_learner_fns;
struct edge_world;
struct proc_chan;

/* For edge_learner_new(), whose owner is the channel to the parent. */
extern const struct edge_learner_fns worker_backends_fns;

/* PROC_MSG_CAPS and PROC_MSG_LOOKED: another worker asked. 0 or -EPROTO. */
[[nodiscard]] int worker_backends_learnt(struct edge_world *world, struct slice payload);
[[nodiscard]] int worker_backends_looked(struct edge_world *world, struct slice payload);

/* PROC_MSG_LOADS. */
void worker_backends_loads(const struct edge_world *world, struct proc_chan *parent);

#endif
