/* A configuration that is on its way from the parent, until START says that all of it is there. */
#ifndef WORKER_NEXT_H
#define WORKER_NEXT_H

#include "conf/materials.h"
#include "proc/chan.h"
#include "worker/listeners.h"

/* All zero is the start. */
struct worker_next {
	struct conf_settings *settings; /* NULL: nothing is on its way */
	struct conf_materials materials;
	struct worker_listeners listeners; /* number: edge, kind: is TLS from the first byte */
};

enum { WORKER_NEXT_BAD = 1 }; /* the configuration does not parse */

/*
 * CONFIG begins it anew; CHAIN, CATALOG, CA, TABLE and LISTENER are of it. Takes the message's fd.
 *
 * Returns 0, WORKER_NEXT_BAD, -EPROTO (what the parent never sends), or another negative.
 */
[[nodiscard]] int worker_next_take(struct worker_next *next, struct proc_msg *msg);

/* What nobody took out of it goes. */
void worker_next_clear(struct worker_next *next);

#endif
