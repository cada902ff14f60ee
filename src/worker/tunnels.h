/* What the parent says of tunnels, for the edges. */
#ifndef WORKER_TUNNELS_H
#define WORKER_TUNNELS_H

#include "base/slice.h"

struct edge_pool;

/* PROC_MSG_TUNNELS. 0 or a negative. */
[[nodiscard]] int worker_tunnels_came(struct edge_pool *pool, struct slice payload);

#endif
