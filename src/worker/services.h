/*
 * What listens in a worker beside its edges: the policy service. Sockets come from the parent and
 * count from the next START on, as those of edges do.
 */
#ifndef WORKER_SERVICES_H
#define WORKER_SERVICES_H

#include "conf/settings.h"
#include "proc/msg.h"

struct io_loop;
struct policy_asker;
struct worker_services;

[[nodiscard]] int worker_services_new(struct worker_services **ret_s, struct io_loop *loop,
                                      struct policy_asker *asker);
void worker_services_free(struct worker_services *s);
/* Takes fd: one that counts after the next start. 0, -EPROTO or -ENOMEM. */
[[nodiscard]] int worker_services_add(struct worker_services *s, struct slice payload, int fd);
/* What was added is forgotten. NULL is fine. */
void worker_services_clear(struct worker_services *s);
/* What was added takes the place of what was there. */
[[nodiscard]] int worker_services_start(struct worker_services *s, enum conf_dialect dialect);
/* No new connections; those that are there go on. */
void worker_services_stop(struct worker_services *s);

#endif
