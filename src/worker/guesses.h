/*
 * Logins that failed here are told to the ledger, which counts those of all workers and nodes
 * (edge/throttle.h), and says how many there were. Nothing is waited for.
 */
#ifndef WORKER_GUESSES_H
#define WORKER_GUESSES_H

#include <stdbool.h>

struct edge_pool;
struct worker_guesses;
struct proc_teller;

/* Both outlive it. Off until worker_guesses_switch(). 0 or -ENOMEM. */
[[nodiscard]] int worker_guesses_new(struct worker_guesses **ret_g, struct edge_pool *pool,
                                     struct proc_teller *ledger);
/* NULL is fine. */
void worker_guesses_free(struct worker_guesses *g);
void worker_guesses_switch(struct worker_guesses *g, bool is_on);

#endif
