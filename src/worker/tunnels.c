#include "worker/tunnels.h"

#include "base/clean.h"
#include "base/err.h"
#include "edge/edge.h"
#include "proc/tunnel.h"

#include <errno.h>
#include <stdlib.h>

int worker_tunnels_came(struct edge_pool *pool, struct slice payload)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	CLEAN(freep)
	struct tunnel_told *list = calloc(payload.len / PROC_TUNNEL_MIN + 1, sizeof(*list));
	size_t count = 0;
	if (!list)
		return err_raise(-ENOMEM);
	while (!proc_unpack_ends(&u))
		if (!proc_tunnel_unpack(&u, &list[count++]))
			return err_raise(-EPROTO);
	edge_pool_tunnels(pool, TAKE(list), count);
	return 0;
}
