/*
 * Asks the resolver process for this worker's capabilities. A resolver that died is asked again
 * when its successor is there: nobody notices but by the time it takes.
 */
#ifndef WORKER_RESOLVER_H
#define WORKER_RESOLVER_H

#include "policy/ask.h"

struct io_loop;
struct worker_resolver;

/* on_broken: its channel broke, though resolver lives: another is wanted. */
[[nodiscard]] int worker_resolver_new(struct worker_resolver **ret_r, struct io_loop *loop,
                                      void (*on_broken)(void *owner), void *owner);
/* Who still asks is not told. */
void worker_resolver_free(struct worker_resolver *r);
struct policy_asker *worker_resolver_asker(struct worker_resolver *r);
/* Takes fd: the channel to resolver, in place of the one before. */
[[nodiscard]] int worker_resolver_attach(struct worker_resolver *r, int fd);
/* Questions under way. */
size_t worker_resolver_pending(const struct worker_resolver *r);

#endif
